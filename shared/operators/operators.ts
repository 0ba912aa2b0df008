import { endAccount, removeCache } from '../account/endAccount.ts';
import { afterCooldown, isTombstone } from '../account/schedule.ts';
import type { Account, Cooldown, Services } from '../ports.ts';
import { SHARDS, type UserId } from '../userId.ts';
import { type RetryResult, retryAccount } from './retryAccount.ts';

/** What operators see and do. Nothing here asks Entra, or opens a cache. Every method throws {@link UnavailableError}. */
export function createOperators(services: Services) {
  const { accounts, tokenCache, tenants, logId, clock } = services;
  return {
    logId,

    /** Lists all accounts, or those of one tenant. Pages are read on demand. */
    async *list(tid?: string): AsyncGenerator<Account> {
      for (const shard of SHARDS) yield* accounts.list(shard, tid);
    },
    show: (userId: UserId): Promise<Account | undefined> => accounts.read(userId),

    /** Makes an account due now. @param force also if it needs the user */
    retry: (userId: UserId, force: boolean): Promise<RetryResult> => retryAccount(services, userId, force),

    /**
     * Ends an account and deletes its cache. The user's next visit connects it anew.
     * @returns whether there was anything to end
     * @throws {ConflictError} the account or its cache changed on every try.
     */
    retire: (userId: UserId): Promise<boolean> => endAccount(services, userId, 'retired'),

    /** True for a cache of this account that should not be there. */
    isOrphaned: (account: Account | undefined): boolean =>
      account === undefined || isTombstone(account.state),

    /** Lists whose caches are stored: all, or those of one tenant. */
    listCaches: (tid?: string): AsyncIterable<UserId> => tokenCache.list(tid),
    hasCache: async (userId: UserId): Promise<boolean> => (await tokenCache.read(userId)) !== undefined,

    /**
     * Deletes the cache of a user whose account has ended or does not exist.
     * @returns whether there was one
     * @throws {ConflictError} the cache changed on every try.
     */
    removeCache: (userId: UserId): Promise<boolean> => removeCache(services, userId),

    /** For how many days the store keeps what was deleted; undefined if it does not, as far as it can tell. */
    keepsRemovedForDays: (): Promise<number | undefined> => tokenCache.keepsRemovedForDays(),

    listCooldowns: (): Promise<Cooldown[]> => tenants.cooling(clock.now()),

    /** Ends the cooldowns of a tenant, and returns them as they were. */
    async endCooldowns(tid: string): Promise<Cooldown[]> {
      const ended = (await tenants.cooling(clock.now())).filter(({ tenant }) => tenant === tid);
      for (const cooldown of ended) await tenants.cool({ ...cooldown, until: clock.now() });
      return ended;
    },

    /** True if the cooldown has postponed the next check. Such an account has no failure, but would wait for its end. */
    isPostponedBy({ until }: Cooldown, { state, dueAt }: Account): boolean {
      const isWaiting = !isTombstone(state) && state !== 'needs-user';
      return isWaiting && dueAt >= until && dueAt <= afterCooldown(until, 1);
    },
  };
}
