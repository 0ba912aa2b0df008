import { randomUUID } from 'node:crypto';
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

const MINUTE_MS = 60_000;
/** As many entries of the index as the table gives at once. */
const PAGE = 250;
/** As many accounts as the table leases at once. */
const LEASED_AT_ONCE = 4;

/**
 * Memory stores in which so many users are due, each as days of background refreshes would have left them. A user is
 * made when the sweep reads their entry and leaves when they are settled, so that a run of any length needs no more
 * memory than those under way.
 */
export function createDueUsers(config: Config, users: number) {
  const accounts = createMemoryAccountStore();
  const tokenCache = createMemoryTokenCacheStore();
  const sharedState = createMemorySharedState();
  const sealer = createSealer(config.cacheKeys);
  /** How often each of them was called. */
  const calls: Record<string, number> = {};
  /** The version of the cache that each user under way began with. */
  const versions = new Map<UserId, string>();
  let served = 0;

  function counted<T>(name: string, answer: Promise<T>): Promise<T> {
    calls[name] = (calls[name] ?? 0) + 1;
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
      await counted('rowRead', Promise.resolve());
      const until = new Date(Date.now() + leaseMs);
      const leased = await counted(
        'transaction',
        accounts.update(account, { ...account, lease: { runId, until } }),
      );
      return { account: leased, dueSince: account.nextCheckAt };
    };
    let pages = 0;
    for (let claimed = 0; claimed < count; claimed += LEASED_AT_ONCE) {
      const group = Math.min(LEASED_AT_ONCE, count - claimed);
      for (; pages * PAGE < claimed + group; pages += 1) await counted('query', Promise.resolve());
      yield* await Promise.all(Array.from({ length: group }, lease));
    }
  }

  const adapters: Pick<Adapters, 'accounts' | 'tokenCache' | 'sharedState'> = {
    accounts: {
      ...accounts,
      claimDue,
      dueSince: (shard) =>
        counted(
          'query',
          Promise.resolve(countIn(shard) === 0 ? undefined : new Date(Date.now() - MINUTE_MS)),
        ),
      // Nobody is there before the sweep comes to them, and nobody stays.
      audit: () =>
        counted(
          'query',
          Promise.resolve({ accounts: 0, connected: 0, damaged: 0, late: [], next: undefined }),
        ),
      async update(from, to) {
        const updated = await counted('transaction', accounts.update(from, to));
        if (to.lease === undefined) await leave(updated);
        return updated;
      },
    },
    tokenCache: {
      ...tokenCache,
      read: (userId) => counted('cacheRead', tokenCache.read(userId)),
      write: (...change) => counted('cacheWrite', tokenCache.write(...change)),
    },
    sharedState: {
      ...sharedState,
      cooling: () => counted('query', sharedState.cooling()),
      beginPlan: (everyMs) => counted('lastRun', sharedState.beginPlan(everyMs)),
      lastRun: () => counted('lastRun', sharedState.lastRun()),
      beginRetiring: (everyMs) => counted('lastRun', sharedState.beginRetiring(everyMs)),
      silentSince: () => counted('lastRun', sharedState.silentSince()),
      runEnded: (...ended) => counted('lastRun', sharedState.runEnded(...ended)),
    },
  };
  return { adapters, calls, served: () => served };
}
