import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { shardOf } from '../../../../shared/adapters/shards.ts';
import type { Clock } from '../../../../shared/clock.ts';
import { UserTokenError } from '../../../../shared/errors.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import { createTestClock, type TestClock } from '../../../../shared/testing/testClock.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { toUserId, type UserId } from '../../../../shared/userId.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { createPace } from '../../../../shared/worker/pace.ts';
import { plan } from '../../../../shared/worker/plan.ts';
import { RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { sweepPart } from '../../../../shared/worker/splitRun.ts';
import { sweep } from '../../../../shared/worker/sweep.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { createTestApp } from '../../../support/testApp.ts';
import { ago, dueAccount, NOW, tokenOf, workerOverTwins } from './workerOverTwins.ts';

/** When each of these turns comes, in milliseconds. */
async function turnsOf(
  perSecond: number,
  share: number,
  tenants: string[],
): Promise<Record<string, number[]>> {
  const clock = createTestClock();
  const pace = createPace(clock, perSecond, share);
  const turns: Record<string, number[]> = {};
  const note = (tid: string) => {
    turns[tid] = [...(turns[tid] ?? []), clock.elapsed()];
  };
  for (const tid of tenants) {
    if (pace.take(tid)) note(tid);
    else void pace.wait(tid, { forMs: 60_000, isUrgent: false }).then(() => note(tid));
  }
  await passOn(clock, 10_000);
  return turns;
}

/** Time passes in small steps, and whoever is woken acts before the next one. */
async function passOn(clock: TestClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    await nextTurn();
    clock.advance(10);
  }
  await nextTurn();
}

describe('the pace of a run', () => {
  it('is none with 0', async () => {
    expect(await turnsOf(0, 16, ['a', 'a', 'a'])).toEqual({ a: [0, 0, 0] });
  });

  it('spaces the requests of one tenant, and holds no other tenant up', async () => {
    expect(await turnsOf(10, 1, ['a', 'a', 'b', 'a', 'b'])).toEqual({ a: [0, 100, 200], b: [0, 100] });
  });

  it('of a part is its share: 16 parts together send as many as one run would', async () => {
    expect(await turnsOf(8, 16, ['a', 'a', 'a'])).toEqual({ a: [0, 2_000, 4_000] });
  });

  it('of parts that begin together has no two of them ask at once', async () => {
    const clock = createTestClock();
    const turns: number[] = [];
    for (let part = 0; part < 16; part += 1) {
      const pace = createPace(clock, 4, 16, part / 16);
      for (let user = 0; user < 2; user += 1) {
        if (pace.take('a')) turns.push(clock.elapsed());
        else void pace.wait('a', { forMs: 60_000, isUrgent: false }).then(() => turns.push(clock.elapsed()));
      }
    }
    await passOn(clock, 8_000);
    expect(turns).toEqual(Array.from({ length: 32 }, (_, turn) => turn * 250));
  });

  it('makes a part wait for its first request from its beginning, and not from the first user of each tenant', () => {
    const clock = createTestClock();
    const pace = createPace(clock, 4, 16, 0.5);
    expect([pace.take('a'), pace.waitMs('a')]).toEqual([false, 2_000]);
    clock.advance(2_000);
    expect(pace.take('b')).toBe(true);
  });

  it('lets nobody save turns up', () => {
    const clock = createTestClock();
    const pace = createPace(clock, 1, 1);
    expect(pace.take('a')).toBe(true);
    clock.advance(60_000);
    expect([pace.take('a'), pace.take('a')]).toEqual([true, false]);
  });

  it('lets an urgent request go first, and nobody go before those that wait', async () => {
    const clock = createTestClock();
    const pace = createPace(clock, 1, 1);
    const order: string[] = [];
    pace.take('a');
    for (const [name, isUrgent] of [
      ['first', false],
      ['second', false],
      ['urgent', true],
      ['urgent, later', true],
    ] as const) {
      void pace.wait('a', { forMs: 60_000, isUrgent }).then(() => order.push(name));
    }
    expect(pace.waitMs('a')).toBe(5_000);
    await passOn(clock, 1_000);
    expect(pace.take('a')).toBe(false);
    await passOn(clock, 5_000);
    expect(order).toEqual(['urgent', 'urgent, later', 'first', 'second']);
  });

  it('says how long a turn that is left to a later run has to wait, behind the others', () => {
    const pace = createPace(createTestClock(), 2, 1);
    pace.take('a');
    expect([pace.leave('a'), pace.leave('a'), pace.leave('b')]).toEqual([500, 1_000, 0]);
  });

  it('gives up after the time that is left', async () => {
    const clock = createTestClock();
    const pace = createPace(clock, 1, 1);
    pace.take('a');
    const waits = [300, 2_000].map((forMs) => pace.wait('a', { forMs, isUrgent: false }));
    await passOn(clock, 2_000);
    expect(await Promise.all(waits)).toEqual([false, true]);
  });

  it('ends with the signal, and takes no turn then', async () => {
    const clock = createTestClock();
    const pace = createPace(clock, 1, 1);
    const ending = new AbortController();
    pace.take('a');
    const waits = pace.wait('a', { forMs: 60_000, isUrgent: false, signal: ending.signal });
    ending.abort(new DOMException('over', 'AbortError'));
    await expect(waits).rejects.toThrow('over');
    await expect(pace.wait('a', { forMs: 60_000, isUrgent: true, signal: ending.signal })).rejects.toThrow();
    clock.advance(1_000);
    expect(pace.take('a')).toBe(true);
  });
});

describe('a part of a run', () => {
  it('asks the token endpoint at its share of the rate', async () => {
    const pauses: number[] = [];
    let elapsed = 0;
    // Time passes only while somebody waits for it.
    const clock: Clock = clockOf(() => NOW, {
      elapsed: () => elapsed,
      after(ms, act) {
        if (ms < 10_000) {
          pauses.push(ms);
          queueMicrotask(() => {
            elapsed += ms;
            act();
          });
        }
        return () => undefined;
      },
    });
    const worker = workerOverTwins();
    const app = createTestApp({
      clock,
      accounts: worker.accounts,
      tokenRequests: '4',
      userTokens: {
        onBehalfOf: () => Promise.reject(new Error('not expected')),
        async silent(_operation, { waitToAsk }) {
          await waitToAsk?.();
          return tokenOf();
        },
      },
    });
    const tid = '0ba8ac9d-87b2-4ac0-a8a6-7c15e1295179';
    const users = Array.from({ length: 100 }, (_, n) =>
      toUserId({ tid, oid: `${100 + n}00000-0000-4000-8000-000000000000` }),
    )
      .filter((userId) => shardOf(userId) === '0')
      .slice(0, 3);
    for (const userId of users) await worker.create(dueAccount({ userId }));
    const part = { v: 1, runId: '00000000-0000-4000-8000-000000000000', shard: '0', share: 8 };
    const deadline = new Date(NOW.getTime() + 30_000).toISOString();
    const swept = await sweepPart(
      app,
      { log: () => undefined },
      [],
      { ...part, deadline },
      { ...RUN_LIMITS, concurrency: 1 },
    );
    expect(swept).toMatchObject({ refreshed: 3 });
    // 4 requests a second over 8 parts are one in two seconds for this one.
    expect(pauses).toEqual([2_000, 2_000]);
  });
});

describe('a run with a tenant that has more users than turns', () => {
  const TENANT_A = '0ba8ac9d-87b2-4ac0-a8a6-7c15e1295179';
  const userOf = (tid: string, n: number): UserId =>
    toUserId({ tid, oid: `${String(n).padStart(8, '0')}-0000-4000-8000-000000000000` });
  const usersOfA = Array.from({ length: 60 }, (_, n) => userOf(TENANT_A, n));
  const others = Array.from({ length: 40 }, (_, n) =>
    userOf(`${String(n).padStart(8, '0')}-aaaa-4ac0-a8a6-7c15e1295179`, n),
  );

  /** Each user with one more token for a task, if `more`. Everybody of A has waited longer than the others. */
  async function begin({ more = false, waits = async () => undefined as unknown } = {}) {
    const clock = createTestClock({ startAt: NOW });
    const accounts = createMemoryAccountStore({ clock });
    const asked: { userId: UserId; at: number }[] = [];
    const app = createTestApp({
      clock,
      accounts,
      tokenRequests: '1',
      userTokens: {
        onBehalfOf: () => Promise.reject(new Error('not expected')),
        async silent(_operation, { userId, waitToAsk }) {
          // MSAL says nothing of why a request was not sent.
          await waitToAsk?.().catch(() => {
            throw new UserTokenError({ kind: 'transient', code: 'network' });
          });
          asked.push({ userId, at: clock.elapsed() });
          await waits();
          return tokenOf();
        },
      },
    });
    for (const userId of usersOfA) await accounts.create(dueAccount({ userId, nextCheckAt: ago(3_600_000) }));
    for (const userId of others) await accounts.create(dueAccount({ userId }));
    const events: LogEvent[] = [];
    const operation = { log: (event: LogEvent) => void events.push(event) };
    const api = defineApi({ name: 'notes', resource: 'api://notes', baseUrl: 'https://notes.example' });
    const task = defineTask({
      name: 'more',
      api,
      scopes: ['api://notes/Notes.Read'],
      run: async () => undefined,
    });
    const tasks = more ? [task] : [];
    const run = async () => {
      const planned = await plan(app, operation);
      const swept = sweep(app, operation, tasks, planned, RUN_LIMITS);
      let hasEnded = false;
      void swept.finally(() => {
        hasEnded = true;
      });
      while (!hasEnded) await passOn(clock, 100);
      return swept;
    };
    const askedBy = (users: readonly UserId[]) => asked.filter(({ userId }) => users.includes(userId));
    return { clock, accounts, events, run, askedBy };
  }

  it('checks the users of other tenants at once', async () => {
    const { run, askedBy } = await begin();
    await run();
    expect(askedBy(others).map(({ at }) => at)).toEqual(Array(others.length).fill(0));
  });

  it('uses each turn of its own, and leaves the others to the run in which theirs come', async () => {
    const { clock, accounts, events, run, askedBy } = await begin();
    const summary = await run();
    const turns = askedBy(usersOfA).map(({ at }) => at);
    expect(turns).toEqual(Array.from({ length: 50 }, (_, n) => n * 1_000));
    expect(summary).toMatchObject({ refreshed: 90, waiting: 10, failed: {}, stoppedBy: 'done' });
    expect(events).toContainEqual({ event: 'sweep.no-turn', count: 10 });
    const left = [];
    for await (const account of accounts.list()) {
      if (account.state === 'damaged') continue;
      expect(account.lease).toBeUndefined();
      if (account.nextCheckAt.getTime() < NOW.getTime() + 120_000) left.push(account.nextCheckAt.getTime());
    }
    const due = left.map((at) => (at - NOW.getTime()) / 1_000).sort((one, other) => one - other);
    expect(due).toEqual([50, 51, 52, 53, 54, 55, 56, 57, 58, 59]);

    await passOn(clock, 60_000 - clock.elapsed());
    expect(await run()).toMatchObject({ refreshed: 10, waiting: 0 });
    expect(new Set(askedBy(usersOfA).map(({ userId }) => userId)).size).toBe(usersOfA.length);
  });

  it('gives a user whose check has begun the turns for tasks first', async () => {
    const { run, askedBy } = await begin({ more: true });
    expect(await run()).toMatchObject({ tasks: { failed: 0 } });
    const users = askedBy(usersOfA).map(({ userId }) => userId);
    const twice = [...new Set(users)].filter((userId) => users.filter((one) => one === userId).length === 2);
    // Each of them asks twice, so half as many are checked.
    expect(twice.length).toBeGreaterThanOrEqual(24);
    expect(new Set(users).size - twice.length).toBeLessThanOrEqual(1);
  });

  it.each([
    ['512 checks in the line, and those in the slots', 16, 528],
    ['64 checks in the line, and those in the slots', 2, 66],
  ])('holds no more checks than %s, and uses each turn all the same', async (_, concurrency, atMost) => {
    const clock = createTestClock({ startAt: NOW });
    const accounts = createMemoryAccountStore({ clock });
    let [held, most] = [0, 0];
    const app = createTestApp({
      clock,
      accounts,
      tokenRequests: '100',
      userTokens: {
        onBehalfOf: () => Promise.reject(new Error('not expected')),
        async silent(_operation, { waitToAsk }) {
          held += 1;
          most = Math.max(most, held);
          await waitToAsk?.();
          held -= 1;
          return tokenOf();
        },
      },
    });
    for (let n = 0; n < 1_000; n += 1) await accounts.create(dueAccount({ userId: userOf(TENANT_A, n) }));
    const operation = { log: () => undefined };
    const swept = sweep(app, operation, [], await plan(app, operation), { ...RUN_LIMITS, concurrency });
    let hasEnded = false;
    void swept.finally(() => {
      hasEnded = true;
    });
    while (!hasEnded) await passOn(clock, 100);
    expect(await swept).toMatchObject({ refreshed: 1_000, waiting: 0 });
    expect(most).toBeGreaterThanOrEqual(atMost - concurrency);
    expect(most).toBeLessThanOrEqual(atMost + 16);
    expect(clock.elapsed()).toBeLessThanOrEqual(12_000);
  });

  it('never does more checks at once than it has slots', async () => {
    let [running, most] = [0, 0];
    const { run } = await begin({
      async waits() {
        running += 1;
        most = Math.max(most, running);
        for (let n = 0; n < 300; n += 1) await nextTurn();
        running -= 1;
      },
    });
    await run();
    expect(most).toBe(RUN_LIMITS.concurrency);
  });
});
