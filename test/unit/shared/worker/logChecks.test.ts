import { describe, expect, it } from 'vitest';
import type { Account } from '../../../../shared/account/account.ts';
import { UserTokenError } from '../../../../shared/errors.ts';
import type { UserTokens } from '../../../../shared/ports.ts';
import { sampleTombstone } from '../../../support/sampleAccount.ts';
import { ago, DAY, dueAccount, MINUTE, overdueAccount, tokenOf, workerOverTwins } from './workerOverTwins.ts';

const refreshes: UserTokens['silent'] = async () => tokenOf();
const readsCache: UserTokens['silent'] = async () => tokenOf({ source: 'cache' });
const fails: UserTokens['silent'] = () =>
  Promise.reject(new UserTokenError({ kind: 'transient', code: 'http_503' }));

const due = ago(MINUTE);
const recentlySeen = dueAccount({ lastActivity: ago(1_000) });
const failedBefore = dueAccount({
  trouble: { attempts: 1, failure: { kind: 'transient', code: 'http_503', at: ago(2 * MINUTE) } },
});
const ownFaultBefore = dueAccount({ trouble: { attempts: 1 } });
const ended = (since: Date): Account => ({ ...sampleTombstone(), state: 'retired', since, nextCheckAt: due });

async function checkOf(account: Account, silent: UserTokens['silent'], logChecks?: string) {
  const bench = workerOverTwins({ silent, ...(logChecks && { logChecks }) });
  await bench.create(account);
  await bench.run();
  expect(bench.eventsOf('sweep.ended')).toMatchObject([{ claimed: 1 }]);
  return bench.eventsOf('user.check-ended');
}

describe('LOG_CHECKS=changes', () => {
  it.each<[string, Account, UserTokens['silent']]>([
    ['refreshed', dueAccount(), refreshes],
    ['from-cache', dueAccount(), readsCache],
    ['waiting', recentlySeen, refreshes],
  ])('leaves out a check that is routine: %s', async (outcome, account, silent) => {
    expect(await checkOf(account, silent)).toMatchObject([{ outcome }]);
    expect(await checkOf(account, silent, 'changes')).toEqual([]);
  });

  it.each<[string, Account, UserTokens['silent']]>([
    ['failed', dueAccount(), fails],
    ['failed', failedBefore, fails],
    ['refreshed', failedBefore, refreshes],
    ['from-cache', ownFaultBefore, readsCache],
    ['waiting', ended(ago(DAY)), refreshes],
    ['retired', overdueAccount(), refreshes],
    ['erased', ended(ago(3 * DAY)), refreshes],
  ])('logs a check that is not: %s', async (outcome, account, silent) => {
    expect(await checkOf(account, silent, 'changes')).toMatchObject([{ outcome }]);
  });

  it.each([
    'disconnected',
    'retired',
  ] as const)('logs of a tombstone what it is, because nothing else may say so: %s', async (state) => {
    const tombstone: Account = { ...ended(ago(DAY)), state } as Account;
    const checks = await checkOf(tombstone, refreshes, 'changes');
    expect(checks).toMatchObject([{ outcome: 'waiting', reason: state }]);
  });

  it('logs a check that another operation has overtaken, and one that the run gave back', async () => {
    const account = dueAccount();
    const bench = workerOverTwins({
      logChecks: 'changes',
      async silent() {
        const now = await bench.accounts.read(account.userId);
        if (now !== undefined) await bench.accounts.erase(now);
        return tokenOf();
      },
    });
    await bench.create(account);
    await bench.run();
    expect(bench.eventsOf('user.check-ended')).toMatchObject([{ outcome: 'superseded' }]);
    const misconfigured = () =>
      Promise.reject(new UserTokenError({ kind: 'misconfigured', code: 'AADSTS7000215' }));
    expect(await checkOf(dueAccount(), misconfigured, 'changes')).toMatchObject([{ outcome: 'released' }]);
  });

  it('is quiet again once a check went well after a failure', async () => {
    const bench = workerOverTwins({ logChecks: 'changes' });
    await bench.create(failedBefore);
    await bench.run();
    bench.later(60 * MINUTE);
    await bench.run();
    expect(bench.eventsOf('sweep.ended')).toMatchObject([{ refreshed: 1 }, { refreshed: 1 }]);
    expect(bench.eventsOf('user.check-ended')).toHaveLength(1);
  });
});
