import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSealer } from '../../shared/adapters/entra/seal.ts';
import { createMemoryAccountStore } from '../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTenantStore } from '../../shared/adapters/memory/memoryTenantStore.ts';
import { createMemoryTokenCacheStore } from '../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { Config } from '../../shared/config.ts';
import type { Account, AccountFields, DueRow } from '../../shared/ports.ts';
import type { Adapters } from '../../shared/stead.ts';
import {
  dueRowKey,
  SHARDS,
  toUserId,
  type UserId,
  userOfDueRowKey,
  wholeSecond,
} from '../../shared/userId.ts';
import { makeMsalCache, makeRefreshToken } from '../makeMsalCache.ts';

export type DueUsers = ReturnType<typeof createDueUsers>;

/** How often something was called, and how long that took altogether, in milliseconds. */
export type Calls = { count: number; ms: number };

const MINUTE_MS = 60_000;
/** As many as a row keeps. */
const HISTORY = 20;
/** As many due rows as the table gives at once. */
const PAGE = 250;

/**
 * Memory stores in which so many users are due, each as days of background refreshes would have left them. A user is
 * made when the sweep gets their due row and leaves when they are settled, so that a run of any length needs no more
 * memory than those under way. Every call takes as long as one to a storage account would.
 */
export function createDueUsers(config: Config, users: number, storageMs: number) {
  const accounts = createMemoryAccountStore();
  const tokenCache = createMemoryTokenCacheStore();
  const tenants = createMemoryTenantStore();
  const sealer = createSealer(config.cacheKeys);
  const calls: Record<string, Calls> = {};
  /** The version of the cache that each user under way began with. */
  const versions = new Map<UserId, string>();
  let served = 0;

  async function takes<T>(name: string, call: () => Promise<T>): Promise<T> {
    const begun = performance.now();
    await sleep(storageMs);
    const answer = await call();
    calls[name] ??= { count: 0, ms: 0 };
    calls[name].count += 1;
    calls[name].ms += performance.now() - begun;
    return answer;
  }

  async function arrive(shard: string): Promise<DueRow> {
    const { entra } = config;
    const owner = {
      tid: entra.tenantId,
      oid: randomUUID(),
      clientId: entra.clientId,
      environment: new URL(entra.authority).host,
    };
    const account = dueAccount(owner);
    const { userId, dueAt, generation } = account;
    const cache = makeMsalCache(owner, {
      refreshToken: makeRefreshToken(owner.oid),
      cachedAt: seconds(account.lastRefreshed),
      expiresOn: seconds(account.expiresOn),
      otherApis: 0,
    });
    await accounts.create(account);
    versions.set(
      userId,
      await tokenCache.write(userId, await sealer.seal(userId, cache, generation), undefined),
    );
    const rowKey = dueRowKey(dueAt, userId);
    return { userId, shard, dueSince: dueAt, rowKey, etag: accounts.dueRows.get(rowKey) ?? '' };
  }

  /** Whoever leaves was served if they have a new cache and are due once, later than now. */
  async function leave(account: Account): Promise<void> {
    const { userId, state, dueAt } = account;
    const stored = await tokenCache.read(userId);
    const isNew = stored !== undefined && stored.etag !== versions.get(userId);
    const theirs = [...accounts.dueRows.keys()].filter((key) => userOfDueRowKey(key) === userId);
    const isDueOnce = theirs.length === 1 && theirs[0] === dueRowKey(dueAt, userId);
    if (isNew && state === 'active' && dueAt > new Date() && isDueOnce) served += 1;
    versions.delete(userId);
    await accounts.erase(account);
    await tokenCache.remove(userId);
  }

  function countIn(shard: string): number {
    const place = SHARDS.indexOf(shard);
    const upTo = (next: number) => Math.floor((users * next) / SHARDS.length);
    return upTo(place + 1) - upTo(place);
  }

  async function* due(shard: string): AsyncGenerator<DueRow> {
    const count = countIn(shard);
    for (let row = 0; row < count; row += 1) {
      if (row % PAGE === 0) await takes('query', nothing);
      yield await arrive(shard);
    }
  }

  const adapters: Pick<Adapters, 'accounts' | 'tokenCache' | 'tenants'> = {
    accounts: {
      ...accounts,
      due,
      dueSince: (shard, now) =>
        takes('query', async () => (countIn(shard) === 0 ? undefined : new Date(now.getTime() - MINUTE_MS))),
      async claim(row, lease) {
        // The table reads the row before it moves it.
        await takes('rowRead', nothing);
        return takes('transaction', () => accounts.claim(row, lease));
      },
      async move(from, to) {
        const moved = await takes('transaction', () => accounts.move(from, to));
        if (to.runId === undefined) await leave(moved);
        return moved;
      },
    },
    tokenCache: {
      ...tokenCache,
      read: (userId) => takes('cacheRead', () => tokenCache.read(userId)),
      write: (...change) => takes('cacheWrite', () => tokenCache.write(...change)),
    },
    tenants: {
      ...tenants,
      cooling: (now) => takes('query', () => tenants.cooling(now)),
      removeEnded: (now) => takes('query', () => tenants.removeEnded(now)),
    },
  };
  return { adapters, calls, served: () => served };
}

const nothing = async (): Promise<void> => {};

function dueAccount(owner: { tid: string; oid: string }) {
  const at = (minutes: number) => new Date(Date.now() + minutes * MINUTE_MS);
  return {
    userId: toUserId(owner),
    homeAccountId: `${owner.oid}.${owner.tid}`,
    userPrincipalName: `${owner.oid}@bench.example`,
    lastActivity: at(-HISTORY * 60),
    state: 'active',
    generation: randomUUID(),
    // A due time is rounded up to the second, and must be over all the same.
    dueAt: wholeSecond(at(-0.1 - Math.random())),
    runId: undefined,
    failure: undefined,
    attempts: 0,
    lastRefreshed: at(-60),
    expiresOn: at(15),
    refreshTokenExpiresOn: at(23 * 60),
    history: Array.from({ length: HISTORY }, (_, index) => ({
      at: at((index - HISTORY) * 60),
      outcome: 'refreshed' as const,
    })),
  } satisfies AccountFields;
}

const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000);
