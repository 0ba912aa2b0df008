import { describe, expect, it } from 'vitest';
import type { AlikeChecks } from '../../../../shared/account/account.ts';
import {
  EMPTY_MEMORY,
  MAX_MEMORY_BYTES,
  openMemory,
  sealMemory,
  type TaskMemory,
  toldIn,
  withoutForgotten,
  withTold,
} from '../../../../shared/account/taskMemory.ts';
import { toRow } from '../../../../shared/adapters/azureStorage/accountRow.ts';
import { createMemorySealer } from '../../../../shared/adapters/entra/seal.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import { sampleActive } from '../../../support/sampleAccount.ts';

const DAY = 86_400_000;
const NOW = new Date('2026-11-20T08:20:00.000Z');
const ago = (ms: number) => new Date(NOW.getTime() - ms);
const keyOf = (kid: string) => ({ kid, secret: new Uint8Array(32).fill(kid.length) });

function memoryUnderTest(kid = 'key') {
  const events: LogEvent[] = [];
  const services = { memorySealer: createMemorySealer([keyOf(kid)]), logId: () => 'log-id' };
  const log = (event: LogEvent) => void events.push(event);
  return {
    services,
    events,
    open: (account: Parameters<typeof openMemory>[2]) => openMemory(services, log, account),
  };
}

const { memory: _, ...account } = sampleActive();
const MEMORY: TaskMemory = {
  tasks: { 'drive-changes': { at: NOW, state: { link: 'https://graph/delta?token=1' } }, daily: { at: NOW } },
  told: [{ at: NOW, task: 'drive-changes', count: 2, summary: 'Two files "changed"' }],
};

describe('what tasks told', () => {
  const entry = (first: number, last: number, task = 'drive-changes'): AlikeChecks => ({
    first: ago(first),
    last: ago(last),
    times: 1,
    outcome: 'refreshed',
    tasks: [{ task, outcome: 'done', last: ago(last), times: 1 }],
  });

  it('adds up when two entries become one, and the last summary stays', () => {
    const told = [
      { at: ago(3 * DAY), task: 'drive-changes', count: 2, summary: 'two' },
      { at: ago(2 * DAY), task: 'drive-changes', count: 3, summary: 'three' },
      { at: ago(DAY), task: 'drive-changes', count: 5 },
    ];
    expect(toldIn([entry(3 * DAY, 2 * DAY), entry(DAY, 0)], told)).toEqual([
      { at: ago(3 * DAY), task: 'drive-changes', count: 5, summary: 'three' },
      { at: ago(DAY), task: 'drive-changes', count: 5 },
    ]);
  });

  it('is left out if no entry has its task', () => {
    const told = [{ at: ago(DAY), task: 'drive-changes', count: 2 }];
    expect(toldIn([entry(2 * DAY, 0, 'another')], told)).toEqual([]);
    expect(toldIn([entry(DAY / 2, 0)], told)).toEqual([]);
  });
});

describe('what tasks remember', () => {
  it('is the same after it was sealed', async () => {
    const { services, open, events } = memoryUnderTest();
    const memory = await sealMemory(services, account, MEMORY);
    expect(await open({ ...account, ...(memory && { memory }) })).toEqual(MEMORY);
    expect(events).toEqual([]);
  });

  it('is nothing if there is nothing', async () => {
    const { services, open, events } = memoryUnderTest();
    expect(await sealMemory(services, account, EMPTY_MEMORY)).toBeUndefined();
    expect(await open(account)).toEqual(EMPTY_MEMORY);
    expect(events).toEqual([]);
  });

  it('is empty, and logged without a word of it, if it is of an earlier connection', async () => {
    const { services, open, events } = memoryUnderTest();
    const memory = (await sealMemory(services, account, MEMORY)) ?? '';
    expect(await open({ ...account, generation: 'the next one', memory })).toEqual(EMPTY_MEMORY);
    expect(events).toEqual([{ event: 'memory.not-read', user: 'log-id', why: 'superseded' }]);
  });

  it('is empty, and logged, if its key is gone', async () => {
    const memory = (await sealMemory(memoryUnderTest('other').services, account, MEMORY)) ?? '';
    const { open, events } = memoryUnderTest();
    expect(await open({ ...account, memory })).toEqual(EMPTY_MEMORY);
    expect(events).toEqual([{ event: 'memory.not-read', user: 'log-id', why: 'unknown-key', kid: 'other' }]);
  });

  it.each(['', 'nothing sealed', '{}'])('is empty, and logged, if it was replaced by %j', async (memory) => {
    const { open, events } = memoryUnderTest();
    expect(await open({ ...account, memory })).toEqual(EMPTY_MEMORY);
    expect(events).toMatchObject([{ why: 'corrupt' }]);
  });

  it.each([
    'no JSON',
    '[]',
    '{"tasks":7,"told":{}}',
    '{"tasks":{"a":{"at":"soon"},"b":null},"told":[null,{"at":"x"},{"at":7,"task":"a"}]}',
  ])('leaves out what a later version may have meant by %s', async (text) => {
    const { services, open } = memoryUnderTest();
    const memory = await services.memorySealer.seal(account.userId, text, account.generation);
    expect(await open({ ...account, memory })).toEqual(EMPTY_MEMORY);
  });

  it('fits its column however much was told, and keeps what was told last', async () => {
    const { services, open } = memoryUnderTest('k'.repeat(64));
    const told = Array.from({ length: 400 }, (_, n) => ({
      at: new Date(NOW.getTime() + n),
      task: 'a'.repeat(40),
      summary: '"漢🙂'.repeat(60),
    }));
    const memory = (await sealMemory(services, account, { tasks: MEMORY.tasks, told })) ?? '';
    expect(String(toRow({ ...account, memory }).memory).length).toBeLessThan(32_000);
    const opened = await open({ ...account, memory });
    expect(opened.tasks).toEqual(MEMORY.tasks);
    expect(opened.told.length).toBeGreaterThan(5);
    expect(opened.told).toEqual(told.slice(-opened.told.length));
    expect(MAX_MEMORY_BYTES).toBeLessThan(24_000);
  });

  it('is forgotten with the entry of the history that it belongs to', () => {
    const check = (first: Date, task: string): AlikeChecks => ({
      first,
      last: NOW,
      times: 3,
      outcome: 'refreshed',
      tasks: [{ task, outcome: 'done', last: NOW, times: 2 }],
    });
    const known = new Set(['drive-changes', 'daily']);
    const kept = (...checks: AlikeChecks[]) => withoutForgotten(MEMORY, known, checks, NOW);
    expect(kept(check(ago(1), 'other'), check(NOW, 'drive-changes'))).toEqual(MEMORY);
    expect(kept(check(NOW, 'daily'))).toEqual({ ...MEMORY, told: [] });
    expect(kept({ ...check(ago(2), 'drive-changes'), last: ago(1) }).told).toEqual([]);
  });

  it('adds up the counts of an entry, and keeps what was said last', () => {
    const tell = (memory: TaskMemory, at: Date, ...latest: Parameters<typeof withTold>[2]) =>
      withTold(memory, at, latest);
    const first = tell(
      EMPTY_MEMORY,
      ago(9),
      { task: 'a', count: 2, summary: 'Two' },
      { task: 'b', summary: 'B' },
    );
    const second = tell(first, ago(9), { task: 'a', count: 3 });
    const third = tell(second, ago(9), { task: 'a', summary: 'None' });
    expect(third.told).toEqual([
      { at: ago(9), task: 'b', summary: 'B' },
      { at: ago(9), task: 'a', count: 5, summary: 'None' },
    ]);
    expect(tell(third, NOW, { task: 'a', count: 1 }).told).toEqual([
      ...third.told,
      { at: NOW, task: 'a', count: 1 },
    ]);
  });

  it('of a task that this process does not know is kept for 30 days, because another release may know it', () => {
    const memory = {
      tasks: {
        old: { at: ago(29 * DAY) },
        gone: { at: ago(31 * DAY) },
        // A wrong clock wrote it.
        ahead: { at: ago(-9_999 * DAY) },
        known: { at: ago(99 * DAY) },
      },
      told: [],
    };
    const { tasks } = withoutForgotten(memory, new Set(['known']), [], NOW);
    expect(Object.keys(tasks)).toEqual(['old', 'known']);
  });
});
