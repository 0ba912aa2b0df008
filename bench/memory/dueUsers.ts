import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Account, Stored } from '../../shared/account/account.ts';
import type { AccountStore, LeasedAccount } from '../../shared/accountStore.ts';
import { createSealer } from '../../shared/adapters/entra/seal.ts';
import { createMemoryAccountStore } from '../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemorySharedState } from '../../shared/adapters/memory/memorySharedState.ts';
import { createMemoryTokenCacheStore } from '../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { Config } from '../../shared/config.ts';
import type { Adapters } from '../../shared/stead.ts';
import type { UserId } from '../../shared/userId.ts';
import { dueAccount, dueCache } from '../dueAccount.ts';

export type DueUsers = ReturnType<typeof createDueUsers>;

/** How often something was called, and how long that took altogether, in milliseconds. */
export type Calls = { count: number; ms: number };

const MINUTE_MS = 60_000;
/** As many entries of the index as the table gives at once. */
const PAGE = 250;
/** As many accounts as the table leases at once. */
const LEASED_AT_ONCE = 4;

/**
 * Memory stores in which so many users are due, each as days of background refreshes would have left them. A user is
 * made when the sweep reads their entry and leaves when they are settled, so that a run of any length needs no more
 * memory than those under way. Every call takes as long as one to a storage account would.
 */
export function createDueUsers(config: Config, users: number, storageMs: number) {
  const accounts = createMemoryAccountStore();
  const tokenCache = createMemoryTokenCacheStore();
  const sharedState = createMemorySharedState();
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

  async function arrive() {
    const { entra } = config;
    const owner = {
      tid: entra.tenantId,
      oid: randomUUID(),
      clientId: entra.clientId,
      environment: new URL(entra.authority).host,
    };
    const account = dueAccount(owner);
    const { userId, generation } = account;
    const cache = dueCache(owner, account);
    const stored = await accounts.create(account);
    versions.set(
      userId,
      await tokenCache.write(userId, await sealer.seal(userId, cache, generation), undefined),
    );
    return stored;
  }

  /** Whoever leaves was served if they have a new cache and are due once, later than now. */
  async function leave(account: Stored<Account>): Promise<void> {
    const { userId, state, nextCheckAt } = account;
    const stored = await tokenCache.read(userId);
    const isNew = stored !== undefined && stored.etag !== versions.get(userId);
    const times = accounts.index.entries().flatMap((entry) => (entry.userId === userId ? [entry.at] : []));
    const isDueOnce = times.length === 1 && times[0]?.getTime() === nextCheckAt.getTime();
    if (isNew && state === 'active' && nextCheckAt > new Date() && isDueOnce) served += 1;
    versions.delete(userId);
    await accounts.erase(account);
    await tokenCache.remove(userId);
  }

  function countIn(shard: string): number {
    const place = accounts.shards.indexOf(shard);
    const upTo = (next: number) => Math.floor((users * next) / accounts.shards.length);
    return upTo(place + 1) - upTo(place);
  }

  /** Makes users and leases them, a few at once as the table does. */
  async function* claimDue({
    shard,
    runId,
    leaseMs,
  }: Parameters<AccountStore['claimDue']>[0]): AsyncGenerator<LeasedAccount> {
    const count = countIn(shard);
    const lease = async (): Promise<LeasedAccount> => {
      const account = await arrive();
      // The table reads the account before it leases it.
      await takes('rowRead', nothing);
      const until = new Date(Date.now() + leaseMs);
      const leased = await takes('transaction', () =>
        accounts.update(account, { ...account, lease: { runId, until } }),
      );
      return { account: leased, dueSince: account.nextCheckAt };
    };
    let pages = 0;
    for (let claimed = 0; claimed < count; claimed += LEASED_AT_ONCE) {
      const group = Math.min(LEASED_AT_ONCE, count - claimed);
      for (; pages * PAGE < claimed + group; pages += 1) await takes('query', nothing);
      yield* await Promise.all(Array.from({ length: group }, lease));
    }
  }

  const adapters: Pick<Adapters, 'accounts' | 'tokenCache' | 'sharedState'> = {
    accounts: {
      ...accounts,
      claimDue,
      dueSince: (shard) =>
        takes('query', async () => (countIn(shard) === 0 ? undefined : new Date(Date.now() - MINUTE_MS))),
      // Nobody is there before the sweep comes to them, and nobody stays.
      audit: () =>
        takes('query', async () => ({ accounts: 0, connected: 0, damaged: 0, late: [], next: undefined })),
      async update(from, to) {
        const updated = await takes('transaction', () => accounts.update(from, to));
        if (to.lease === undefined) await leave(updated);
        return updated;
      },
    },
    tokenCache: {
      ...tokenCache,
      read: (userId) => takes('cacheRead', () => tokenCache.read(userId)),
      write: (...change) => takes('cacheWrite', () => tokenCache.write(...change)),
    },
    sharedState: {
      ...sharedState,
      cooling: () => takes('query', () => sharedState.cooling()),
      beginPlan: (everyMs) => takes('lastRun', () => sharedState.beginPlan(everyMs)),
      lastRun: () => takes('lastRun', () => sharedState.lastRun()),
      runEnded: (...ended) => takes('lastRun', () => sharedState.runEnded(...ended)),
    },
  };
  return { adapters, calls, served: () => served };
}

const nothing = async (): Promise<void> => {};
