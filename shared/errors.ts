/**
 * One class for each thing a caller can do something different about. No HTTP here: `shared/http.ts`
 * gives each its status. Messages hold no token, claim value, name or UPN.
 */

/** What went wrong with getting a token for a user, and so what may be done about it: `tokens/failures.ts`. */
export type FailureKind =
  | 'needs-user'
  | 'consent'
  | 'throttled'
  | 'tenant'
  | 'transient'
  | 'cache-lost'
  | 'misconfigured';

export type Failure = {
  kind: FailureKind;
  /** Stable and free of user data: an OAuth error, an `AADSTS` number or one of Stead's own names. */
  code: string;
  suberror?: string;
  /** A claims challenge as raw JSON, as `readClaims` gave it. */
  claims?: string;
  /** The downstream API that refused the token, by its name; absent when the token endpoint refused. */
  askedBy?: string;
  retryAfterSeconds?: number;
  /** Every user of this tenant would meet it now. */
  tenantWide?: true;
  /**
   * The same answer also stands for something that passes, or that concerns one tenant. The worker does not act on it
   * at once: `docs/failures.md`, "What one answer does not prove".
   */
  unsure?: true;
  /** With a status of 429: who asks for fewer requests, and of whom. */
  throttle?: Throttle;
  /** Where the service that refused finds the failed call; absent where there was no answer. Not stored. */
  upstream?: UpstreamReference;
};

export type Throttle = {
  /** `graph`, or `token` for the token endpoint. */
  api: 'graph' | 'token';
  /** Whose requests are too many, where the API says so. Otherwise it may be this user's alone. */
  scope?: 'tenant' | 'application';
};

/** The ids under which the refusing service can find the failed call; they name nobody. The same in `wire.ts`. */
export type UpstreamReference = {
  service: 'entra' | 'graph';
  /** An AADSTS number, an OAuth error or Graph's status. */
  code: string;
  correlationId?: string;
  traceId?: string;
  requestId?: string;
  /** ISO 8601, UTC. */
  timestamp?: string;
};

/** The request itself cannot be read, whoever sent it. */
export class RequestMalformedError extends Error {
  override readonly name = 'RequestMalformedError';
}

/** No credential was presented (RFC 6750 §3.1: no error code is owed). */
export class TokenMissingError extends Error {
  override readonly name = 'TokenMissingError';
}

/** A credential was presented that does not count here: malformed, expired, forged or meant for another API. */
export class TokenInvalidError extends Error {
  override readonly name = 'TokenInvalidError';
}

/** A good credential that is not enough. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError';
  readonly what: 'scope' | 'tenant' | 'client';

  constructor(what: ForbiddenError['what'], message: string) {
    super(message);
    this.what = what;
  }
}

/** No token for this user, or none that the API behind accepts. `failure.kind` says who can mend it. */
export class UserTokenError extends Error {
  override readonly name = 'UserTokenError';
  readonly failure: Failure;
  readonly code: string;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(`${failure.kind}: ${failure.code}`, options);
    this.failure = failure;
    this.code = failure.code;
  }
}

/** The caller asks too often, by a limit of our own. */
export class TooManyRequestsError extends Error {
  override readonly name = 'TooManyRequestsError';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('The user asks for more than this service does for one user at a time.');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Something we depend on cannot be reached now. Never the caller's fault. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly dependency: 'keys' | 'token-cache' | 'accounts';

  /** When asking again can help, where that is known. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    dependency: UnavailableError['dependency'],
    options?: ErrorOptions & { retryAfterSeconds?: number },
  ) {
    super(`${dependency} cannot be reached`, options);
    this.dependency = dependency;
    this.retryAfterSeconds = options?.retryAfterSeconds;
  }
}

/** Somebody else wrote first: read again and decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** The token cache holds entries of another account than the operation's. It was not written. */
export class ForeignEntryError extends Error {
  override readonly name = 'ForeignEntryError';
}

export type ConfigFault = { setting: string; problem: string; remedy: string };

/** Every fault of the settings at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  // Private, so that printing the error does not say everything twice.
  readonly #faults: readonly ConfigFault[];

  get faults(): readonly ConfigFault[] {
    return this.#faults;
  }

  constructor(faults: readonly ConfigFault[]) {
    super(
      `The settings do not hold together:\n${faults.map((f) => `  ${f.setting}: ${f.problem}. ${f.remedy}`).join('\n')}`,
    );
    this.#faults = faults;
  }
}
