import { describe, expect, it } from 'vitest';
import { retryAccounts } from '../../../ops/retryAccounts.ts';
import { createMemoryAccountStore } from '../../../shared/adapters/memory/memoryAccountStore.ts';
import { see } from '../../support/accountStoreUnderTest.ts';
import { NEIGHBOURS, sampleAccount, someUser, TENANT } from '../../support/sampleAccount.ts';
import { meddledAccounts, NOW, operatorOverTwins } from './operatorOverTwins.ts';

const LATER = new Date('2026-11-20T10:00:00Z');
const EARLIER = new Date('2026-11-20T08:00:00Z');
const failure = { kind: 'transient', code: 'http_503', at: EARLIER } as const;
const retry = { verb: 'accounts retry', force: false } as const;

describe('accounts retry', () => {
  it.each(['active', 'pending'] as const)('makes a user who is %s due now', async (state) => {
    const { operator, accounts } = operatorOverTwins();
    const before = await accounts.create(sampleAccount({ state, dueAt: LATER, runId: undefined, failure }));
    expect(await retryAccounts(operator, { ...retry, of: { who: before } })).toBe(0);
    expect(await accounts.read(before.userId)).toEqual({
      ...before,
      dueAt: NOW,
      attempts: 0,
      etag: expect.any(String),
    });
  });

  it('keeps the time of an account that is due', async () => {
    const { operator, accounts } = operatorOverTwins();
    const { userId } = await accounts.create(sampleAccount({ dueAt: EARLIER, runId: 'of a run that died' }));
    expect(await retryAccounts(operator, { ...retry, of: { who: { userId } } })).toBe(0);
    expect(await accounts.read(userId)).toMatchObject({ dueAt: EARLIER, runId: 'of a run that died' });
  });

  it.each([
    ['a run has leased', { dueAt: LATER, runId: 'run-1' }, 'a run has leased the account'],
    ['needs to sign in again', { state: 'needs-user' }, 'the user must sign in again (AADSTS50076)'],
    ['has ended', { state: 'disconnected' }, 'the account has ended (disconnected)'],
  ] as const)('does not change an account that %s, and says why', async (_, fields, why) => {
    const { operator, accounts, told } = operatorOverTwins();
    const before = await accounts.create(sampleAccount(fields));
    expect(await retryAccounts(operator, { ...retry, of: { who: before } })).toBe(1);
    expect(told).toEqual([expect.stringContaining(why)]);
    expect(await accounts.read(before.userId)).toEqual(before);
  });

  it('does not make a damaged account due, by force either: a run would retire it', async () => {
    const accounts = createMemoryAccountStore();
    const before = await accounts.create(sampleAccount());
    const read = async () => ({ ...before, damaged: true as const });
    const { operator, told } = operatorOverTwins({ accounts: { ...accounts, read } });
    expect(await retryAccounts(operator, { ...retry, of: { who: before }, force: true })).toBe(1);
    expect(told).toEqual([expect.stringContaining('its row is damaged')]);
    expect(await accounts.read(before.userId)).toEqual(before);
  });

  it('takes by force for active who was marked', async () => {
    const { operator, accounts } = operatorOverTwins();
    const marked = await accounts.create(sampleAccount({ state: 'needs-user', dueAt: LATER }));
    expect(await retryAccounts(operator, { ...retry, of: { who: marked }, force: true })).toBe(0);
    expect(await accounts.read(marked.userId)).toMatchObject({ state: 'active', dueAt: NOW, attempts: 0 });
  });

  it('does not revive an account that has ended, even by force', async () => {
    const { operator, accounts } = operatorOverTwins();
    const gone = await accounts.create(sampleAccount({ state: 'retired' }));
    expect(await retryAccounts(operator, { ...retry, of: { who: gone }, force: true })).toBe(1);
    expect(await accounts.read(gone.userId)).toEqual(gone);
  });

  it('of all, takes those who failed in that way', async () => {
    const { operator, accounts, printed } = operatorOverTwins();
    const put = (fields: Parameters<typeof sampleAccount>[0]) =>
      accounts.create(sampleAccount({ runId: undefined, dueAt: LATER, failure, ...fields }));
    const failed = await put({});
    const others = [
      await put({ failure: { ...failure, kind: 'tenant' } }),
      await put({ failure: undefined }),
      await put({ state: 'needs-user' }),
    ];
    expect(await retryAccounts(operator, { ...retry, of: { tid: undefined, kind: 'transient' } })).toBe(0);
    expect(await accounts.read(failed.userId)).toMatchObject({ dueAt: NOW });
    for (const other of others) expect(await accounts.read(other.userId)).toEqual(other);
    expect(printed.at(-1)).toBe('1 due now, 0 not changed.');
  });

  it.each([
    [undefined, false],
    ['tenant', false],
    ['throttled', true],
  ] as const)('of a tenant and the kind %s, leaves the tenant cooling: %s', async (kind, cooling) => {
    const { operator, accounts, tenants } = operatorOverTwins();
    const cool = (tenant: string, api: 'token' | 'graph') =>
      tenants.cool({ tenant, api, until: LATER, kind: 'throttled' });
    for (const api of ['token', 'graph'] as const) await cool(TENANT, api);
    await cool(NEIGHBOURS[0] as string, 'token');
    const put = (tid: string | undefined) =>
      accounts.create(
        sampleAccount({
          userId: someUser(tid),
          runId: undefined,
          dueAt: LATER,
          failure: { ...failure, kind: kind ?? 'transient' },
        }),
      );
    const [ours, theirs] = [await put(TENANT), await put(NEIGHBOURS[0])];
    await retryAccounts(operator, { ...retry, of: { tid: TENANT, kind } });
    expect(await accounts.read(ours.userId)).toMatchObject({ dueAt: NOW });
    expect(await accounts.read(theirs.userId)).toEqual(theirs);
    expect((await tenants.cooling(NOW)).map(({ tenant }) => tenant)).toEqual(
      cooling ? [TENANT, TENANT, NEIGHBOURS[0]] : [NEIGHBOURS[0]],
    );
  });

  it('decides again when the user came back meanwhile', async () => {
    const accounts = createMemoryAccountStore();
    const { userId } = await accounts.create(sampleAccount({ dueAt: LATER, runId: undefined }));
    const { operator } = operatorOverTwins({
      accounts: meddledAccounts(accounts, () => see(accounts, userId, LATER), 1),
    });
    expect(await retryAccounts(operator, { ...retry, of: { who: { userId } } })).toBe(0);
    expect(await accounts.read(userId)).toMatchObject({ dueAt: NOW, lastActivity: LATER });
  });
});
