import { describe, expect, it } from 'vitest';
import type { AccountStore } from '../../../../shared/accountStore.ts';
import type { SharedState } from '../../../../shared/sharedState.ts';
import { someUserOf } from '../../../support/sampleAccount.ts';
import { ago, dueAccount, NOW, workerOverTwins } from './workerOverTwins.ts';

const SECOND = 1_000;

/** A plan over accounts of these shards, with the events that it logged. */
async function planOf(
  due: [shard: string, dueAt: Date][],
  different: Partial<AccountStore & SharedState> = {},
  signal?: AbortSignal,
) {
  const worker = workerOverTwins();
  for (const [shard, nextCheckAt] of due) {
    await worker.create(dueAccount({ userId: someUserOf(shard), nextCheckAt }));
  }
  Object.assign(worker.accounts, different);
  Object.assign(worker.sharedState, different);
  return { planned: await worker.plan(signal), events: worker.events };
}

describe('plan', () => {
  it('names the shards in which something is due, the longest wait first', async () => {
    const due: [string, Date][] = [
      ['3', ago(60 * SECOND)],
      ['7', ago(600 * SECOND)],
      ['7', ago(5 * SECOND)],
      ['a', ago(120 * SECOND)],
      ['c', ago(-60 * SECOND)],
    ];
    const { planned, events } = await planOf(due);
    expect(planned).toEqual({
      begunAt: NOW,
      shards: [
        { shard: '7', dueSince: ago(600 * SECOND) },
        { shard: 'a', dueSince: ago(120 * SECOND) },
        { shard: '3', dueSince: ago(60 * SECOND) },
      ],
      shardsFailed: 0,
      retireAtMost: 20,
      audit: { accounts: 0, connected: 0 },
    });
    expect(events).toEqual([]);
  });

  it('asks all shards before the first has answered', async () => {
    const asked = new Set<string>();
    let answer = (_: undefined) => {};
    const first = new Promise<undefined>((resolve) => {
      answer = resolve;
    });
    const { planned } = await planOf([], {
      shards: ['0', '1', '2'],
      dueSince(shard) {
        asked.add(shard);
        if (asked.size === 3) answer(undefined);
        return first;
      },
    });
    expect([...asked]).toEqual(['0', '1', '2']);
    expect(planned.shards).toEqual([]);
  });

  it('goes on without a shard that cannot be read, counts it and names it in the log', async () => {
    const { planned, events } = await planOf([], {
      dueSince: async (shard) => {
        if (shard === '2') throw new TypeError('the store has an outage');
        return shard === '5' ? ago(60 * SECOND) : undefined;
      },
    });
    const shards = [{ shard: '5', dueSince: ago(60 * SECOND) }];
    expect(planned).toMatchObject({ shards, shardsFailed: 1 });
    expect(events).toEqual([{ event: 'sweep.shard-failed', shard: '2', error: 'TypeError' }]);
  });

  it('retires and audits nothing if the last run cannot be read, and says so', async () => {
    const { planned, events } = await planOf([['5', ago(60 * SECOND)]], {
      beginPlan: () => Promise.reject(new TypeError('the store has an outage')),
    });
    expect(planned).toMatchObject({ shards: [{ shard: '5' }], shardsFailed: 0 });
    expect(planned).toMatchObject({ retireAtMost: undefined, audit: undefined });
    expect(events).toEqual([{ event: 'sweep.last-run-not-read', error: 'TypeError' }]);
  });

  it('reports no failure if the run was aborted', async () => {
    const signal = AbortSignal.abort();
    const aborted = () => Promise.reject(signal.reason);
    const { planned, events } = await planOf([], { dueSince: aborted, beginPlan: aborted }, signal);
    expect(planned).toMatchObject({ shards: [], shardsFailed: 0, retireAtMost: undefined });
    expect(events).toEqual([]);
  });

  it('gives the audit to one of the runs that begin at the same time, and to the next one a minute later', async () => {
    const worker = workerOverTwins();
    const audits = async () =>
      (await Promise.all([1, 2, 3].map(() => worker.plan()))).map(({ audit }) => audit);
    expect((await audits()).filter(Boolean)).toHaveLength(1);
    worker.later(30 * SECOND);
    expect((await audits()).filter(Boolean)).toEqual([]);
    worker.later(30 * SECOND);
    expect((await audits()).filter(Boolean)).toHaveLength(1);
  });
});
