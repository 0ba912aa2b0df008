/** The interfaces between the use cases and the outside world. This file has only types. */

import type { ApiCall, OpenApi } from './api.ts';
import type { Clock } from './clock.ts';
import type { Failure, FailureKind, Throttle } from './errors.ts';
import type { Log } from './log.ts';
import type { LogId, UserId } from './userId.ts';
import type { Profile } from './wire.ts';

/** One request, or one run of the worker: its log, and the signal that ends it. */
export type Operation = {
  log: Log;
  /** Ends the operation early. */
  signal?: AbortSignal | undefined;
  /** Stead's id of the operation. Every call to Entra and Graph carries it, if it is a GUID. */
  correlationId?: string | undefined;
};

/** Everything that the use cases need: the ports, and some settings. */
export type Services = {
  verifyAccessToken: VerifyAccessToken;
  userTokens: UserTokens;
  readProfile: ReadProfile;
  readPhoto: ReadPhoto;
  openApi: OpenApi;
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  tenants: TenantStore;
  schedule: ScheduleSettings;
  logId: LogId;
  clock: Clock;
};

export type ScheduleSettings = {
  /** The time without a visit after which the worker begins to act for a user. */
  idleForMs: number;
  /** The shortest time between two refreshes of one user. */
  minIntervalMs: number;
  /** True to check every idle user in every run, as the .NET sample does. */
  everyRun: boolean;
  /** The time without a visit after which an account is retired. */
  retentionMs: number;
};

/** The user of a verified access token. */
export type Caller = {
  userId: UserId;
  /** The tenant id: a GUID in lower case. */
  tid: string;
  /** The object id: a GUID in lower case. */
  oid: string;
  userPrincipalName: string | undefined;
  /** When the access token ends. */
  expiresOn: Date;
  /** The access token itself, for the exchange on behalf of the user. */
  assertion: string;
};

/**
 * Verifies an access token.
 * @throws {TokenInvalidError} the token is not valid for this API.
 * @throws {ForbiddenError} the token is valid, but its scope, tenant or client is not allowed.
 * @throws {UserTokenError} of kind `misconfigured`: the token is valid, but Entra never exchanges a token with its signature.
 * @throws {UnavailableError} the keys to verify it with cannot be fetched now.
 */
export type VerifyAccessToken = (token: string) => Promise<Caller>;

/**
 * Reads the signed-in user from Microsoft Graph.
 * @throws {UserTokenError} Graph refuses the request or cannot be reached.
 */
export type ReadProfile = (call: ApiCall) => Promise<Profile>;

/** An image: its media type, such as `image/jpeg`, and its bytes. */
export type Photo = { type: string; data: Uint8Array };

/**
 * Reads the signed-in user's photo from Microsoft Graph; undefined if they have none.
 * @throws {UserTokenError} Graph refuses the request or cannot be reached.
 */
export type ReadPhoto = (call: ApiCall) => Promise<Photo | undefined>;

/** A user's access token for a downstream API, and what became of the stored cache. */
export type UserToken = {
  accessToken: string;
  /** When the access token ends. */
  expiresOn: Date;
  /** `network` if the token endpoint was asked, as the record of Stead's own network client says. */
  source: 'cache' | 'network';
  /** MSAL's id of the user: `<oid>.<tid>` of their home tenant. */
  homeAccountId: string;
  /** When the refresh token ends, if the token endpoint said so. */
  refreshTokenExpiresOn: Date | undefined;
  /** Whether the stored cache now has the tokens of this operation. */
  stored: boolean;
  /** The ETag of the cache that this operation wrote, so that it can delete exactly that version. */
  written: string | undefined;
  /** Whether the stored cache was sealed with a key that is no longer the first. */
  oldKey: boolean;
};

/**
 * Gets tokens for a downstream API. Refusals are logged to the operation's log. Both methods throw
 * {@link UserTokenError} if there is no token, and {@link ForeignEntryError} if a cache holds another user's entries. An
 * exchange also throws {@link TokenInvalidError} if the assertion expires during the exchange.
 */
export interface UserTokens {
  /** Exchanges the access token of a present user. `skipCache` asks the token endpoint even if a valid token is stored. */
  onBehalfOf(
    operation: Operation,
    request: {
      caller: Caller;
      skipCache?: boolean;
      /** A claims challenge (raw JSON) that the token must satisfy. With it the token endpoint is always asked. */
      claims?: string | undefined;
      /**
       * The generation of the account, which the stored cache must have. If it is undefined, the cache is neither read
       * nor written, because there must be no secret without an account.
       */
      generation: string | undefined;
      /**
       * Whether the account still has that generation. It is called if the stored cache has another one. If the account
       * still has it, the stored cache is older and is replaced; otherwise it is newer and stays. Default: it has.
       */
      isCurrent?: (() => Promise<boolean>) | undefined;
      /** Called before each request to the token endpoint. If it throws, the request is not sent and its error is thrown. */
      mayAsk?: (() => void) | undefined;
    },
  ): Promise<UserToken>;
  /** Gets a token while no user is present, with the stored cache. */
  silent(
    operation: Operation,
    request: {
      userId: UserId;
      /** Undefined if the account does not have it; then it is read from the stored cache. */
      homeAccountId: string | undefined;
      generation: string;
      /** True to ask the token endpoint even if a valid token is stored. */
      forceRefresh: boolean;
      /** Default: the scopes of the profile. */
      scopes?: readonly string[] | undefined;
      /** A claims challenge (raw JSON) that the token must satisfy. With it the token endpoint is always asked. */
      claims?: string | undefined;
    },
  ): Promise<UserToken>;
}

/** The result of opening a sealed cache. `cache` is MSAL's serialized cache. */
export type OpenedCache =
  /** `oldKey`: it was not sealed as `seal` does now, but with another key or as an earlier release did. It is sealed anew. */
  | { ok: true; cache: string; generation: string; oldKey: boolean }
  /** `corrupt`: no key opens it. `newer`: a later version of Stead sealed it. */
  | { ok: false; reason: 'corrupt' | 'newer'; kid?: never }
  /** `unknown-key`: the settings do not have its key. `kid` is the id of that key in the settings. */
  | { ok: false; reason: 'unknown-key'; kid: string };

/** Seals MSAL's serialized cache for one user, with a key of this user's own, and opens it again. */
export type Sealer = {
  /** `generation` is that of the account: it says to which of the user's connections the cache belongs. */
  seal(userId: UserId, cache: string, generation: string): Promise<string>;
  open(userId: UserId, sealed: string): Promise<OpenedCache>;
};

/** `sealed` is empty if the content is larger than any cache. Such a content is not read, because it cannot be opened. */
export type StoredCache = { sealed: string; etag: string };

/** Stores one sealed cache for each user, with optimistic concurrency by ETags. The store does not know the content. */
export interface TokenCacheStore {
  /**
   * @returns undefined if the user has no cache
   * @throws {UnavailableError} the store cannot be reached.
   */
  read(userId: UserId, signal?: AbortSignal | undefined): Promise<StoredCache | undefined>;
  /**
   * Writes the cache.
   * @param ifMatch the ETag of the version to replace; undefined if there must be no cache yet
   * @returns the new ETag
   * @throws {ConflictError} another version is stored, or the cache to replace no longer exists.
   * @throws {UnavailableError} the store cannot be reached.
   */
  write(
    userId: UserId,
    sealed: string,
    ifMatch: string | undefined,
    signal?: AbortSignal | undefined,
  ): Promise<string>;
  /**
   * Deletes the cache. It succeeds if there is no cache.
   * @param ifMatch the ETag of the version to delete; undefined deletes any version
   * @throws {ConflictError} another version is stored.
   * @throws {UnavailableError} the store cannot be reached.
   */
  remove(userId: UserId, ifMatch?: string | undefined, signal?: AbortSignal | undefined): Promise<void>;
  /**
   * Lists the users who have a cache: all of them, or those of one tenant. Pages are read on demand. Stored things that
   * are not named by a user id are skipped.
   * @throws {UnavailableError} the store cannot be reached.
   */
  list(tid?: string | undefined, signal?: AbortSignal | undefined): AsyncIterable<UserId>;
  /**
   * How many days the store keeps a deleted cache; undefined if it does not keep it, as far as it knows.
   * @throws {UnavailableError} the store cannot be reached.
   */
  keepsRemovedForDays(signal?: AbortSignal | undefined): Promise<number | undefined>;
}

/**
 * `pending`: no token yet. `active`: the worker keeps the user's token valid. `needs-user`: the user must sign in again.
 * `disconnected` (by the user) and `retired` (by time or by an operator) are tombstones.
 */
export type AccountState = 'pending' | 'active' | 'needs-user' | 'disconnected' | 'retired';

export type HistoryEntry = {
  at: Date;
  outcome: 'refreshed' | 'from-cache' | 'failed' | 'task-done' | 'task-failed';
  kind?: FailureKind;
  code?: string;
  /** The task's name. */
  task?: string;
};

export type StoredFailure = Omit<Failure, 'retryAfterSeconds' | 'unsure' | 'throttle' | 'upstream'> & {
  at: Date;
};

/** One account. Dates are UTC with milliseconds; `dueAt` has whole seconds. */
export type AccountFields = {
  userId: UserId;
  homeAccountId: string | undefined;
  userPrincipalName: string | undefined;
  lastActivity: Date;
  state: AccountState;
  /**
   * A new id each time the user is connected. The stored cache has it, too. So an operation that began before the account
   * ended cannot write into what is stored after the user came back. Empty for a tombstone.
   */
  generation: string;
  /** When the next check is due or, while `runId` is set, when the lease ends. It names the account's only due row. */
  dueAt: Date;
  /** The run that has leased the account until `dueAt`; undefined if no run has. */
  runId: string | undefined;
  failure: StoredFailure | undefined;
  /** How many checks in a row failed, for the back-off. */
  attempts: number;
  /** When the worker last got a token from the token endpoint. */
  lastRefreshed: Date | undefined;
  /** When the newest access token ends. */
  expiresOn: Date | undefined;
  refreshTokenExpiresOn: Date | undefined;
  /** Newest last, at most 20. Only the worker writes it. */
  history: readonly HistoryEntry[];
};

export type Account = AccountFields & {
  etag: string;
  /**
   * The row cannot be believed, because somebody edited it: its last activity is not a time. The worker leaves such an account
   * alone, and the user's next visit connects it anew.
   */
  damaged?: true;
};

/** The row that says when an account is due, as a sweep reads it. */
export type DueRow = {
  userId: UserId;
  shard: string;
  /** When the account became due, or the time of the query if the row's key has no time that can be read. */
  dueSince: Date;
  rowKey: string;
  etag: string;
};

/**
 * Stores the accounts. After every method, each account has exactly one due row, which `dueAt` names.
 * All methods throw {@link UnavailableError} if the store cannot be reached.
 */
export interface AccountStore {
  read(userId: UserId, signal?: AbortSignal | undefined): Promise<Account | undefined>;
  /** Creates the account and its due row. @throws {ConflictError} the account exists already. */
  create(fields: AccountFields, signal?: AbortSignal | undefined): Promise<Account>;
  /**
   * Replaces `from` by `to`, and moves the due row. A tombstone keeps no other column.
   * @param from the account as it was read
   * @throws {ConflictError} the account changed since it was read, or no longer exists.
   */
  move(from: Account, to: AccountFields, signal?: AbortSignal | undefined): Promise<Account>;
  /** Lists the accounts of one shard, or those of one tenant in it. Pages are read on demand. */
  list(shard: string, tid?: string | undefined, signal?: AbortSignal | undefined): AsyncIterable<Account>;
  /** Deletes both rows. @throws {ConflictError} the account changed since it was read, or no longer exists. */
  erase(account: Account, signal?: AbortSignal | undefined): Promise<void>;
  /** Lists the rows of one shard that are due at `now`, earliest first. Pages are read on demand. */
  due(shard: string, now: Date, signal?: AbortSignal | undefined): AsyncIterable<DueRow>;
  /** When the account of the shard that has waited longest became due; undefined if none is due at `now`. */
  dueSince(shard: string, now: Date, signal?: AbortSignal | undefined): Promise<Date | undefined>;
  /**
   * Leases a due account to the run `runId` until `until`.
   * @returns the leased account. `abandonedBy` is the run whose lease ended before it settled the account or gave it back.
   * Undefined if another run has leased it, or if its `dueAt` names another due row; then this due row is deleted.
   * `damaged` if the account is: its due row is set aside, so that no later run meets it, and nothing else changes.
   * `repaired` if that other due row was missing: it is there again, and nothing is leased.
   * `nobody` if there is no such account; {@link removeDue} deletes such due rows.
   */
  claim(
    due: DueRow,
    lease: { runId: string; until: Date },
    signal?: AbortSignal | undefined,
  ): Promise<
    { account: Account; abandonedBy: string | undefined } | 'nobody' | 'repaired' | 'damaged' | undefined
  >;
  /**
   * How far the store's clock is ahead of this machine's, in milliseconds, by its latest answer. Undefined before the first
   * answer; a store that cannot tell leaves this out.
   */
  clockAheadMs?(): number | undefined;
  /** Deletes due rows without an account. A due row that was written again since it was read stays. */
  removeDue(rows: readonly DueRow[], signal?: AbortSignal | undefined): Promise<void>;
}

/** A time during which an API is not called for the users of one tenant, or for all users. */
export type Cooldown = {
  /** A tenant id, or `*` for every tenant. */
  tenant: string;
  api: Throttle['api'];
  until: Date;
  /** The reason: too many requests, or the tenant does not have this application. Earlier releases did not store it. */
  kind: 'throttled' | 'tenant' | undefined;
};

/**
 * Stores the cooldowns. The previous release knows only those of the token endpoint.
 * All methods throw {@link UnavailableError} if the store cannot be reached.
 */
export interface TenantStore {
  /** Stores a cooldown. It replaces an earlier one of the same tenant and API. */
  cool(cooldown: Cooldown, signal?: AbortSignal | undefined): Promise<void>;
  /** The cooldowns that have not ended at `now`. */
  cooling(now: Date, signal?: AbortSignal | undefined): Promise<Cooldown[]>;
  /** Deletes the cooldowns that have ended at `now`. */
  removeEnded(now: Date, signal?: AbortSignal | undefined): Promise<void>;
}
