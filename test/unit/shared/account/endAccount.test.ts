import { describe, expect, it } from 'vitest';
import { endAccount, removeCache, takeBack } from '../../../../shared/account/endAccount.ts';
import { ended } from '../../../../shared/account/transitions.ts';
import type { AccountStore } from '../../../../shared/accountStore.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { ConflictError, UnavailableError } from '../../../../shared/errors.ts';
import type { TokenCacheStore } from '../../../../shared/tokenCacheStore.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { active, CONNECTED, damaged, USER } from './accounts.ts';
import { ago, from, HOUR, MINUTE, NOW } from './scheduleTimes.ts';

function setUp() {
  const clock = clockOf(() => NOW);
  const accounts = createMemoryAccountStore({ clock });
  const tokenCache = createMemoryTokenCacheStore();
  return { accounts, tokenCache, services: { accounts, tokenCache, clock } };
}

const ENDED = ['disconnected', 'retired'] as const;

describe('endAccount', () => {
  for (const as of ENDED) {
    it.each(CONNECTED)(`leaves only a tombstone of a user who is $state (${as})`, async (connected) => {
      const { accounts, tokenCache, services } = setUp();
      await accounts.create(connected);
      await tokenCache.write(USER, 'sealed', undefined);
      expect(await endAccount(services, USER, as)).toBe(true);
      expect(await accounts.read(USER)).toStrictEqual({
        state: as,
        userId: USER,
        since: NOW,
        nextCheckAt: from(10 * MINUTE),
        etag: expect.any(String),
      });
      expect(await tokenCache.read(USER)).toBeUndefined();
    });

    it(`says that there was nothing to end the second time, and changes nothing (${as})`, async () => {
      const { accounts, services } = setUp();
      await accounts.create(active());
      await endAccount(services, USER, as);
      const after = await accounts.read(USER);
      expect(await endAccount(services, USER, as)).toBe(false);
      expect(await accounts.read(USER)).toEqual(after);
    });

    it(`ends a damaged account, whatever it was (${as})`, async () => {
      for (const was of ['connected', 'disconnected', 'retired'] as const) {
        const { accounts, services } = setUp();
        const { etag } = await accounts.create(active());
        const store: AccountStore = {
          ...accounts,
          read: async () => ({ ...damaged(was), etag }),
        };
        expect(await endAccount({ ...services, accounts: store }, USER, as)).toBe(true);
        expect(await accounts.read(USER)).toMatchObject({ state: as, since: NOW });
      }
    });
  }

  it('remembers that an unknown user disconnected, and makes no other tombstone', async () => {
    const { accounts, services } = setUp();
    expect(await endAccount(services, USER, 'retired')).toBe(false);
    expect(await accounts.read(USER)).toBeUndefined();
    expect(await endAccount(services, USER, 'disconnected')).toBe(false);
    expect(await accounts.read(USER)).toMatchObject({ state: 'disconnected' });
  });

  it.each([
    ['retired', 'disconnected'],
    ['disconnected', 'retired'],
  ] as const)('makes of a tombstone that is %s one that is %s', async (first, then) => {
    const { accounts, services } = setUp();
    await accounts.create(ended(USER, first, ago(HOUR)));
    expect(await endAccount(services, USER, then)).toBe(true);
    expect(await accounts.read(USER)).toMatchObject(ended(USER, then, NOW));
  });

  it.each([
    undefined,
    ...ENDED,
  ])('deletes a cache that belongs to no connected account (%s)', async (state) => {
    const { accounts, tokenCache, services } = setUp();
    if (state !== undefined) await accounts.create(ended(USER, state, NOW));
    await tokenCache.write(USER, 'late', undefined);
    expect(await endAccount(services, USER, 'retired')).toBe(true);
    expect(await tokenCache.read(USER)).toBeUndefined();
  });

  it('tells of each tombstone that it stores, even if the cache cannot be deleted', async () => {
    const { accounts, tokenCache, services } = setUp();
    let told = 0;
    const onEnded = () => {
      told += 1;
    };
    await accounts.create(active());
    const down = () => Promise.reject(new UnavailableError('token-cache'));
    const faulty = { ...services, tokenCache: { ...tokenCache, read: down } };
    await expect(endAccount(faulty, USER, 'disconnected', { onEnded })).rejects.toThrow(UnavailableError);
    expect(told).toBe(1);
    await endAccount(services, USER, 'disconnected', { onEnded });
    expect(told).toBe(1);
    const unknown = setUp();
    await endAccount(unknown.services, USER, 'disconnected', { onEnded });
    expect(told).toBe(2);
  });

  it('ends an account as of an earlier time, and none that may not end', async () => {
    const { accounts, services } = setUp();
    await accounts.create(active());
    const before = await accounts.read(USER);
    const options = { since: ago(HOUR) };
    expect(await endAccount(services, USER, 'disconnected', { ...options, mayEnd: () => false })).toBe(false);
    expect(await accounts.read(USER)).toEqual(before);
    const mayEnd = ({ state }: { state: string }) => state === 'active';
    expect(await endAccount(services, USER, 'disconnected', { ...options, mayEnd })).toBe(true);
    expect(await accounts.read(USER)).toMatchObject({ since: ago(HOUR), nextCheckAt: from(10 * MINUTE) });
  });

  it('goes on from where it was when a store could not be reached', async () => {
    const { accounts, tokenCache, services } = setUp();
    await accounts.create(active());
    await tokenCache.write(USER, 'sealed', undefined);
    const down = () => Promise.reject(new UnavailableError('token-cache'));
    for (const fault of [{ read: down }, { remove: down }]) {
      const faulty = { ...services, tokenCache: { ...tokenCache, ...fault } };
      await expect(endAccount(faulty, USER, 'disconnected')).rejects.toThrow(UnavailableError);
      expect(await accounts.read(USER)).toMatchObject({ state: 'disconnected' });
    }
    expect(await endAccount(services, USER, 'disconnected')).toBe(true);
    expect(await tokenCache.read(USER)).toBeUndefined();
  });

  it('gives up on a row, or on a cache, that changes on every try', async () => {
    const { accounts, tokenCache, services } = setUp();
    await accounts.create(active());
    await tokenCache.write(USER, 'sealed', undefined);
    const busy = () => Promise.reject(new ConflictError('Another operation was faster.'));
    const rows: AccountStore = { ...accounts, update: busy };
    await expect(endAccount({ ...services, accounts: rows }, USER, 'retired')).rejects.toThrow(ConflictError);
    expect(await tokenCache.read(USER)).toBeDefined();
    const caches: TokenCacheStore = { ...tokenCache, remove: busy };
    await expect(endAccount({ ...services, tokenCache: caches }, USER, 'retired')).rejects.toThrow(
      ConflictError,
    );
  });
});

describe('removeCache', () => {
  it.each(CONNECTED)('leaves the cache of a user who is $state', async (connected) => {
    const { accounts, tokenCache, services } = setUp();
    await accounts.create(connected);
    await tokenCache.write(USER, 'sealed', undefined);
    expect(await removeCache(services, USER)).toBe(false);
    expect(await tokenCache.read(USER)).toBeDefined();
  });

  it('leaves the cache of a damaged account', async () => {
    const { accounts, tokenCache, services } = setUp();
    await tokenCache.write(USER, 'sealed', undefined);
    for (const was of ['connected', 'disconnected', 'retired'] as const) {
      const store: AccountStore = {
        ...accounts,
        read: async () => ({ ...damaged(was), etag: 'etag-1' }),
      };
      expect(await removeCache({ ...services, accounts: store }, USER)).toBe(false);
    }
    expect(await tokenCache.read(USER)).toBeDefined();
  });

  it('removes what was stored while it read the row', async () => {
    const { accounts, tokenCache, services } = setUp();
    await accounts.create(ended(USER, 'retired', NOW));
    const first = await tokenCache.write(USER, 'sealed', undefined);
    let reads = 0;
    const countingAccounts: AccountStore = {
      ...accounts,
      async read(...args) {
        reads += 1;
        if (reads === 1) await tokenCache.write(USER, 'late', first);
        return accounts.read(...args);
      },
    };
    expect(await removeCache({ ...services, accounts: countingAccounts }, USER)).toBe(true);
    expect(reads).toBe(2);
    expect(await tokenCache.read(USER)).toBeUndefined();
  });
});

describe('takeBack', () => {
  it('removes the given version and no other', async () => {
    const { tokenCache, services } = setUp();
    const first = await tokenCache.write(USER, 'first', undefined);
    const second = await tokenCache.write(USER, 'second', first);
    expect(await takeBack(services, USER, first)).toBe(false);
    expect((await tokenCache.read(USER))?.sealed).toBe('second');
    expect(await takeBack(services, USER, second)).toBe(true);
    expect(await tokenCache.read(USER)).toBeUndefined();
  });
});
