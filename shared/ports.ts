/** The interfaces between the use cases and the outside world. This file has only types. */

import type { Account, Stored } from './account/account.ts';
import type { Api, OpenApi } from './api.ts';
import type { Clock } from './clock.ts';
import type { Failure } from './errors.ts';
import type { Log } from './log.ts';
import type { Notices } from './notices.ts';
import type { SharedState } from './sharedState.ts';
import type { LogId, UserId } from './userId.ts';

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
  verifyAppToken: VerifyAppToken;
  userTokens: UserTokens;
  tryCredential: TryCredential;
  memorySealer: MemorySealer;
  codeGrants: CodeGrants;
  linkSealer: LinkSealer;
  /** Undefined if users cannot link. */
  link: LinkSettings | undefined;
  openApi: OpenApi;
  /** Microsoft Graph, as this deployment reaches it. Its token keeps the connections. */
  graph: Api;
  /** Every API that a task or a function uses, Graph among them, as this deployment reaches it. */
  apis: ReadonlySet<Api>;
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  sharedState: SharedState;
  connectWhen: ConnectWhen;
  notices: Notices;
  schedule: ScheduleSettings;
  logChecks: LogChecks;
  logId: LogId;
  clock: Clock;
};

/** Gives tokens with which a store is reached in place of a key. The storage SDKs accept one. */
export type StoreCredential = {
  /**
   * @param scopes one scope, such as `https://storage.azure.com/.default`
   * @throws {StoreCredentialError} there is no token.
   */
  getToken(scopes: string | string[]): Promise<StoreToken>;
};

/** Times are in milliseconds since 1970. */
export type StoreToken = {
  token: string;
  expiresOnTimestamp: number;
  /** From then on the next call of `getToken` gets a newer token. */
  refreshAfterTimestamp?: number;
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

/** Where a link leads. All of it comes from the settings, and nothing from a request. */
export type LinkSettings = {
  /** The redirect URI of this API's registration, of the platform Web. */
  redirectUri: string;
  /** The address to which a ticket is added. */
  openUrl: string;
  /** The pages to which the browser may return, each exactly. The first one is the default. */
  returnUrls: readonly [string, ...string[]];
};

/**
 * What connects a user: their first `visit`, and their next one after time or an operator ended the connection; or nothing but
 * their wish (`ask`, `PUT /api/connection`). Who has disconnected is connected by their wish alone, whatever this says.
 */
export type ConnectWhen = 'visit' | 'ask';

/**
 * Which checks have an event `user.check-ended`: all of them, or those that are not routine. A run's summary counts all of
 * them in any case.
 */
export type LogChecks = 'all' | 'changes';

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

/** What a caller sent, beside their access token. The same object may be read more than once. */
export type FunctionRequest = {
  /** In upper case. */
  method: string;
  query: URLSearchParams;
  /** The parts of the route that are parameters, by name. */
  params: Readonly<Record<string, string>>;
  text(): Promise<string>;
  /** @throws {RequestMalformedError} the body is not JSON. */
  json(): Promise<unknown>;
};

/**
 * Verifies an access token.
 * @throws {TokenInvalidError} the token is not valid for this API.
 * @throws {ForbiddenError} the token is valid, but its scope, tenant or client is not allowed.
 * @throws {UserTokenError} of kind `misconfigured`: the token is valid, but Entra never exchanges a token with its signature.
 * @throws {UnavailableError} the keys to verify it with cannot be fetched now.
 */
export type VerifyAccessToken = (token: string) => Promise<Caller>;

/** An application that calls in its own name, and not for a user. */
export type CallingApp = {
  /** Its service principal, written like a user id. */
  principalId: UserId;
  /** Its client id: a GUID in lower case. */
  clientId: string;
};

/**
 * Verifies an access token with which an application of this API's own tenant may start a run of the worker.
 * @throws {TokenInvalidError} the token is not an application's token for this API. A user's token is not.
 * @throws {ForbiddenError} the token is valid, but of another tenant, or without the role.
 * @throws {UnavailableError} the keys to verify it with cannot be fetched now.
 */
export type VerifyAppToken = (token: string) => Promise<CallingApp>;

/**
 * Asks Entra for a token of this application itself, as a proof of its credential. The token is not kept.
 * @returns why there is none; undefined if Entra accepts the credential
 */
export type TryCredential = (operation: Operation) => Promise<Failure | undefined>;

/**
 * How a refresh token was obtained: by a code, with the user at Entra's page, or by the exchange of an access token. The first
 * lasts longer.
 */
export type Grant = 'code' | 'exchange';

/** A user's access token for a downstream API, and what became of the stored cache. */
export type UserToken = {
  accessToken: string;
  /** What the token may do at its API: names of permissions in lower case. Undefined if the token endpoint did not say. */
  permissions: readonly string[] | undefined;
  /** When the access token ends. */
  expiresOn: Date;
  /** `network` if the token endpoint was asked, as the record of Stead's own network client says. */
  source: 'cache' | 'network';
  /** MSAL's id of the user: `<oid>.<tid>` of their home tenant. */
  homeAccountId: string;
  /** When the refresh token that keeps the connection ends, if it is known. */
  refreshTokenExpiresOn: Date | undefined;
  /** Which grant keeps the connection after this operation: the one that lasts longer. Absent: that of an exchange. */
  grant?: Grant;
  /** Whether the stored cache now has the tokens of this operation. */
  stored: boolean;
  /** The ETag of the cache that this operation wrote, so that it can delete exactly that version. */
  written: string | undefined;
  /** Whether the stored cache was sealed with a key that is no longer the first. */
  oldKey: boolean;
};

/**
 * Gets tokens for a downstream API, each for everything that was consented to. Refusals are logged to the operation's log.
 * Both methods throw {@link UserTokenError} if there is no token, and {@link ForeignEntryError} if a cache holds another
 * user's entries. An exchange also throws {@link TokenInvalidError} if the assertion expires during the exchange.
 */
export interface UserTokens {
  /** Exchanges the access token of a present user. `skipCache` asks the token endpoint even if a valid token is stored. */
  onBehalfOf(
    operation: Operation,
    request: {
      caller: Caller;
      api: Api;
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
      api: Api;
      /** True to ask the token endpoint even if a valid token is stored. */
      forceRefresh: boolean;
      /** A claims challenge (raw JSON) that the token must satisfy. With it the token endpoint is always asked. */
      claims?: string | undefined;
    },
  ): Promise<UserToken>;
  /**
   * What the stored tokens of a user may do, by the name of the API: names of permissions. It asks nobody but the store of
   * caches. What leaves this out cannot tell.
   * @returns without an API that has no token, or whose token endpoint did not say. Undefined if the cache cannot be read.
   */
  permissions?(
    operation: Operation,
    request: { userId: UserId; generation: string; apis: Iterable<Api> },
  ): Promise<Permissions | undefined>;
}

/**
 * Gets this API a grant of its own for a user who is present in a browser: the authorization code flow of a confidential client,
 * with PKCE.
 */
export interface CodeGrants {
  /** The address of Entra's page. It may hold the user's name, so it must not be logged. */
  signInUrl(request: {
    tid: string;
    redirectUri: string;
    /** Each with its resource. `openid profile offline_access` are added. */
    scopes: readonly string[];
    state: string;
    nonce: string;
    /** The PKCE verifier, of which the address holds a hash. */
    verifier: string;
    loginHint: string | undefined;
    claims: string | undefined;
  }): Promise<string>;
  /** The `iss` of Entra's answers about users of a tenant, which an answer may repeat (RFC 9207). */
  issuerOf(tid: string): string;
  /**
   * Redeems a code, checks whose it is, and stores the grant beside that of an exchange.
   * @throws {UserTokenError} Entra refused the code, or cannot be reached.
   * @throws {UnavailableError} the stored cache cannot be read, so the code was not redeemed.
   * @throws {TokenInvalidError} the ID token is not one of this sign-in, or there is no refresh token. Nothing is stored.
   * @throws {OtherUserError} somebody else signed in. Nothing is stored.
   */
  redeem(
    operation: Operation,
    request: {
      userId: UserId;
      api: Api;
      redirectUri: string;
      scopes: readonly string[];
      code: string;
      verifier: string;
      nonce: string;
      generation: string;
      /** As in {@link UserTokens}. */
      isCurrent: () => Promise<boolean>;
      mayAsk: () => void;
    },
  ): Promise<UserToken>;
}

/** Names of permissions, such as `User.Read`, by the name of the API. */
export type Permissions = Readonly<Record<string, string[]>>;

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

/**
 * Seals what the tasks of one user remember: a text, with keys for this purpose alone. Neither of the two sealers opens what
 * the other one has sealed.
 */
export type MemorySealer = {
  /** `generation` is that of the account, as in a cache. */
  seal(userId: UserId, memory: string, generation: string): Promise<string>;
  open(userId: UserId, sealed: string): Promise<OpenedMemory>;
};

/** The result of opening a sealed memory. The reasons are those of {@link OpenedCache}. */
export type OpenedMemory =
  | { ok: true; memory: string; generation: string }
  | { ok: false; reason: 'corrupt' | 'newer' | 'unknown-key'; kid?: string };

/** What the sealed texts of a link are for. */
export type LinkPurpose = 'ticket' | 'cookie';

/** Seals what a browser carries during a link. Nothing that is sealed for one purpose opens for the other. */
export type LinkSealer = {
  seal(purpose: LinkPurpose, content: object): Promise<string>;
  /** @returns undefined if the text was not sealed for this purpose with one of the keys of the settings */
  open(purpose: LinkPurpose, sealed: string): Promise<Readonly<Record<string, unknown>> | undefined>;
};

/** `sealed` is empty if the content is larger than any cache. Such a content is not read, because it cannot be opened. */
export type StoredCache = { sealed: string; etag: string };

/** What a store knows of a cache beside its content: when it was last written, and its size. */
export type CacheMetadata = { storedAt: Date; bytes: number };

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
   * @returns the new ETag; that of the stored version if it is the same content, because the answer to a write may be lost and
   * the write sent again
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
   * Reads what the store knows of a cache, without its content.
   * @returns undefined if the user has no cache
   * @throws {UnavailableError} the store cannot be reached.
   */
  metadata(userId: UserId, signal?: AbortSignal | undefined): Promise<CacheMetadata | undefined>;
  /**
   * Lists the users who have a cache: all of them, or those of one tenant. Pages are read on demand. Stored things that
   * are not named by a user id are skipped.
   * @throws {UnavailableError} the store cannot be reached.
   */
  list(tid?: string | undefined, signal?: AbortSignal | undefined): AsyncIterable<UserId>;
  /**
   * How many days the store keeps a deleted cache; undefined if it does not keep it, as far as it knows; `not-allowed` if
   * the store does not tell us.
   * @throws {UnavailableError} the store cannot be reached.
   */
  keepsRemovedForDays(signal?: AbortSignal | undefined): Promise<number | 'not-allowed' | undefined>;
}

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
}
