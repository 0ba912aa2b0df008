import { describe, expect, it } from 'vitest';
import { endAccount, removeCache, takeBack } from '../../../../shared/account/endAccount.ts';
import { removeCacheAt } from '../../../../shared/account/schedule.ts';
import { isSameConnection, tombstoneOf } from '../../../../shared/account/transitions.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { ConflictError, UnavailableError } from '../../../../shared/errors.ts';
import type { AccountState, AccountStore, TokenCacheStore } from '../../../../shared/ports.ts';
import { dueRowKey } from '../../../../shared/userId.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { sampleAccount, someUser } from '../../../support/sampleAccount.ts';

const NOW = new Date('2026-11-20T09:00:00Z');

function setUp() {
  const accounts = createMemoryAccountStore();
  const tokenCache = createMemoryTokenCacheStore();
  const userId = someUser();
  const deps = { accounts, tokenCache, clock: clockOf(() => NOW) };
  return { accounts, tokenCache, userId, deps };
}

const ENDED = ['disconnected', 'retired'] as const;
const CONNECTED: AccountState[] = ['pending', 'active', 'needs-user'];

describe('endAccount', () => {
  for (const as of ENDED) {
    it.each(CONNECTED)(`leaves no more than a tombstone of a user who is %s (${as})`, async (state) => {
      const { accounts, tokenCache, userId, deps } = setUp();
      await accounts.create(sampleAccount({ userId, state }));
      await tokenCache.write(userId, 'sealed', undefined);
      expect(await endAccount(deps, userId, as)).toBe(true);
      const { etag: _, ...after } = (await accounts.read(userId)) ?? {};
      expect(after).toEqual(tombstoneOf(userId, as, NOW));
      const filled = Object.entries(after).filter(([, value]) => !isEmpty(value));
      expect(filled.map(([name]) => name).sort()).toEqual(['dueAt', 'lastActivity', 'state', 'userId']);
      expect(await tokenCache.read(userId)).toBeUndefined();
    });

    it(`says that there was nothing to end the second time, and changes nothing (${as})`, async () => {
      const { accounts, userId, deps } = setUp();
      await accounts.create(sampleAccount({ userId }));
      await endAccount(deps, userId, as);
      const after = await accounts.read(userId);
      expect(await endAccount(deps, userId, as)).toBe(false);
      expect(await accounts.read(userId)).toEqual(after);
    });
  }

  it.each(ENDED)('has one due row, for when all that was running has ended (%s)', async (as) => {
    const { accounts, userId, deps } = setUp();
    await accounts.create(sampleAccount({ userId }));
    await endAccount(deps, userId, as);
    expect([...accounts.dueRows.keys()]).toEqual([dueRowKey(removeCacheAt(NOW), userId)]);
  });

  it('remembers that a user disconnected whom nobody has seen, and nobody else', async () => {
    const { accounts, userId, deps } = setUp();
    expect(await endAccount(deps, userId, 'retired')).toBe(false);
    expect(await accounts.read(userId)).toBeUndefined();
    expect(await endAccount(deps, userId, 'disconnected')).toBe(false);
    expect(await accounts.read(userId)).toMatchObject({ state: 'disconnected' });
  });

  it.each([
    ['retired', 'disconnected'],
    ['disconnected', 'retired'],
  ] as const)('makes of a tombstone that is %s one that is %s', async (first, then) => {
    const { accounts, userId, deps } = setUp();
    await accounts.create(sampleAccount({ userId }));
    await endAccount(deps, userId, first);
    expect(await endAccount(deps, userId, then)).toBe(true);
    expect(await accounts.read(userId)).toMatchObject({ state: then });
  });

  it.each([undefined, ...ENDED])('erases a cache that no row accounts for (%s)', async (state) => {
    const { accounts, tokenCache, userId, deps } = setUp();
    if (state !== undefined) await accounts.create(tombstoneOf(userId, state, NOW));
    await tokenCache.write(userId, 'late', undefined);
    expect(await endAccount(deps, userId, 'retired')).toBe(true);
    expect(await tokenCache.read(userId)).toBeUndefined();
  });

  it('goes on from where it was when a store could not be reached', async () => {
    const { accounts, tokenCache, userId, deps } = setUp();
    await accounts.create(sampleAccount({ userId }));
    await tokenCache.write(userId, 'sealed', undefined);
    const down = () => Promise.reject(new UnavailableError('token-cache'));
    for (const fault of [{ read: down }, { remove: down }]) {
      const faulty = { ...deps, tokenCache: { ...tokenCache, ...fault } };
      await expect(endAccount(faulty, userId, 'disconnected')).rejects.toThrow(UnavailableError);
      expect(await accounts.read(userId)).toMatchObject({ state: 'disconnected' });
    }
    expect(await endAccount(deps, userId, 'disconnected')).toBe(true);
    expect(await tokenCache.read(userId)).toBeUndefined();
  });

  it('gives up on a row, or on a cache, that changes on every try', async () => {
    const { accounts, tokenCache, userId, deps } = setUp();
    await accounts.create(sampleAccount({ userId }));
    await tokenCache.write(userId, 'sealed', undefined);
    const busy = () => Promise.reject(new ConflictError('Somebody else was faster.'));
    const rows: AccountStore = { ...accounts, move: busy };
    await expect(endAccount({ ...deps, accounts: rows }, userId, 'retired')).rejects.toThrow(ConflictError);
    expect(await tokenCache.read(userId)).toBeDefined();
    const caches: TokenCacheStore = { ...tokenCache, remove: busy };
    await expect(endAccount({ ...deps, tokenCache: caches }, userId, 'retired')).rejects.toThrow(
      ConflictError,
    );
  });
});

describe('removeCache', () => {
  it.each(CONNECTED)('leaves the cache of a user who is %s', async (state) => {
    const { accounts, tokenCache, userId, deps } = setUp();
    await accounts.create(sampleAccount({ userId, state }));
    await tokenCache.write(userId, 'sealed', undefined);
    expect(await removeCache(deps, userId)).toBe(false);
    expect(await tokenCache.read(userId)).toBeDefined();
  });

  it('removes what was stored while it read the row', async () => {
    const { accounts, tokenCache, userId, deps } = setUp();
    await accounts.create(tombstoneOf(userId, 'retired', NOW));
    const first = await tokenCache.write(userId, 'sealed', undefined);
    let reads = 0;
    const countingAccounts: AccountStore = {
      ...accounts,
      async read(...args) {
        reads += 1;
        if (reads === 1) await tokenCache.write(userId, 'late', first);
        return accounts.read(...args);
      },
    };
    expect(await removeCache({ ...deps, accounts: countingAccounts }, userId)).toBe(true);
    expect(reads).toBe(2);
    expect(await tokenCache.read(userId)).toBeUndefined();
  });
});

describe('takeBack', () => {
  it('removes the given version and no other', async () => {
    const { tokenCache, userId, deps } = setUp();
    const first = await tokenCache.write(userId, 'first', undefined);
    const second = await tokenCache.write(userId, 'second', first);
    expect(await takeBack(deps, userId, first)).toBe(false);
    expect((await tokenCache.read(userId))?.sealed).toBe('second');
    expect(await takeBack(deps, userId, second)).toBe(true);
    expect(await tokenCache.read(userId)).toBeUndefined();
  });
});

describe('isSameConnection', () => {
  const begun = { ...sampleAccount({ state: 'active' }), etag: '1' };

  it.each(CONNECTED)('is true of a row that has become %s and kept its generation', (state) => {
    expect(isSameConnection(begun, { ...begun, state, etag: '2' })).toBe(true);
  });

  it.each([
    ['is gone', undefined],
    ['has another generation', { ...begun, generation: 'another' }],
    ['has become a tombstone', { ...begun, state: 'retired' as const, generation: '' }],
    ['has become a tombstone, though it had no generation either', { ...begun, state: 'retired' as const }],
  ])('is false of a row that %s', (_, later) => {
    expect(isSameConnection(begun, later)).toBe(false);
  });
});

const isEmpty = (value: unknown): boolean =>
  value === undefined || value === '' || value === 0 || (Array.isArray(value) && value.length === 0);
