import { describe, expect, it } from 'vitest';
import { auditAccounts } from '../../../ops/auditAccounts.ts';
import { retireAccounts } from '../../../ops/retireAccounts.ts';
import { createMemoryAccountStore } from '../../../shared/adapters/memory/memoryAccountStore.ts';
import { sampleActive, sampleNeedsUser, sampleTombstone } from '../../support/sampleAccount.ts';
import { NOW, operatorOverTwins } from './operatorOverTwins.ts';

const LONG_AGO = new Date('2026-01-01T00:00:00Z');
const retire = { verb: 'accounts retire', confirm: false, resume: false } as const;

describe('accounts retire', () => {
  it('counts who is over the retention time, and changes nothing', async () => {
    const { operator, accounts, sharedState, printed } = operatorOverTwins();
    await accounts.create(sampleActive({ lastActivity: LONG_AGO }));
    await accounts.create(sampleNeedsUser({ lastActivity: LONG_AGO }));
    await accounts.create(sampleActive());
    await accounts.create(sampleTombstone({ since: LONG_AGO }));
    expect(await retireAccounts(operator, retire)).toBe(0);
    expect(printed).toEqual([
      'Accounts without a visit for longer than RETENTION_DAYS of these settings: 2.',
      'In one day the worker may retire 20 accounts, or 5 % of all accounts if that is more.',
      'Nothing was changed. Add --confirm to let the worker retire all of them, or --resume to end a stop after you have corrected its reason.',
    ]);
    expect(await sharedState.lastRun()).toEqual({ audit: { accounts: 0, connected: 0 } });
  });

  it('says since when the worker retires nobody', async () => {
    const { operator, sharedState, printed } = operatorOverTwins();
    await sharedState.orderRetirement({ order: 'stopped', at: LONG_AGO });
    await retireAccounts(operator, retire);
    expect(printed[1]).toBe(
      'The worker has retired nobody since 2026-01-01T00:00:00Z: it met more accounts than it may retire in a day.',
    );
  });

  it('lifts the ceiling for a day when it is told to, and says so from then on', async () => {
    const { operator, accounts, sharedState, printed } = operatorOverTwins();
    await accounts.create(sampleActive({ lastActivity: LONG_AGO }));
    await sharedState.orderRetirement({ order: 'stopped', at: LONG_AGO });
    expect(await retireAccounts(operator, { ...retire, confirm: true })).toBe(0);
    const until = new Date(NOW.getTime() + 86_400_000);
    expect((await sharedState.lastRun()).retirement).toEqual({ order: 'confirmed', until });
    expect(printed.at(-1)).toMatch(/^Until 2026-11-21T09:00:00Z the worker may retire any number/);
    await retireAccounts(operator, retire);
    expect(printed.at(-2)).toMatch(/^Until 2026-11-21T09:00:00Z the worker may retire any number/);
  });
});

describe('accounts retire --confirm', () => {
  it('lifts no ceiling if there is nobody to retire', async () => {
    const { operator, accounts, sharedState, told } = operatorOverTwins();
    await accounts.create(sampleActive());
    expect(await retireAccounts(operator, { ...retire, confirm: true })).toBe(1);
    expect(told).toEqual([expect.stringContaining('Is RETENTION_DAYS that of the deployment?')]);
    expect((await sharedState.lastRun()).retirement).toBeUndefined();
  });
});

describe('accounts retire on a machine with a wrong clock', () => {
  it.each(['confirm', 'resume'] as const)('does nothing with --%s, and says why', async (option) => {
    const accounts = createMemoryAccountStore();
    accounts.clockAheadMs = () => -100 * 86_400_000;
    await accounts.create(sampleActive({ lastActivity: LONG_AGO }));
    const { operator, sharedState, told } = operatorOverTwins({ accounts });
    expect(await retireAccounts(operator, { ...retire, [option]: true })).toBe(1);
    expect(told).toEqual([expect.stringContaining('Set the clock first.')]);
    expect((await sharedState.lastRun()).retirement).toBeUndefined();
  });
});

describe('accounts retire --resume', () => {
  it('ends a stop, and lets the ceiling count anew', async () => {
    const { operator, sharedState, printed } = operatorOverTwins();
    await sharedState.orderRetirement({ order: 'stopped', at: LONG_AGO });
    expect(await retireAccounts(operator, { ...retire, resume: true })).toBe(0);
    expect((await sharedState.lastRun()).retirement).toEqual({ order: 'resumed', at: NOW });
    await retireAccounts(operator, retire);
    expect(printed.at(-2)).toMatch(/^In one day the worker may retire 20 accounts/);
  });
});

describe('accounts audit', () => {
  it('restores what the index lacks, names whom it found, and finds nobody a second time', async () => {
    const accounts = createMemoryAccountStore();
    const { operator, printed, logId } = operatorOverTwins({ accounts });
    const { userId, nextCheckAt } = await accounts.create(sampleActive());
    for (let n = 0; n < 5; n += 1) await accounts.create(sampleActive());
    accounts.index.drop(userId, nextCheckAt);
    expect(await auditAccounts(operator)).toBe(0);
    expect(printed).toEqual([
      'The last run of the worker ended at -.',
      'The last audit by the worker ended at -.',
      `${logId(userId)} had no entry in the index. It has one again.`,
      'Connected accounts 6, repaired 1, rescheduled 0, damaged 0.',
    ]);
    await auditAccounts(operator);
    expect(printed.at(-1)).toBe('Connected accounts 6, repaired 0, rescheduled 0, damaged 0.');
  });

  it('makes an account due now that is due much too late', async () => {
    const accounts = createMemoryAccountStore();
    const { operator, printed, logId } = operatorOverTwins({ accounts });
    const lease = { runId: 'of a machine with a wrong clock', until: new Date('2027-03-09T00:00:00Z') };
    const { userId } = await accounts.create(sampleActive({ lease }));
    await auditAccounts(operator);
    expect(printed).toContain(`${logId(userId)} was due much too late. It is due now.`);
    expect(await accounts.read(userId)).toMatchObject({ nextCheckAt: NOW });
    expect(accounts.index.entries()).toEqual([{ userId, at: NOW }]);
  });
});
