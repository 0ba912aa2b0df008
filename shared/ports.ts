/** The interfaces between the use cases and the outside world. This file has only types. */

import type { AccountStore } from './accountStore.ts';
import type { Api, OpenApi } from './api.ts';
import type { Clock } from './clock.ts';
import type { Failure } from './errors.ts';
import type { Log } from './log.ts';
import type { Notices } from './notices.ts';
import type { SharedState } from './sharedState.ts';
import type { StoredCache, TokenCacheStore } from './tokenCacheStore.ts';
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
  /** Absent if visits call for no run of the worker. */
  callForRun?: CallForRun | undefined;
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
  runs: RunSettings;
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

export type RunSettings = {
  /** Above this number of due accounts a run is split, if there is somebody to hand its parts to. 0: never. */
  splitAbove: number;
  /** How many requests a second runs send to the token endpoint for one tenant. 0: as many as there are. */
  tokenRequestsPerSecond: number;
};

/** One shard of a run that another process sweeps. It is JSON, and holds nothing of any user. */
export type RunPart = {
  /** A process that knows another version only leaves the part alone. */
  v: 1;
  /** The run that was split. */
  runId: string;
  shard: string;
  /** After this time the part is worth nothing, because the next run has planned the shard again. ISO 8601, UTC. */
  deadline: string;
  /** Into how many parts the run was split. */
  share: number;
};

/** Hands the parts of a run to other processes. Some may be lost, come twice, or late. */
export type HandOver = (parts: readonly RunPart[]) => void;

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
  /** When the access token ends, by this machine's clock: what is in memory is compared with that. */
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
  /** @throws {RequestMalformedError} the body breaks off. The same holds for `text` and `json`. */
  bytes(): Promise<Uint8Array<ArrayBuffer>>;
  /** As UTF-8. */
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
  /** When the access token ends, by this machine's clock: what is in memory is compared with that. */
  expiresOn: Date;
  /** `network` if the token endpoint was asked, as the record of Stead's own network client says. */
  source: 'cache' | 'network';
  /** MSAL's id of the user: `<oid>.<tid>` of their home tenant. */
  homeAccountId: string;
  /**
   * When the refresh token that keeps the connection ends, if it is known. By the store's time (`nowByStore`), because it is
   * only ever written down, in the cache and in the account, and other machines compare it with their time.
   */
  refreshTokenExpiresOn: Date | undefined;
  /** True if the token endpoint has not told that end: it is the documented lifetime of such a grant. */
  isEndEstimated?: boolean;
  /** Which grant keeps the connection after this operation: the one that lasts longer. Absent: that of an exchange. */
  grant?: Grant;
  /** Whether the stored cache now has the tokens of this operation. */
  stored: boolean;
  /** The ETag of the cache that this operation wrote, so that it can delete exactly that version. */
  written: string | undefined;
  /** Whether the stored cache was sealed with a key that is no longer the first. */
  oldKey: boolean;
};

/** What a function needs of a token. Whether it is stored may not be known yet. */
export type UsableToken = Pick<UserToken, 'accessToken' | 'permissions' | 'source'>;

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
      /** The stored cache, if the caller has begun to read it. Default: the exchange reads it. */
      stored?: Promise<StoredCache | undefined> | undefined;
      /** Called once the cache of the token is found to be this user's own, before it is written. The token may be used from then on. */
      onToken?: ((token: UsableToken) => void) | undefined;
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
      /** Called before each request to the token endpoint, which is sent when it resolves. If it rejects, the request is not sent. */
      waitToAsk?: (() => Promise<void>) | undefined;
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
   * @throws {NotConnectedError} the stored cache is that of a later connection, so the code was not redeemed.
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

/**
 * Asks this deployment for a run of the worker: in an invocation of its own, which the platform knows of and waits for.
 * @returns the status of the answer, which comes when the run is over
 */
export type CallForRun = (ticket: string) => Promise<number>;

/** What sealed texts are for: the ticket and the cookie of a link, and the ticket with which a visit calls for a run. */
export type LinkPurpose = 'ticket' | 'cookie' | 'run';

/** Seals what a browser carries during a link, and what one instance hands another. Nothing that is sealed for one purpose opens for the other. */
export type LinkSealer = {
  seal(purpose: LinkPurpose, content: object): Promise<string>;
  /** @returns undefined if the text was not sealed for this purpose with one of the keys of the settings */
  open(purpose: LinkPurpose, sealed: string): Promise<Readonly<Record<string, unknown>> | undefined>;
};
