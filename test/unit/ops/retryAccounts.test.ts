import { describe, expect, it } from 'vitest';
import { retryAccounts } from '../../../ops/retryAccounts.ts';
import { createMemoryAccountStore } from '../../../shared/adapters/memory/memoryAccountStore.ts';
import { see } from '../../support/accountStoreUnderTest.ts';
import { clockOf } from '../../support/clockOf.ts';
import {
  NEIGHBOURS,
  sampleActive,
  sampleNeedsUser,
  samplePending,
  sampleTombstone,
  someUser,
  TENANT,
} from '../../support/sampleAccount.ts';
import { meddledAccounts, NOW, operatorOverTwins } from './operatorOverTwins.ts';

const LATER = new Date('2026-11-20T10:00:00Z');
const EARLIER = new Date('2026-11-20T08:00:00Z');
const failure = { kind: 'transient', code: 'http_503', at: EARLIER } as const;
const trouble = { attempts: 3, failure };
const retry = { verb: 'accounts retry', force: false } as const;

describe('accounts retry', () => {
  it.each([
    sampleActive({ nextCheckAt: LATER, trouble }),
    samplePending({ nextCheckAt: LATER, trouble }),
  ])('makes a user who is $state due now', async (account) => {
    const { operator, accounts } = operatorOverTwins();
    const before = await accounts.create(account);
    expect(await retryAccounts(operator, { ...retry, of: { who: before } })).toBe(0);
    expect(await accounts.read(before.userId)).toEqual({
      ...before,
      ...(before.state === 'pending' && { state: 'pending' }),
      nextCheckAt: NOW,
      trouble: { attempts: 0, failure },
      etag: expect.any(String),
    });
  });

  it('makes an account due that the index had lost', async () => {
    const accounts = createMemoryAccountStore({ clock: clockOf(() => NOW) });
    const { operator } = operatorOverTwins({ accounts });
    const { userId, nextCheckAt } = await accounts.create(sampleActive({ nextCheckAt: EARLIER }));
    accounts.index.drop(userId, nextCheckAt);
    expect(await retryAccounts(operator, { ...retry, of: { who: { userId } } })).toBe(0);
    expect(accounts.index.entries()).toEqual([{ userId, at: EARLIER }]);
  });

  it('keeps the time and the abandoned lease of an account that is due', async () => {
    const { operator, accounts } = operatorOverTwins();
    const lease = { runId: 'of a run that died', until: EARLIER };
    const { userId, nextCheckAt } = await accounts.create(sampleActive({ nextCheckAt: EARLIER, lease }));
    expect(await retryAccounts(operator, { ...retry, of: { who: { userId } } })).toBe(0);
    expect(await accounts.read(userId)).toMatchObject({ nextCheckAt, lease });
  });

  it.each([
    [
      'a run has leased',
      sampleActive({ lease: { runId: 'run-1', until: LATER } }),
      'a run has leased the account',
    ],
    ['needs to sign in again', sampleNeedsUser(), 'the user must sign in again (AADSTS50076)'],
    ['has ended', sampleTombstone({ state: 'disconnected' }), 'the account has ended (disconnected)'],
  ])('does not change an account that %s, and says why', async (_, account, why) => {
    const { operator, accounts, told } = operatorOverTwins();
    const before = await accounts.create(account);
    expect(await retryAccounts(operator, { ...retry, of: { who: before } })).toBe(1);
    expect(told).toEqual([expect.stringContaining(why)]);
    expect(await accounts.read(before.userId)).toEqual(before);
  });

  it('does not make a damaged account due, by force either: a run would retire it', async () => {
    const accounts = createMemoryAccountStore();
    const { userId, nextCheckAt, etag } = await accounts.create(sampleActive());
    const damaged = { state: 'damaged', userId, nextCheckAt, etag, was: 'connected' } as const;
    const { operator, told } = operatorOverTwins({ accounts: { ...accounts, read: async () => damaged } });
    expect(await retryAccounts(operator, { ...retry, of: { who: { userId } }, force: true })).toBe(1);
    expect(told).toEqual([expect.stringContaining('its row is damaged')]);
    expect(await accounts.read(userId)).toMatchObject({ etag });
  });

  it('makes active by force who was marked', async () => {
    const { operator, accounts } = operatorOverTwins();
    const marked = await accounts.create(sampleNeedsUser({ nextCheckAt: LATER }));
    expect(await retryAccounts(operator, { ...retry, of: { who: marked }, force: true })).toBe(0);
    expect(await accounts.read(marked.userId)).toMatchObject({ state: 'active', nextCheckAt: NOW });
  });

  it('does not revive an account that has ended, even by force', async () => {
    const { operator, accounts } = operatorOverTwins();
    const gone = await accounts.create(sampleTombstone());
    expect(await retryAccounts(operator, { ...retry, of: { who: gone }, force: true })).toBe(1);
    expect(await accounts.read(gone.userId)).toEqual(gone);
  });

  it('of all, takes those who failed in that way', async () => {
    const { operator, accounts, printed } = operatorOverTwins();
    const nextCheckAt = LATER;
    const failed = await accounts.create(sampleActive({ nextCheckAt, trouble }));
    const ofTenant = { attempts: 1, failure: { ...failure, kind: 'tenant' as const } };
    const others = [
      await accounts.create(sampleActive({ nextCheckAt, trouble: ofTenant })),
      await accounts.create(sampleActive({ nextCheckAt })),
      await accounts.create(sampleNeedsUser({ nextCheckAt })),
    ];
    expect(await retryAccounts(operator, { ...retry, of: { tid: undefined, kind: 'transient' } })).toBe(0);
    expect(await accounts.read(failed.userId)).toMatchObject({ nextCheckAt: NOW });
    for (const other of others) expect(await accounts.read(other.userId)).toEqual(other);
    expect(printed.at(-1)).toBe('1 due now, 0 not changed.');
  });

  it.each([
    [undefined, false],
    ['tenant', false],
    ['throttled', true],
  ] as const)('of a tenant and the kind %s, leaves the tenant cooling: %s', async (kind, cooling) => {
    const { operator, accounts, sharedState } = operatorOverTwins();
    const cool = (tenant: string, api: 'token' | 'graph') =>
      sharedState.cool({ tenant, api, until: LATER, kind: 'throttled' });
    for (const api of ['token', 'graph'] as const) await cool(TENANT, api);
    await cool(NEIGHBOURS[0] as string, 'token');
    const put = (tid: string | undefined) =>
      accounts.create(
        sampleActive({
          userId: someUser(tid),
          nextCheckAt: LATER,
          trouble: { attempts: 1, failure: { ...failure, kind: kind ?? 'transient' } },
        }),
      );
    const [ours, theirs] = [await put(TENANT), await put(NEIGHBOURS[0])];
    await retryAccounts(operator, { ...retry, of: { tid: TENANT, kind } });
    expect(await accounts.read(ours.userId)).toMatchObject({ nextCheckAt: NOW });
    expect(await accounts.read(theirs.userId)).toEqual(theirs);
    expect((await sharedState.cooling()).map(({ tenant }) => tenant)).toEqual(
      cooling ? [TENANT, TENANT, NEIGHBOURS[0]] : [NEIGHBOURS[0]],
    );
  });

  it('decides again when the user came back meanwhile', async () => {
    const accounts = createMemoryAccountStore();
    const { userId } = await accounts.create(sampleActive({ nextCheckAt: LATER }));
    const { operator } = operatorOverTwins({
      accounts: meddledAccounts(accounts, () => see(accounts, userId, LATER), 1),
    });
    expect(await retryAccounts(operator, { ...retry, of: { who: { userId } } })).toBe(0);
    expect(await accounts.read(userId)).toMatchObject({ nextCheckAt: NOW, lastActivity: LATER });
  });
});
