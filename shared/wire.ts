/**
 * What crosses the wire between the HTTP functions and their callers. Types only: the SPA imports this file
 * with `import type`, so nothing of the server reaches the browser.
 */

/** The signed-in user as Microsoft Graph's `GET /me` describes them; a property Graph leaves empty is absent. */
export type Profile = {
  id: string;
  displayName?: string;
  givenName?: string;
  surname?: string;
  userPrincipalName?: string;
  mail?: string;
  jobTitle?: string;
  department?: string;
  officeLocation?: string;
  city?: string;
  country?: string;
  employeeId?: string;
};

/** Stable names of every refusal. A client switches on these, never on `title` or `detail`. */
export type ProblemCode =
  | 'REQUEST_MALFORMED'
  | 'TOKEN_MISSING'
  | 'TOKEN_INVALID'
  | 'CLAIMS_REQUIRED'
  | 'SIGN_IN_REQUIRED'
  | 'CONSENT_REQUIRED'
  | 'SCOPE_MISSING'
  | 'TENANT_FORBIDDEN'
  | 'CLIENT_FORBIDDEN'
  | 'UPSTREAM_REFUSED'
  | 'THROTTLED'
  | 'TOO_MANY_REQUESTS'
  | 'UNAVAILABLE'
  | 'INTERNAL';

/** RFC 9457 problem details, sent as `application/problem+json`. */
export type Problem = {
  type: 'about:blank';
  title: string;
  status: number;
  code: ProblemCode;
  detail: string;
  /** The invocation id; the same value stands in the server's log line. */
  correlationId: string;
  /** The claims challenge as raw JSON, to be passed to MSAL's `claims`; only with CLAIMS_REQUIRED. */
  claims?: string;
  /** The downstream API's permissions to consent to, each with its resource; only with CONSENT_REQUIRED. */
  scopes?: string[];
  /** Where to find the failed call at the service that refused it. */
  upstream?: UpstreamReference;
};

/** The ids under which the refusing service can find the failed call; they name nobody. */
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

/**
 * The caller's own background connection, as `GET /api/connection` answers it: what Stead keeps of them and what it
 * did while they were away. Times are ISO 8601, UTC.
 */
export type Connection = {
  /**
   * `pending` seen and not exchanged yet; `active` kept warm; `needs-user` refused until they come back;
   * `disconnected` by themselves: nothing is kept; `none` nothing is known of them.
   */
  state: 'pending' | 'active' | 'needs-user' | 'disconnected' | 'none';
  /** Their last call, to the minute. */
  lastActivity?: string;
  /** When the token endpoint last gave a token with nobody present. */
  lastRefreshed?: string;
  /** When the newest access token ends. */
  expiresOn?: string;
  /** When the worker looks at them next; absent while it is at it, and for one who has to come back. */
  nextCheckAt?: string;
  failure?: { kind: ConnectionFailureKind; code: string; at: string };
  /** Oldest first, at most 20. */
  history: ConnectionEvent[];
};

export type ConnectionFailureKind =
  | 'needs-user'
  | 'consent'
  | 'throttled'
  | 'tenant'
  | 'transient'
  | 'cache-lost'
  | 'misconfigured';

/** One thing that the worker did for the caller. */
export type ConnectionEvent = {
  at: string;
  outcome: 'refreshed' | 'from-cache' | 'failed' | 'task-done' | 'task-failed';
  /** Where the token came from; with `refreshed` and `from-cache`. */
  source?: 'network' | 'cache';
  /** With `failed`. */
  kind?: ConnectionFailureKind;
  /** An OAuth error, an `AADSTS` number or one of Stead's own names; with `failed` and `task-failed`. */
  code?: string;
  /** The task's name; with `task-done` and `task-failed`. */
  task?: string;
};
