import { describe, expect, it } from 'vitest';
import { tombstoneOf } from '../../../../shared/account/transitions.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import { plan } from '../../../../shared/worker/plan.ts';
import { RUN_LIMITS } from '../../../../shared/worker/run.ts';
import { sweep } from '../../../../shared/worker/sweep.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { sampleAccount, someUser } from '../../../support/sampleAccount.ts';
import { createTestApp } from '../../../support/testApp.ts';

const NOW = new Date('2026-11-20T09:00:00Z');
const DAY = 86_400_000;

/** One run over accounts that are to be retired and erased, if this machine's clock is right. */
async function run(clockAheadMs: number | undefined) {
  const accounts = createMemoryAccountStore();
  const old = { lastActivity: new Date(NOW.getTime() - 100 * DAY), dueAt: new Date(NOW.getTime() - 60_000) };
  for (let n = 0; n < 3; n += 1) {
    await accounts.create(sampleAccount({ ...old, state: 'needs-user', runId: undefined }));
    const tombstone = tombstoneOf(someUser(), 'retired', old.lastActivity);
    await accounts.create({ ...tombstone, dueAt: old.dueAt });
  }
  const store = clockAheadMs === undefined ? accounts : { ...accounts, clockAheadMs: () => clockAheadMs };
  const app = createTestApp({ accounts: store, clock: clockOf(() => NOW) });
  const events: LogEvent[] = [];
  const operation = { log: (event: LogEvent) => void events.push(event) };
  const before = [...accounts.dueRows.keys()].sort();
  const summary = await sweep(app, operation, [], await plan(app, operation), RUN_LIMITS);
  return {
    summary,
    loud: events.filter(({ event }) => event === 'sweep.clock-differs'),
    sameDueRows: JSON.stringify([...accounts.dueRows.keys()].sort()) === JSON.stringify(before),
  };
}

describe("a run on a machine whose clock differs from the store's", () => {
  it.each([
    300_001,
    -300_001,
    -100 * DAY,
  ])('by %d ms retires and erases nobody, and says so once', async (aheadMs) => {
    const { summary, loud, sameDueRows } = await run(aheadMs);
    expect(summary).toMatchObject({ claimed: 6, released: 6, retired: 0, erased: 0, stoppedBy: 'done' });
    expect(loud).toMatchObject([{ aheadMs }]);
    expect(sameDueRows).toBe(true);
  });

  it.each([300_000, -300_000, 0, undefined])('by no more than %s ms goes on', async (aheadMs) => {
    const { summary, loud } = await run(aheadMs);
    expect(summary).toMatchObject({ claimed: 6, released: 0, retired: 3, erased: 3 });
    expect(loud).toEqual([]);
  });
});
