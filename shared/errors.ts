/**
 * One class for each kind of error after which a caller does something different. These classes know nothing of HTTP:
 * `shared/refusalOf.ts` gives each of them a status. Messages have no token, claim value, name or UPN.
 */

/** Why there is no token for a user, and so who can do something about it: `tokens/failures.ts`, `docs/failures.md`. */
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
  /** Stable and without user data: an OAuth error, an `AADSTS` number or one of Stead's own names. */
  code: string;
  /** Entra's suberror. */
  suberror?: string;
  /** A claims challenge as raw JSON: a result of `readClaims`. */
  claims?: string;
  /** The name of the downstream API that refused the token; absent if the token endpoint refused. */
  askedBy?: string;
  retryAfterSeconds?: number;
  /** Every user of this tenant would meet the same failure now. */
  tenantWide?: true;
  /**
   * The same answer may also mean something that passes by itself, or that concerns one tenant. The worker does not act
   * on it at once: `docs/failures.md`, "What one answer does not prove".
   */
  unsure?: true;
  /** The grant of a code was refused for certain, whatever else failed: nothing counts on it any more. Not stored. */
  codeRefused?: true;
  /** With status 429: the API that asks for fewer requests, and whose requests it means. */
  throttle?: Throttle;
  /** The ids of the failed call at the service that refused; absent if there was no answer. Not stored. */
  upstream?: UpstreamReference;
  /** The permissions to consent to, each with its resource. Only with kind `consent`, and not stored. */
  scopes?: readonly string[];
  /** What a link has to name to ask for them. Only with `scopes`, and only if the sign-in does not ask for them. */
  link?: { functions: readonly string[] };
  /** What operators do about a fault of our own credential. Not stored, and not answered to callers. */
  remedy?: string;
};

export type Throttle = {
  /** `graph`, or `token` for the token endpoint. */
  api: 'graph' | 'token';
  /** Whose requests are too many, if the API says so. Otherwise it may concern only this user. */
  scope?: 'tenant' | 'application';
};

/** The ids by which the service that refused finds the call. They identify no user. `wire.ts` has the same type. */
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

/** The request cannot be read, whoever sent it. Its message may be shown to the caller. */
export class RequestMalformedError extends Error {
  override readonly name = 'RequestMalformedError';
}

/** The request has no access token (RFC 6750 §3.1: the answer needs no error code). */
export class TokenMissingError extends Error {
  override readonly name = 'TokenMissingError';
}

/** The access token is malformed, expired, forged or meant for another API. The message may be shown to the caller. */
export class TokenInvalidError extends Error {
  override readonly name = 'TokenInvalidError';
}

/** The access token is valid, but it is not allowed here. The message may be shown to the caller. */
export class ForbiddenError extends Error {
  override readonly name = 'ForbiddenError';
  /** The part of the token that is not allowed. */
  readonly what: 'scope' | 'tenant' | 'client' | 'role';

  constructor(what: ForbiddenError['what'], message: string) {
    super(message);
    this.what = what;
  }
}

/** There is no token for this user, or none that the downstream API accepts. `failure.kind` says who can correct it. */
export class UserTokenError extends Error {
  override readonly name = 'UserTokenError';
  readonly failure: Failure;
  /** The code of `failure`. */
  readonly code: string;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(`${failure.kind}: ${failure.code}`, options);
    this.failure = failure;
    this.code = failure.code;
  }
}

/** Somebody else signed in than the user for whom the link was begun. */
export class OtherUserError extends Error {
  override readonly name = 'OtherUserError';
}

/** The settings have no `LINK_REDIRECT_URI`. */
export class LinkOffError extends Error {
  override readonly name = 'LinkOffError';

  constructor() {
    super('This application does not link.');
  }
}

/**
 * A browser came with something that is no step of a link, so it cannot be sent back to a page.
 * `ticket`: it was not sealed here. `cookie`: there is none, or it was not sealed here. `state`: it is that of another link.
 * `navigation`: the browser would not show what it asks for. `method`: it is not `GET`.
 */
export class LinkRefusedError extends Error {
  override readonly name = 'LinkRefusedError';
  readonly why: 'ticket' | 'cookie' | 'state' | 'navigation' | 'method';

  constructor(why: LinkRefusedError['why']) {
    super(`This is no step of a link: ${why}`);
    this.why = why;
  }
}

/** The code of a function has an error of its own. `code` is the name of that error, as far as it may be logged. */
export class FunctionFailedError extends Error {
  override readonly name = 'FunctionFailedError';
  readonly code: string;

  constructor(code: string) {
    super('The function ended with an error of its own.');
    this.code = code;
  }
}

/** What the user asks for needs a connection, and they have none. Its message may be shown to the caller. */
export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';
}

/** The caller has reached one of Stead's own limits: `docs/http.md`. */
export class TooManyRequestsError extends Error {
  override readonly name = 'TooManyRequestsError';
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super('The user has reached a limit of this service.');
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** Something that Stead depends on cannot be reached now. It is never the caller's fault. */
export class UnavailableError extends Error {
  override readonly name = 'UnavailableError';
  readonly dependency: 'keys' | 'token-cache' | 'accounts' | 'api';

  /** Seconds after which another try may succeed, if that is known. */
  readonly retryAfterSeconds: number | undefined;
  /** What an operator does about it, in whole sentences, if the reason is known. */
  readonly remedy: string | undefined;
  /** The code of a refusal of this application itself, such as a missing role. Undefined if it may be an outage. */
  readonly refusal: string | undefined;

  constructor(
    dependency: UnavailableError['dependency'],
    options?: ErrorOptions & {
      retryAfterSeconds?: number;
      remedy?: string | undefined;
      refusal?: string | undefined;
    },
  ) {
    super(`${dependency} cannot be reached`, options);
    this.dependency = dependency;
    this.retryAfterSeconds = options?.retryAfterSeconds;
    this.remedy = options?.remedy;
    this.refusal = options?.refusal;
  }
}

/** A credential has no token for a store. The code and the remedy hold no token, no URL and no id. */
export class StoreCredentialError extends Error {
  override readonly name = 'StoreCredentialError';
  /** Letters, digits and underscores, such as `identity_http_500`. */
  readonly code: string;
  /** What an operator does about it, in whole sentences. */
  readonly remedy: string;

  constructor(code: string, remedy: string) {
    // The message stays the same, because the SDK of blobs repeats a request if a message looks like a network failure.
    super('There is no token for the store.');
    this.code = code;
    this.remedy = remedy;
  }
}

/**
 * A notice was not delivered. What a listener throws instead is tried again, too, and is logged by its name alone; as
 * `unnamed` if that might reveal the user.
 */
export class NoticeFailedError extends Error {
  override readonly name = 'NoticeFailedError';
  /** For the log: stable, and without a text of the receiver's. */
  readonly code: string;
  /** Seconds after which the receiver wants to be asked again. */
  readonly retryAfterSeconds: number | undefined;
  /** True if the receiver will never take this notice. It is then given up. */
  readonly isFinal: boolean;

  constructor(
    code: string,
    options: ErrorOptions & { retryAfterSeconds?: number | undefined; isFinal?: boolean } = {},
  ) {
    super('The notice was not delivered.', options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.isFinal = options.isFinal ?? false;
  }
}

/** Another operation wrote first. Read again, and decide again. */
export class ConflictError extends Error {
  override readonly name = 'ConflictError';
}

/** The token cache holds entries of another home account than the operation's. It was not written. */
export class ForeignEntryError extends Error {
  override readonly name = 'ForeignEntryError';
}

/** `problem` completes a sentence that begins with the setting's name. `remedy` is a sentence of its own. */
export type ConfigFault = { setting: string; problem: string; remedy: string };

/** The settings have faults. The error has all of them at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  // Private, so that a printed error does not show every fault twice.
  readonly #faults: readonly ConfigFault[];

  get faults(): readonly ConfigFault[] {
    return this.#faults;
  }

  constructor(faults: readonly ConfigFault[]) {
    super(
      `Some settings are wrong:\n${faults.map((f) => `  ${f.setting}: ${f.problem}. ${f.remedy}`).join('\n')}`,
    );
    this.#faults = faults;
  }
}
