import { describe, expect, it } from 'vitest';
import type { Stored } from '../../../../shared/account/account.ts';
import { ended } from '../../../../shared/account/transitions.ts';
import { someUser } from '../../../support/sampleAccount.ts';
import { ago, DAY, MINUTE, overdueAccount, workerOverTwins } from './workerOverTwins.ts';

const withoutEtag = ({ etag: _, ...account }: Stored) => account;

/** One run over accounts that are to be retired and erased, if this machine's clock is right. */
async function run(clockAheadMs: number | undefined) {
  const worker = workerOverTwins();
  const { accounts } = worker;
  if (clockAheadMs === undefined) delete accounts.clockAheadMs;
  else accounts.clockAheadMs = () => clockAheadMs;
  for (let n = 0; n < 3; n += 1) {
    await worker.create(overdueAccount());
    const tombstone = ended(someUser(), 'retired', ago(100 * DAY));
    await worker.create({ ...tombstone, nextCheckAt: ago(MINUTE) });
  }
  const all = async () => (await Array.fromAsync(accounts.list())).map(withoutEtag);
  const before = await all();
  const summary = await worker.run();
  return { summary, loud: worker.eventsOf('sweep.clock-differs'), before, after: await all() };
}

describe("a run on a machine whose clock differs from the store's", () => {
  it.each([
    300_001,
    -300_001,
    -100 * DAY,
  ])('by %d ms retires and erases nobody, gives every lease back, and says so once', async (aheadMs) => {
    const { summary, loud, before, after } = await run(aheadMs);
    expect(summary).toMatchObject({ claimed: 6, released: 6, retired: 0, erased: 0, stoppedBy: 'done' });
    expect(loud).toMatchObject([{ aheadMs }]);
    expect(after).toEqual(before);
  });

  it('says so although nobody is due', async () => {
    const worker = workerOverTwins();
    worker.accounts.clockAheadMs = () => 300_001;
    await worker.run();
    expect(worker.eventsOf('sweep.clock-differs')).toMatchObject([{ aheadMs: 300_001 }]);
  });

  it.each([300_000, -300_000, 0, undefined])('by no more than %s ms goes on', async (aheadMs) => {
    const { summary, loud } = await run(aheadMs);
    expect(summary).toMatchObject({ claimed: 6, released: 0, retired: 3, erased: 3 });
    expect(loud).toEqual([]);
  });
});
