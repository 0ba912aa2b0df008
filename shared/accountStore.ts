import type { Account, Stored } from './account/account.ts';
import type { UserId } from './userId.ts';

/** A due account, leased to the run that asked for it. */
export type LeasedAccount = {
  account: Stored<Account>;
  /** When the account became due. */
  dueSince: Date;
  /** The run whose lease ended before it settled the account or gave it back. */
  abandonedBy?: string;
};

/**
 * What else a store may find while it reads the index of due times.
 * `taken`: another run was faster, or the entry is an old one of an account that is due at another time. It is normal.
 * `nobody`: the entry belongs to no account.
 * `repaired`: the account's entry was missing, so no run would have found the account. It is there again.
 * `damaged`: the account is damaged, and from now on no run meets it.
 */
export type Finding = { userId: UserId; found: 'taken' | 'nobody' | 'repaired' | 'damaged' };

/** One page of an audit. */
export type AuditPage = {
  /** How many accounts the page has. */
  accounts: number;
  /** How many accounts of the page are connected. */
  connected: number;
  damaged: number;
  /** The users of those that are due too late. */
  late: readonly UserId[];
  /** Where the next page begins, in the store's own words; undefined after the last page. */
  next: string | undefined;
};

/**
 * Stores the accounts, and an index by which a run finds those that are due. Every change of an account also writes its
 * entry in the index. All methods throw {@link UnavailableError} if the store cannot be reached.
 */
export interface AccountStore {
  /** The parts into which the store divides the accounts. Runs read them side by side. */
  readonly shards: readonly string[];
  read(userId: UserId, signal?: AbortSignal | undefined): Promise<Stored | undefined>;
  /** @throws {ConflictError} the account exists already. */
  create(account: Account, signal?: AbortSignal | undefined): Promise<Stored<Account>>;
  /**
   * Replaces `from`, as it was read, by `to`.
   * @throws {ConflictError} the account changed since it was read, or no longer exists.
   */
  update(from: Stored, to: Account, signal?: AbortSignal | undefined): Promise<Stored<Account>>;
  /** Deletes the account and its entry. @throws {ConflictError} as `update`. */
  erase(account: Stored, signal?: AbortSignal | undefined): Promise<void>;
  /** Lists all accounts, or those of one tenant. Pages are read on demand. */
  list(of?: { tid?: string | undefined }, signal?: AbortSignal | undefined): AsyncIterable<Stored>;
  /** When the account of the shard that has waited longest became due; undefined if none is due. */
  dueSince(shard: string, signal?: AbortSignal | undefined): Promise<Date | undefined>;
  /**
   * Like `dueSince`, and counts what is due, up to `atMost`. A store that leaves it out has runs that are never split.
   * @param atMost at most 1,000
   */
  dueIn?(
    shard: string,
    atMost: number,
    signal?: AbortSignal | undefined,
  ): Promise<{ dueSince: Date; count: number } | undefined>;
  /**
   * Leases the due accounts of one shard, those that have waited longest first. A few accounts are leased at once, when the
   * first of them is pulled, and each lease lasts `leaseMs` from the moment when it is made. An account that was leased and
   * not pulled is given back at `return()`, at an error, and when the signal aborts; the iteration then ends.
   *
   * On the way the store repairs its index, and tells of it by `onFound`.
   */
  claimDue(request: {
    shard: string;
    runId: string;
    leaseMs: number;
    onFound?: ((finding: Finding) => void) | undefined;
    signal?: AbortSignal | undefined;
  }): AsyncIterable<LeasedAccount>;
  /**
   * Reads one page of all accounts and restores their missing entries.
   * @param request.from where the page begins: `next` of the page before; undefined for the first page
   * @param request.atMost the most accounts of the page
   */
  audit(request: {
    from?: string | undefined;
    atMost: number;
    /** Tells whether an account is due later than any right clock can have written. */
    isDueTooLate?: ((account: Account) => boolean) | undefined;
    onFound?: ((finding: Finding) => void) | undefined;
    signal?: AbortSignal | undefined;
  }): Promise<AuditPage>;
  /**
   * How far the store's clock is ahead of this machine's, in milliseconds, by its latest answer. Undefined before the first
   * answer; a store that cannot tell leaves this out.
   */
  clockAheadMs?(): number | undefined;
  /** Whether the store has asked for fewer requests within the last seconds. A store that cannot tell leaves this out. */
  isBusy?(): boolean;
}
