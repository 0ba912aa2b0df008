import { describe, expect, it } from 'vitest';
import { shardOf } from '../../../../shared/adapters/shards.ts';
import type { Clock } from '../../../../shared/clock.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { createPace } from '../../../../shared/worker/pace.ts';
import { RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { sweepPart } from '../../../../shared/worker/splitRun.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { createTestApp } from '../../../support/testApp.ts';
import { dueAccount, NOW, tokenOf, workerOverTwins } from './workerOverTwins.ts';

/** When each of these turns comes, in milliseconds. */
async function turnsOf(
  perSecond: number,
  share: number,
  tenants: string[],
): Promise<Record<string, number[]>> {
  const clock = createTestClock();
  const begun = clock.elapsed();
  const pace = createPace(clock, perSecond, share);
  const turns: Record<string, number[]> = {};
  for (const tid of tenants) {
    void pace.take(tid).then(() => {
      turns[tid] = [...(turns[tid] ?? []), clock.elapsed() - begun];
    });
  }
  for (let ms = 0; ms <= 10_000; ms += 10) {
    await Promise.resolve();
    await Promise.resolve();
    clock.advance(10);
  }
  return turns;
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

  it('lets nobody save turns up', async () => {
    const clock = createTestClock();
    const pace = createPace(clock, 1, 1);
    await pace.take('a');
    clock.advance(60_000);
    await pace.take('a');
    const next = Promise.race([pace.take('a').then(() => 'sent'), Promise.resolve('waits')]);
    expect(await next).toBe('waits');
  });

  it('ends with the signal', async () => {
    const pace = createPace(createTestClock(), 1, 1);
    const ending = new AbortController();
    await pace.take('a');
    const taken = pace.take('a', ending.signal);
    ending.abort(new DOMException('over', 'AbortError'));
    await expect(taken).rejects.toThrow('over');
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
