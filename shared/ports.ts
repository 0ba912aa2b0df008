/** The seams between the use cases and the outside world. Types only. */

import type { Clock } from './clock.ts';
import type { Failure, FailureKind, Throttle, UpstreamReference } from './errors.ts';
import type { Log } from './log.ts';
import type { LogId, UserId } from './userId.ts';
import type { Profile } from './wire.ts';

/** One operation, which is a request or a run of the worker: where it logs, and what ends it. */
export type Operation = {
  log: Log;
  /** Ends the operation early. */
  signal?: AbortSignal | undefined;
  /** Our id of the operation. It goes with every call to Entra and Graph, if it is a GUID. */
  correlationId?: string | undefined;
};

/** What an application is made of: every port, and the settings that the use cases read. */
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
  /** How long a user must have been quiet before the worker acts. */
  idleForMs: number;
  /** Least time between two refreshes of one user. */
  minIntervalMs: number;
  /** Check every idle user in every run, as the .NET sample does. */
  everyRun: boolean;
  /** Time without activity after which a user is retired. */
  retentionMs: number;
};

/** A user whose access token was verified. */
export type Caller = {
  userId: UserId;
  tid: string;
  oid: string;
  userPrincipalName: string | undefined;
  /** When the verified token ends. */
  expiresOn: Date;
  /** The verified token itself, to be exchanged on the user's behalf. */
  assertion: string;
};

/**
 * Verifies a bearer token.
 * @throws {TokenInvalidError} the token is not valid for this API.
 * @throws {ForbiddenError} it is valid and not allowed: scope, tenant or client.
 * @throws {UserTokenError} it is valid, and signed so that it can never be exchanged: `misconfigured`.
 * @throws {UnavailableError} there are no keys to verify it with, or it cannot be told yet whether there are.
 */
export type VerifyAccessToken = (token: string) => Promise<Caller>;

/** The platform's `fetch`, or one in its place. */
export type Fetch = typeof globalThis.fetch;

/** One call of a downstream API on behalf of one user. */
export type ApiCall = {
  /** Of the user, for this API. */
  accessToken: string;
  /** Whatever is sent ends with it. */
  signal?: AbortSignal | undefined;
  /** Sent as `client-request-id`, if it is a GUID. */
  correlationId?: string | undefined;
  /** True when nobody waits for the answer: the API may refuse this request before others. */
  inBackground?: boolean;
  /** Told of every answer that refuses (status 400 and above), as far as the API says more than its status. */
  onRefused?: (reference: UpstreamReference) => void;
  /** Told of every 429, also of one that the caller does not mind. */
  onThrottled?: (failure: Failure) => void;
  /** Told of every claims challenge, as raw JSON. */
  onChallenged?: (claims: string) => void;
};

/**
 * `fetch` for one {@link ApiCall}. A path is taken below the API's base URL; no redirect is followed.
 * @throws {TypeError} the address leads to another origin, which must not get the token.
 */
export type ApiFetch = (path: string, init?: RequestInit) => Promise<Response>;

/** A downstream API: what is called on behalf of a user. `Clients` are its own clients, beside `fetch`. */
export type Api<Clients extends object = object> = {
  /** What logs, history and cooldowns call it. Lower-case letters, digits and hyphens. */
  readonly name: string;
  /** What stands before a permission in a scope: `https://graph.microsoft.com`, `api://<client id>`. */
  readonly resource: string;
  /** The same API's resources in other clouds. */
  readonly otherResources?: readonly string[];
  /** Absolute. The token goes to its origin alone. */
  readonly baseUrl: string;
  /** Headers of a request that nobody waits for. */
  readonly backgroundHeaders?: Readonly<Record<string, string>>;
  /** The claims challenge of an answer, as raw JSON; undefined when it is none. */
  readChallenge(response: Response): string | undefined;
  /** What an answer of status 400 or above means, where the API says more than its status. */
  readFailure?(response: Response, now: Date): Failure;
  /** The API's own clients over a fetch that is bound to one user's token. */
  open?(fetch: ApiFetch, baseUrl: string): Clients;
};

/** Binds an API to one user's token. `Api.name` decides which address a deployment gives it. */
export type OpenApi = <Clients extends object>(
  api: Api<Clients>,
  call: ApiCall,
) => Clients & { api: { fetch: ApiFetch } };

/**
 * Reads the signed-in user from Microsoft Graph.
 * @throws {UserTokenError} Graph refuses the token or is not to be had.
 */
export type ReadProfile = (call: ApiCall) => Promise<Profile>;

/** An image: its media type and its bytes. */
export type Photo = { type: string; data: Uint8Array };

/**
 * Reads the signed-in user's photo from Microsoft Graph; undefined when they have none.
 * @throws {UserTokenError} Graph refuses the token or is not to be had.
 */
export type ReadPhoto = (call: ApiCall) => Promise<Photo | undefined>;

export type UserToken = {
  accessToken: string;
  expiresOn: Date;
  /** Whether the token endpoint was asked, by our own network client's record. */
  source: 'cache' | 'network';
  homeAccountId: string;
  /** When the refresh token ends, where the token endpoint said so. */
  refreshTokenExpiresOn: Date | undefined;
  /** Whether the stored cache now holds what this operation obtained. */
  stored: boolean;
  /** The ETag of what this operation wrote, so that it can take back that and nothing else. */
  written: string | undefined;
  /** The stored cache was sealed with a key that is no longer the first. */
  oldKey: boolean;
};

/** Tokens for a downstream API, for one user an operation. Refusals are logged by the operation's log. Both methods throw {@link UserTokenError},
 * and {@link ForeignEntryError} when a cache holds somebody else's entries; an exchange also {@link TokenInvalidError}
 * when the assertion ended on the way. */
export interface UserTokens {
  /** On behalf of a present user. `skipCache` asks the token endpoint even if a valid token is stored. */
  onBehalfOf(
    operation: Operation,
    request: {
      caller: Caller;
      skipCache?: boolean;
      /** A claims challenge (raw JSON) to be satisfied; it asks the token endpoint too. */
      claims?: string | undefined;
      /**
       * The row's, to which the stored cache must belong. Undefined forbids the cache: nobody may keep a secret that
       * no row accounts for.
       */
      generation: string | undefined;
      /**
       * Whether the row still has that generation. Asked when the stored cache has another one: an earlier one is
       * replaced, a later one left alone. Default: it has.
       */
      isCurrent?: (() => Promise<boolean>) | undefined;
      /** Called before each request to the token endpoint. If it throws, none is sent and its error is thrown. */
      mayAsk?: (() => void) | undefined;
    },
  ): Promise<UserToken>;
  /** With no user present, from the stored cache alone. */
  silent(
    operation: Operation,
    request: {
      userId: UserId;
      /** Undefined when the row never learnt it: then it is taken from the stored cache. */
      homeAccountId: string | undefined;
      generation: string;
      forceRefresh: boolean;
      /** Default: those of the profile. */
      scopes?: readonly string[] | undefined;
      /** A claims challenge (raw JSON) to be satisfied; it asks the token endpoint. */
      claims?: string | undefined;
    },
  ): Promise<UserToken>;
}

export type OpenedCache =
  | { ok: true; cache: string; generation: string; oldKey: boolean }
  /** `corrupt`: nobody can open it. `unknown-key`: we lack the key. `newer`: a later version wrote it. */
  | { ok: false; reason: 'corrupt' | 'newer'; kid?: never }
  /** `kid` is the key that it says it is sealed with. */
  | { ok: false; reason: 'unknown-key'; kid: string };

/** Seals MSAL's serialized cache for one user and opens it again. */
export type Sealer = {
  /** `generation` is the row's: which of the user's connections the cache belongs to. */
  seal(userId: UserId, cache: string, generation: string): Promise<string>;
  open(userId: UserId, sealed: string): Promise<OpenedCache>;
};

/** `sealed` is empty for content that is larger than any cache, which is not read: nobody can open it. */
export type StoredCache = { sealed: string; etag: string };

/** Opaque bytes per user under optimistic concurrency. Sealing is not its business. */
export interface TokenCacheStore {
  /** @throws {UnavailableError} */
  read(userId: UserId, signal?: AbortSignal | undefined): Promise<StoredCache | undefined>;
  /**
   * Writes if the stored version still is `ifMatch`, or if there is none when it is undefined; answers the new ETag.
   * @throws {ConflictError} another version is stored, or none is where one was expected.
   * @throws {UnavailableError}
   */
  write(
    userId: UserId,
    sealed: string,
    ifMatch: string | undefined,
    signal?: AbortSignal | undefined,
  ): Promise<string>;
  /**
   * Deletes the version `ifMatch`, or any when it is undefined; a cache that is not there is success.
   * @throws {ConflictError} another version is stored.
   * @throws {UnavailableError}
   */
  remove(userId: UserId, ifMatch?: string | undefined, signal?: AbortSignal | undefined): Promise<void>;
  /**
   * Whose caches are stored, page by page: everybody's, or one tenant's. What is not named by a user id is passed over.
   * @throws {UnavailableError}
   */
  list(tid?: string | undefined, signal?: AbortSignal | undefined): AsyncIterable<UserId>;
  /**
   * For how many days the store keeps what was removed; undefined when it does not, as far as it can tell.
   * @throws {UnavailableError}
   */
  keepsRemovedForDays(signal?: AbortSignal | undefined): Promise<number | undefined>;
}

/**
 * `pending` no token yet; `active` kept warm; `needs-user` refused until the user comes back;
 * `disconnected` (by the user) and `retired` (by time) are tombstones.
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

/** One user's row. Dates are UTC with millisecond precision, `dueAt` with whole seconds. */
export type AccountFields = {
  userId: UserId;
  homeAccountId: string | undefined;
  userPrincipalName: string | undefined;
  lastActivity: Date;
  state: AccountState;
  /**
   * Made anew whenever a user is connected, first or again; the stored cache carries it too. So what was begun
   * before a user was signed off cannot get into what is kept of them since.
   */
  generation: string;
  /** Where the user stands in time; names the user's only due row. */
  dueAt: Date;
  /** The claim that holds the user until `dueAt`; undefined when nobody does. */
  runId: string | undefined;
  failure: StoredFailure | undefined;
  /** Failures in a row, for the back-off. */
  attempts: number;
  lastRefreshed: Date | undefined;
  expiresOn: Date | undefined;
  refreshTokenExpiresOn: Date | undefined;
  /** Newest last, at most 20. Written by the worker alone. */
  history: readonly HistoryEntry[];
};

export type Account = AccountFields & { etag: string };

/** A user's place in time, as a sweep reads it. */
export type DueRow = { userId: UserId; shard: string; rowKey: string; etag: string };

/**
 * The rows. Every method keeps the invariant that each user has exactly one due row, named by `dueAt`.
 * All throw {@link UnavailableError} when the store cannot be reached.
 */
export interface AccountStore {
  read(userId: UserId, signal?: AbortSignal | undefined): Promise<Account | undefined>;
  /** Inserts the user's two rows. @throws {ConflictError} the user is there already. */
  create(fields: AccountFields, signal?: AbortSignal | undefined): Promise<Account>;
  /**
   * Replaces what `from` was read as by `to`, moving the due row with it. A tombstone keeps no other column.
   * @throws {ConflictError} the row changed since it was read, or is gone.
   */
  move(from: Account, to: AccountFields, signal?: AbortSignal | undefined): Promise<Account>;
  /** Merges `lastActivity` alone, whatever else changed. A row that is gone stays gone. */
  touch(userId: UserId, at: Date, signal?: AbortSignal | undefined): Promise<void>;
  /** All accounts of one shard, or one tenant's in it, read page by page as they are consumed. */
  list(shard: string, tid?: string | undefined, signal?: AbortSignal | undefined): AsyncIterable<Account>;
  /** Deletes both rows. @throws {ConflictError} the row changed since it was read, or is gone. */
  erase(account: Account, signal?: AbortSignal | undefined): Promise<void>;
  /** The due rows of one shard, earliest first, read page by page as they are consumed. */
  due(shard: string, now: Date, signal?: AbortSignal | undefined): AsyncIterable<DueRow>;
  /**
   * Moves a due user to `until` under `runId`; `abandonedBy` is the run whose lease ended before it put the user
   * back. Undefined when somebody else has it, or when the due row disagrees with the user's row, in which case it
   * is deleted. `nobody` when there is no such user: such due rows are for {@link removeDue}.
   */
  claim(
    due: DueRow,
    lease: { runId: string; until: Date },
    signal?: AbortSignal | undefined,
  ): Promise<{ account: Account; abandonedBy: string | undefined } | 'nobody' | undefined>;
  /** Deletes due rows of nobody, but for those that were put there anew since they were read. */
  removeDue(rows: readonly DueRow[], signal?: AbortSignal | undefined): Promise<void>;
}

/** An API that is left alone for a while, for one tenant's users or for everybody. */
export type Cooldown = {
  /** A tenant's id; `*` is every tenant. */
  tenant: string;
  api: Throttle['api'];
  until: Date;
  /** Why: too many requests, or the tenant is without this application. An earlier release did not write it down. */
  kind: 'throttled' | 'tenant' | undefined;
};

/** What is left alone for a while. The previous release knows the cooldowns of the token endpoint alone. */
export interface TenantStore {
  /** Leaves an API alone until then. The latest word counts. @throws {UnavailableError} */
  cool(cooldown: Cooldown, signal?: AbortSignal | undefined): Promise<void>;
  /** What is left alone at `now`. @throws {UnavailableError} */
  cooling(now: Date, signal?: AbortSignal | undefined): Promise<Cooldown[]>;
  /** Deletes the cooldowns that are over at `now`. @throws {UnavailableError} */
  removeEnded(now: Date, signal?: AbortSignal | undefined): Promise<void>;
}
