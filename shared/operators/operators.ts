import { type Account, type Damaged, isConnected, isTombstone, type Stored } from '../account/account.ts';
import { clocksDiffer } from '../account/clocksDiffer.ts';
import { endAccount, removeCache } from '../account/endAccount.ts';
import { rescheduleLate } from '../account/rescheduleLate.ts';
import { afterCooldown, isDueTooLate, retireAt } from '../account/schedule.ts';
import type { Finding } from '../accountStore.ts';
import type { Services } from '../ports.ts';
import type { Cooldown, LastRun } from '../sharedState.ts';
import type { UserId } from '../userId.ts';
import { type AccountExport, exportAccount } from './exportAccount.ts';
import { laterChange, readLoggedChange } from './loggedChange.ts';
import { decideReplay, type LoggedEnd, type ReplayDecision, replayEnd } from './replayEnd.ts';
import { type RetryResult, retryAccount } from './retryAccount.ts';

/** How long an operator's confirmation lifts the ceiling of retirements. */
const CONFIRMED_FOR_MS = 24 * 3_600_000;
const AUDIT_PAGE = 1_000;

/** What operators see and do. Nothing here asks Entra, or opens a cache. Every method throws {@link UnavailableError}. */
export function createOperators(services: Services) {
  const { accounts, tokenCache, sharedState, schedule, logId, clock } = services;
  return {
    logId,

    /** Lists all accounts, or those of one tenant. Pages are read on demand. */
    list: (tid?: string): AsyncIterable<Stored> => accounts.list({ tid }),
    show: (userId: UserId): Promise<Stored | undefined> => accounts.read(userId),
    /** Everything that is stored of one user, without tokens and claims; undefined if nothing is. */
    export: (userId: UserId): Promise<AccountExport | undefined> => exportAccount(services, userId),

    /** Makes an account due now. @param force also if it needs the user */
    retry: (userId: UserId, force: boolean): Promise<RetryResult> => retryAccount(services, userId, force),

    /**
     * Ends an account and deletes its cache. The user's next visit connects it anew.
     * @returns whether there was anything to end
     * @throws {ConflictError} the account or its cache changed on every try.
     */
    retire: (userId: UserId): Promise<boolean> => endAccount(services, userId, 'retired'),

    /** What an event of the log says of a user's account, and which of two such changes holds. */
    readLoggedChange,
    laterChange,
    /** Decides whether an account must be ended again, because the store has lost an end that the log has. */
    decideReplay,
    /** Ends such an account again. @throws {ConflictError} the account or its cache changed on every try. */
    replayEnd: (userId: UserId, end: LoggedEnd): Promise<ReplayDecision> => replayEnd(services, userId, end),

    /** True if this machine's clock and the store's differ too much, by the store's latest answer. */
    clocksDiffer: (): boolean => clocksDiffer(accounts),

    /** What the runs have written down: the last run, the audit, and whether accounts may be retired. */
    lastRun: (): Promise<LastRun> => sharedState.lastRun(),

    /** True for an account whose user has not visited for the whole retention time. The worker retires it. */
    isOverRetention(account: Account | Damaged): boolean {
      return isConnected(account) && clock.now() >= retireAt(account, schedule);
    },

    /** Lets the worker retire any number of accounts for a day. @returns the end of that day */
    async confirmRetirement(): Promise<Date> {
      const until = new Date(clock.now().getTime() + CONFIRMED_FOR_MS);
      await sharedState.orderRetirement({ order: 'confirmed', until });
      return until;
    },

    /** Lets the worker retire accounts again after a stop. The ceiling counts anew. */
    resumeRetirement: (): Promise<void> => sharedState.orderRetirement({ order: 'resumed', at: clock.now() }),

    /**
     * Reads all accounts and restores their missing entries in the index at once, as the worker's audit does in the course
     * of a day. Accounts that are due too late become due now.
     * @param onFound is told of each repair
     * @returns `rescheduled`: the users of the accounts that were due too late
     */
    async audit(
      onFound: (finding: Finding) => void,
    ): Promise<{ connected: number; damaged: number; rescheduled: UserId[] }> {
      const counts = { connected: 0, damaged: 0 };
      const rescheduled: UserId[] = [];
      let from: string | undefined;
      do {
        const page = await accounts.audit({
          from,
          atMost: AUDIT_PAGE,
          isDueTooLate: (account) => isDueTooLate(account, clock.now(), schedule),
          onFound,
        });
        for (const userId of page.late) if (await rescheduleLate(services, userId)) rescheduled.push(userId);
        counts.connected += page.connected;
        counts.damaged += page.damaged;
        from = page.next;
      } while (from !== undefined);
      return { ...counts, rescheduled };
    },

    /** True for a cache of this account that should not be there. */
    isOrphaned: (account: Account | Damaged | undefined): boolean =>
      account === undefined || isTombstone(account),

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
    keepsRemovedForDays: (): Promise<number | 'not-allowed' | undefined> => tokenCache.keepsRemovedForDays(),

    listCooldowns: (): Promise<Cooldown[]> => sharedState.cooling(),

    /** Ends the cooldowns of a tenant, and returns them as they were. */
    async endCooldowns(tid: string): Promise<Cooldown[]> {
      const ended = (await sharedState.cooling()).filter(({ tenant }) => tenant === tid);
      for (const cooldown of ended) await sharedState.cool({ ...cooldown, until: clock.now() });
      return ended;
    },

    /** True if the cooldown has postponed the next check. Such an account has no failure, but would wait for its end. */
    isPostponedBy({ until }: Cooldown, { state, nextCheckAt }: Account | Damaged): boolean {
      const isWaiting = state === 'pending' || state === 'active';
      return isWaiting && nextCheckAt >= until && nextCheckAt <= afterCooldown(until, 1);
    },
  };
}
