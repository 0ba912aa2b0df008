import { describe, expect, it } from 'vitest';
import type { Stored } from '../../../../shared/account/account.ts';
import { ended } from '../../../../shared/account/transitions.ts';
import { UserTokenError } from '../../../../shared/errors.ts';
import type { UserTokens } from '../../../../shared/ports.ts';
import { someUser } from '../../../support/sampleAccount.ts';
import {
  ago,
  DAY,
  dueAccount,
  MINUTE,
  NOW,
  overdueAccount,
  tokenOf,
  workerOverTwins,
} from './workerOverTwins.ts';

const HOUR = 60 * MINUTE;
const nextCheckOf = (account: Stored | undefined) =>
  account !== undefined && 'nextCheckAt' in account ? account.nextCheckAt.getTime() : Number.NaN;
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
    300_001, -300_001,
  ])('by %d ms retires and erases nobody, gives every lease back, and says so once', async (aheadMs) => {
    const { summary, loud, before, after } = await run(aheadMs);
    expect(summary).toMatchObject({ claimed: 6, released: 6, retired: 0, erased: 0, stoppedBy: 'done' });
    expect(loud).toMatchObject([{ aheadMs }]);
    expect(after).toEqual(before);
  });

  it('by 100 days checks by the time of the store, by which they are not over', async () => {
    const { summary, loud, after } = await run(-100 * DAY);
    expect(summary).toMatchObject({ claimed: 6, waiting: 6, retired: 0, erased: 0 });
    expect(loud).toMatchObject([{ aheadMs: -100 * DAY }]);
    const [since, lastActivity] = [ago(100 * DAY), ago(100 * DAY)];
    for (const account of after) {
      const is = 'since' in account ? account.since : 'lastActivity' in account && account.lastActivity;
      expect(is).toEqual('since' in account ? since : lastActivity);
      expect('nextCheckAt' in account && account.nextCheckAt.getTime()).toBeLessThan(NOW.getTime());
    }
  });

  describe.each([DAY, -DAY, 2 * DAY, -2 * DAY])('by %d ms', (aheadMs) => {
    const byStore = (ms: number) => new Date(NOW.getTime() + aheadMs + ms);

    /** One check of an account that is due by the clock of the store. */
    async function checked(silent: UserTokens['silent']) {
      const worker = workerOverTwins({ silent });
      worker.accounts.clockAheadMs = () => aheadMs;
      const { userId } = await worker.create(
        dueAccount({
          lastActivity: byStore(-HOUR),
          expiresOn: byStore(10 * MINUTE),
          nextCheckAt: ago(5 * DAY),
        }),
      );
      await worker.run();
      return worker.read(userId);
    }

    it('counts the end of a new token and the next check from the time of the store, and leaves the end of the grant', async () => {
      const [expiresOn, refreshTokenExpiresOn] = [ago(-HOUR), byStore(DAY)];
      expect(await checked(async () => tokenOf({ expiresOn, refreshTokenExpiresOn }))).toMatchObject({
        expiresOn: byStore(HOUR),
        refreshTokenExpiresOn: byStore(DAY),
        lastRefreshed: byStore(0),
        history: [{ at: byStore(0), outcome: 'refreshed' }],
      });
    });

    it('knows of no end of a new refresh token that is later than a day by that time', async () => {
      const account = await checked(async () => tokenOf({ expiresOn: ago(-28 * HOUR) }));
      expect(account).toMatchObject({ refreshTokenExpiresOn: byStore(DAY) });
      expect(nextCheckOf(account)).toBeLessThan(byStore(DAY - HOUR).getTime() + 1);
      expect(nextCheckOf(account)).toBeGreaterThan(byStore(DAY - 2 * HOUR).getTime() - 1);
    });

    it('leaves the end of a cached token as it is', async () => {
      const expiresOn = byStore(HOUR);
      expect(await checked(async () => tokenOf({ source: 'cache', expiresOn }))).toMatchObject({ expiresOn });
    });

    it.each([
      'transient',
      'misconfigured',
      'throttled',
    ] as const)('tries again soon by that time after a failure: %s', async (kind) => {
      const account = await checked(async () => {
        throw new UserTokenError({ kind, code: 'code', ...(kind === 'misconfigured' && { unsure: true }) });
      });
      expect(nextCheckOf(account)).toBeGreaterThan(byStore(0).getTime());
      expect(nextCheckOf(account)).toBeLessThan(byStore(HOUR).getTime());
    });

    it('waits by that time for a user who was here', async () => {
      const worker = workerOverTwins();
      worker.accounts.clockAheadMs = () => aheadMs;
      const lastActivity = byStore(-MINUTE / 2);
      const { userId } = await worker.create(dueAccount({ lastActivity, nextCheckAt: ago(5 * DAY) }));
      expect(await worker.run()).toMatchObject({ waiting: 1 });
      const idleForMs = worker.app().schedule.idleForMs;
      expect(nextCheckOf(await worker.read(userId))).toBe(byStore(idleForMs - MINUTE / 2).getTime());
    });
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
