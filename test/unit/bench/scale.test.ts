import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { makePages, withNumbers } from '../../../bench/scale/makePages.ts';
import {
  CPU_SECONDS,
  costOf,
  idleGbSeconds,
  LIMITS,
  MODES,
  mostUsers,
  PER_PART,
  PROCESS_PER_SECOND,
  USERS,
} from '../../../bench/scale/model.ts';
import { SHARDS } from '../../../shared/adapters/shards.ts';
import { EMPTY_PART, runOver } from '../../support/callBudgets.ts';

const read = (path: string) => readFileSync(new URL(`../../../docs/${path}`, import.meta.url), 'utf8');
const MONTH_SECONDS = 30 * 86_400;

describe('docs/scale.md', () => {
  const { images, lines } = makePages();

  it('has the numbers that npm run bench:scale writes', () => {
    const document = read('scale.md');
    expect(withNumbers(document, lines)).toBe(document);
  });

  it.each([...images.keys()])('has the image %s that npm run bench:scale draws', (name) => {
    expect(read(`images/${name}`)).toBe(images.get(name));
  });

  it('says of 16 units what the model says', () => {
    const document = read('scale.md').replaceAll('\n', ' ');
    const most = { warm: mostUsers('keep-warm'), every: mostUsers('every-run') };
    expect(Math.round(most.warm.sixteenProcesses / 1e6)).toBe(3);
    expect(document).toContain('16 units are enough up to about three million users');
    expect(Math.round(most.warm.oneProcess / 1e4)).toBe(19);
    expect(document).toContain('one process up to 190,000');
    expect(Math.round(most.every.sixteenProcesses / 1e3)).toBe(51);
    expect(Math.round(most.every.partition / 1e4)).toBe(24);
    expect(document).toContain('that is reached at 240,000 users');
  });
});

describe('the model', () => {
  it('asks storage as often as the budgets of a check allow', () => {
    const users = 1_000;
    const { table, blob } = runOver(users, SHARDS.length);
    const perCheck = (table - runOver(0, SHARDS.length).table + blob) / users;
    const { storagePerSecond: busy, checksPerSecond } = costOf(1_000_000, 'keep-warm');
    const { storagePerSecond: idle } = costOf(0, 'keep-warm');
    expect((busy - idle) / checksPerSecond).toBeCloseTo(perCheck, 1);
    expect(PER_PART.tableRequests).toBe(EMPTY_PART.table);
    // The page that ends the index comes on top in the budget.
    expect(idle * 60).toBeCloseTo(runOver(0, SHARDS.length).table - 1, 5);
  });

  it('has the same token requests in both modes, and sixty times the checks', () => {
    for (const users of USERS) {
      const [warm, every] = MODES.map((mode) => costOf(users, mode));
      expect(every?.tokensPerSecond).toBe(warm?.tokensPerSecond);
      expect((every?.checksPerSecond ?? 0) / (warm?.checksPerSecond ?? 1)).toBeCloseTo(60, 5);
    }
  });

  it('finds the number of users at which each limit is reached', () => {
    for (const mode of MODES) {
      const most = mostUsers(mode);
      expect(costOf(most.partition, mode).entitiesPerPartition).toBeCloseTo(LIMITS.partitionPerSecond, 3);
      expect(costOf(most.account, mode).storagePerSecond / LIMITS.accountPerSecond).toBeCloseTo(1, 2);
      expect(costOf(most.oneProcess * 0.99, mode).processes).toBe(1);
      expect(costOf(most.oneProcess * 1.01, mode).processes).toBe(2);
    }
  });

  it('takes for the CPU of a check what was measured', () => {
    const file = new URL('../../../bench/results/worker.json', import.meta.url);
    const { subjects } = JSON.parse(readFileSync(file, 'utf8')) as {
      subjects: { subject: string; cpuMs: { median: number } }[];
    };
    const measured = subjects.find(({ subject }) => subject === 'stead')?.cpuMs.median ?? 0;
    expect(CPU_SECONDS * 1_000).toBeCloseTo(measured, 1);
    const document = read('scale.md').replaceAll('\n', ' ');
    expect(document).toContain(`a check takes ${(CPU_SECONDS * 1_000).toFixed(1)} ms of it`);
    expect(document).toContain(
      `so a core does ${Math.floor(1 / CPU_SECONDS)} in a second and the 16 slots do ${PROCESS_PER_SECOND}`,
    );
    const byThreads = ((1 / CPU_SECONDS) * (50 / 60) * SHARDS.length * 3_600) / 1e6;
    expect(document).toContain(`about ${byThreads.toFixed(1)} million users`);
  });

  it('says of a unit of work what was measured', () => {
    const file = new URL('../../../bench/results/unit.json', import.meta.url);
    const { users, model, measured } = JSON.parse(readFileSync(file, 'utf8')) as {
      users: number;
      model: number;
      measured: { checksPerSecond: number }[];
    };
    const [one, all] = measured.map(({ checksPerSecond }) => checksPerSecond.toFixed(1));
    expect(read('scale.md').replaceAll('\n', ' ')).toContain(
      `With ${users.toLocaleString('en')} users, on two cores: one shard ${one} checks a second and all of them ${all}, where the model says ${model}.`,
    );
  });

  it('bills a second for each run, and what is free only once', () => {
    expect(idleGbSeconds(2)).toBe((MONTH_SECONDS / 60) * 2);
    expect(costOf(0, 'keep-warm').gbSeconds).toBe(86_400);
    expect(costOf(0, 'keep-warm').usd.functions).toBe(0);
  });
});
