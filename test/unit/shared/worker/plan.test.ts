import { describe, expect, it } from 'vitest';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { AccountStore } from '../../../../shared/ports.ts';
import { plan } from '../../../../shared/worker/plan.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { sampleAccount, someUserOf } from '../../../support/sampleAccount.ts';
import { createTestApp } from '../../../support/testApp.ts';

const NOW = new Date('2026-11-20T09:00:00Z');
const ago = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1_000);

/** A plan over accounts of these shards, with the events that it logged. */
async function planOf(
  due: [shard: string, dueAt: Date][],
  different: Partial<AccountStore> = {},
  signal?: AbortSignal,
) {
  const accounts = createMemoryAccountStore();
  for (const [shard, dueAt] of due) {
    await accounts.create(sampleAccount({ userId: someUserOf(shard), runId: undefined, dueAt }));
  }
  const events: LogEvent[] = [];
  const app = createTestApp({ accounts: { ...accounts, ...different }, clock: clockOf(() => NOW) });
  const planned = await plan(app, { log: (event) => void events.push(event), ...(signal && { signal }) });
  return { planned, events };
}

describe('plan', () => {
  it('names the shards in which something is due, the longest wait first', async () => {
    const due: [string, Date][] = [
      ['3', ago(60)],
      ['7', ago(600)],
      ['7', ago(5)],
      ['a', ago(120)],
      ['c', ago(-60)],
    ];
    const { planned, events } = await planOf(due);
    expect(planned).toEqual({
      begunAt: NOW,
      shards: [
        { shard: '7', dueSince: ago(600) },
        { shard: 'a', dueSince: ago(120) },
        { shard: '3', dueSince: ago(60) },
      ],
      shardsFailed: 0,
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
      dueSince(shard) {
        asked.add(shard);
        if (asked.size === 16) answer(undefined);
        return first;
      },
    });
    expect(asked.size).toBe(16);
    expect(planned.shards).toEqual([]);
  });

  it('goes on without a shard that cannot be read, counts it and names it in the log', async () => {
    const broken = createMemoryAccountStore();
    const { planned, events } = await planOf([], {
      dueSince: async (shard, now) => {
        if (shard === '2') throw new TypeError('the store has an outage');
        return shard === '5' ? ago(60) : broken.dueSince(shard, now);
      },
    });
    expect(planned).toMatchObject({ shards: [{ shard: '5', dueSince: ago(60) }], shardsFailed: 1 });
    expect(events).toEqual([{ event: 'sweep.shard-failed', shard: '2', error: 'TypeError' }]);
  });

  it('reports no shard as failed if the run was aborted', async () => {
    const signal = AbortSignal.abort();
    const { planned, events } = await planOf([], { dueSince: () => Promise.reject(signal.reason) }, signal);
    expect(planned).toMatchObject({ shards: [], shardsFailed: 0 });
    expect(events).toEqual([]);
  });
});
