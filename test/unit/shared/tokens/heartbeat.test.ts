import { describe, expect, it } from 'vitest';
import { createMemorySharedState } from '../../../../shared/adapters/memory/memorySharedState.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import {
  createCallForRun,
  createHeartbeat,
  type Heartbeat,
  isFreshTicket,
  NoAddressError,
} from '../../../../shared/tokens/heartbeat.ts';
import { SUMMARY } from '../../../support/sharedStateContract.ts';
import { createTestApp } from '../../../support/testApp.ts';

const MINUTE = 60_000;
const NOW = new Date('2026-11-29T10:00:00.000Z');

function setUp({ status = async () => 200 }: { status?: () => Promise<number> } = {}) {
  const clock = createTestClock({ startAt: NOW });
  const sharedState = createMemorySharedState({ clock });
  const { linkSealer } = createTestApp();
  const events: LogEvent[] = [];
  const tickets: string[] = [];
  let reads = 0;
  const newProcess = () =>
    createHeartbeat({
      clock,
      linkSealer,
      sharedState: {
        ...sharedState,
        silentSince() {
          reads += 1;
          return sharedState.silentSince();
        },
      },
      callForRun(ticket) {
        tickets.push(ticket);
        return status();
      },
    });
  const visitIn = async (heartbeat: Heartbeat) => {
    if (heartbeat.isDue()) await heartbeat.beat({ log: (event) => void events.push(event) });
  };
  const heartbeat = newProcess();
  const visit = () => visitIn(heartbeat);
  const visitInNewProcess = () => visitIn(newProcess());
  return { clock, sharedState, linkSealer, events, tickets, visit, visitInNewProcess, reads: () => reads };
}

describe('a visit', () => {
  it('calls for a run if none has ended for five minutes, and not before', async () => {
    const { clock, sharedState, tickets, events, visit } = setUp();
    await sharedState.runEnded(SUMMARY);
    clock.advance(5 * MINUTE - 1);
    await visit();
    expect([tickets.length, events]).toEqual([0, []]);
    clock.advance(MINUTE);
    await visit();
    expect(tickets).toHaveLength(1);
    expect(events).toEqual([{ event: 'worker.silent', ms: 6 * MINUTE - 1 }]);
  });

  it('reads when the last run ended at most once a minute, however many visits there are', async () => {
    const { clock, sharedState, visit, reads } = setUp();
    await sharedState.runEnded(SUMMARY);
    for (let times = 0; times < 60; times += 1) {
      await Promise.all([visit(), visit()]);
      clock.advance(1_000);
    }
    expect(reads()).toBe(1);
    await visit();
    expect(reads()).toBe(2);
  });

  it('gives a new deployment five minutes for its first run', async () => {
    const { clock, tickets, visit } = setUp();
    await visit();
    clock.advance(5 * MINUTE - 1);
    await visit();
    expect(tickets).toHaveLength(0);
    clock.advance(MINUTE);
    await visit();
    expect(tickets).toHaveLength(1);
  });

  it('calls for the first run although no process lives for five minutes', async () => {
    const { clock, tickets, visitInNewProcess } = setUp();
    await visitInNewProcess();
    clock.advance(5 * MINUTE - 1);
    await visitInNewProcess();
    expect(tickets).toHaveLength(0);
    clock.advance(1);
    await visitInNewProcess();
    expect(tickets).toHaveLength(1);
  });

  it('calls although a wrong clock has left a time that is far ahead', async () => {
    const { clock, sharedState, tickets, visit } = setUp();
    clock.advance(60 * MINUTE);
    await sharedState.runEnded(SUMMARY);
    clock.advance(-60 * MINUTE);
    await visit();
    expect(tickets).toHaveLength(1);
  });

  it('does not wait for the run', async () => {
    const { clock, tickets, visit } = setUp({ status: () => new Promise(() => undefined) });
    await visit();
    clock.advance(5 * MINUTE);
    await visit();
    expect(tickets).toHaveLength(1);
  });

  it.each<[string, () => Promise<number>, string]>([
    ['refused', async () => 404, 'http_404'],
    ['lost', () => Promise.reject(new TypeError('no network')), 'TypeError'],
  ])('tells of the call before, which was %s', async (_, status, error) => {
    const { clock, events, visit } = setUp({ status });
    await visit();
    clock.advance(5 * MINUTE);
    await visit();
    expect(events).toEqual([{ event: 'worker.silent', ms: 5 * MINUTE }]);
    clock.advance(MINUTE);
    await visit();
    expect(events.at(-1)).toEqual({ event: 'worker.silent', ms: 6 * MINUTE, error });
  });

  it('gets its answer although the last run cannot be read', async () => {
    const { sharedState, events, tickets, visit } = setUp();
    sharedState.silentSince = () => Promise.reject(new UnavailableError('accounts'));
    await visit();
    expect(events).toEqual([{ event: 'sweep.last-run-not-read', error: 'UnavailableError' }]);
    expect(tickets).toHaveLength(0);
  });

  it.each([
    [undefined, 'this app does not know its own address'],
    ['app.example', 'what it takes for its own address is no URL'],
    ['http://app.example/api/worker/run', 'its own address is not https'],
  ])('says once and in words that it cannot call %s', async (url, reason) => {
    const { clock, sharedState, linkSealer } = setUp();
    const callForRun = createCallForRun(() => url, {
      clock,
      fetch: () => expect.fail('It was called.'),
    });
    const heartbeat = createHeartbeat({ clock, sharedState, linkSealer, callForRun });
    await sharedState.runEnded(SUMMARY);
    const events: LogEvent[] = [];
    for (let minute = 0; minute < 10; minute += 1) {
      clock.advance(MINUTE);
      expect(heartbeat.isDue()).toBe(true);
      await heartbeat.beat({ log: (event) => void events.push(event) });
    }
    const { remedy } = new NoAddressError(reason);
    expect(events).toEqual([{ event: 'worker.no-address', remedy }]);
    expect(remedy).toContain('WEBSITE_HOSTNAME');
    expect(remedy).not.toContain('http:');
  });

  it('never calls if nobody can be called', () => {
    const { clock, sharedState, linkSealer } = setUp();
    const heartbeat = createHeartbeat({ clock, sharedState, linkSealer });
    expect(heartbeat.isDue()).toBe(false);
  });
});

describe('a ticket', () => {
  it('is fresh for two minutes, and holds nothing of the visit', async () => {
    const { clock, sharedState, linkSealer, tickets, visit } = setUp();
    await sharedState.runEnded(SUMMARY);
    clock.advance(5 * MINUTE);
    await visit();
    const content = (await linkSealer.open('run', tickets[0] ?? '')) ?? {};
    const at = clock.now();
    expect(content).toEqual({ until: at.getTime() + 2 * MINUTE });
    expect(isFreshTicket(content, at)).toBe(true);
    expect(isFreshTicket(content, new Date(at.getTime() + 2 * MINUTE + 1))).toBe(false);
  });

  it.each([
    [{}],
    [{ until: 'soon' }],
    [{ until: Number.NaN }],
    [{ until: NOW.getTime() + 5 * MINUTE }],
  ])('is none with %j', (content) => {
    expect(isFreshTicket(content, NOW)).toBe(false);
  });
});

describe('the call', () => {
  const sent: [string, RequestInit | undefined][] = [];
  const callOf = (url: string | undefined) =>
    createCallForRun(() => url, {
      clock: createTestClock(),
      fetch: async (address, init) => {
        sent.push([String(address), init]);
        return Response.json({ ran: true });
      },
    })('a.ticket');

  it.each([
    'https://app.example/api/worker/run',
    'http://localhost:7071/api/worker/run',
  ])('sends the ticket to %s, and follows nobody elsewhere', async (url) => {
    expect(await callOf(url)).toBe(200);
    const [address, init] = sent.at(-1) ?? [];
    expect(address).toBe(url);
    expect(init).toMatchObject({ method: 'POST', redirect: 'error' });
    expect(init?.headers).toEqual({ authorization: 'Run a.ticket' });
  });

  it.each(['http://app.example/api/worker/run', 'app.example', '', undefined])('is not sent to %s', (url) => {
    const before = sent.length;
    expect(() => callOf(url)).toThrow(NoAddressError);
    expect(sent).toHaveLength(before);
  });
});
