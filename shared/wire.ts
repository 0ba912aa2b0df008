/**
 * The JSON that the HTTP functions and their callers exchange. This file has only types: the SPA imports it with
 * `import type`, so no code of the server reaches the browser.
 */

/** The signed-in user as Microsoft Graph's `GET /me` describes them. A property that Graph leaves empty is absent. */
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

/** The stable code of each refusal (`docs/http.md`). A client must use these, and not `title` or `detail`. */
export type ProblemCode =
  | 'REQUEST_MALFORMED'
  | 'TOKEN_MISSING'
  | 'TOKEN_INVALID'
  | 'CLAIMS_REQUIRED'
  | 'SIGN_IN_REQUIRED'
  | 'CONSENT_REQUIRED'
  | 'SCOPE_MISSING'
  | 'ROLE_MISSING'
  | 'TENANT_FORBIDDEN'
  | 'CLIENT_FORBIDDEN'
  | 'NOT_CONNECTED'
  | 'LINK_OFF'
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
  /** The invocation id. The server's log line has the same value. */
  correlationId: string;
  /** The claims challenge as raw JSON, for MSAL's `claims`. Only with CLAIMS_REQUIRED. */
  claims?: string;
  /** The permissions that need consent, each with its resource. Only with CONSENT_REQUIRED. */
  scopes?: string[];
  /**
   * What to ask `POST /api/connection/link` for, because a link asks for these permissions and the sign-in does not. Only with
   * CONSENT_REQUIRED, of a function with `consent: 'link'`.
   */
  link?: { functions: string[] };
  /** The failed call at the service that refused it. */
  upstream?: UpstreamReference;
};

/** The ids by which the service that refused finds the call. They identify no user. */
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

/** Whether this app can do its work, as `GET /api/health/ready` answers it. */
export type Readiness = {
  /** `refused`: storage, its firewall or the identity endpoint refuses this application. `unreachable`: an outage. */
  storage: 'ready' | 'refused' | 'unreachable';
  /** Why storage is refused: the error code of Azure Storage, or `identity_…`. */
  storageCode?: string;
  /** `refused`: Entra, or the machine's identity endpoint, refuses our own credential. `unreachable`: nobody could say. */
  credential: 'accepted' | 'refused' | 'unreachable';
  /** Why the credential is not accepted: an AADSTS number, an OAuth error or one of Stead's own names. */
  code?: string;
  /** How long ago the last run of the worker ended. Absent if none has ended, or if that could not be read. */
  lastRunSecondsAgo?: number;
};

/** What `POST /api/worker/run` did. The counts are of accounts, as in the log's `sweep.ended`. */
export type WorkerRun =
  /** Nothing: another run began within the last minute. */
  | { ran: false }
  | {
      ran: true;
      due: number;
      refreshed: number;
      fromCache: number;
      /** Tokens that could not be had, whatever the reason. */
      failed: number;
      brokenOff: number;
      shardsFailed: number;
      /** `deadline`: there is more to do. `misconfigured`: a fault of our own, which the log explains. */
      stoppedBy: 'done' | 'deadline' | 'misconfigured';
      /** How long the run took. */
      ms: number;
      /**
       * Into how many parts the run was split; absent for a whole run. Other instances sweep them, mostly after this answer. `due` is
       * then how many accounts were due at least, and the other counts are of this instance alone.
       */
      parts?: number;
    };

/**
 * The caller's own connection, as `GET /api/connection` answers it: what Stead keeps of them, and what it did while they
 * were away. Times are ISO 8601, UTC.
 */
export type Connection = {
  /**
   * `pending`: no token yet. `active`: the worker keeps their token valid. `needs-user`: the worker needs them to sign in
   * again. `disconnected`: they disconnected, and nothing is kept. `none`: there is no account, or it was retired, and their
   * next visit connects them. `not-connected`: the same, but no visit connects them (`CONNECT=ask`). Nothing is kept until
   * `PUT /api/connection`.
   */
  state: 'pending' | 'active' | 'needs-user' | 'disconnected' | 'none' | 'not-connected';
  /** Their last visit, to the minute. */
  lastActivity?: string;
  /** When the worker last got a token from the token endpoint. */
  lastRefreshed?: string;
  /** When the newest access token ends. */
  expiresOn?: string;
  /**
   * The grant of a link, which keeps the connection while the user is away. Absent without one, in `needs-user`, and after its end.
   * `until` moves with each check, and is never later than the time at which an account without a visit is retired. With
   * `isEstimate` Entra has not told it: it is the documented lifetime, so say "about".
   */
  staysConnected?: { until: string; isEstimate?: true };
  /**
   * When the connection ends if the user does not come back, because Entra has told how long what the page's sign-in brought lasts.
   * Absent with `staysConnected`. If both are absent, nobody knows: perhaps a day.
   */
  endsAt?: string;
  /**
   * A link would help: `POST /api/connection/link`. In `active`, while no link keeps the connection, and one would do so for longer. In `pending`, and in
   * `needs-user` with a failure of kind `consent`: it asks for what tasks and functions need, by name.
   */
  canLink?: true;
  /**
   * With `canLink`: until when a link that is made now keeps the connection, never later than the retention time allows. It is an
   * estimate, so say "about".
   */
  linkUntil?: string;
  /** When the next check is due. Absent during a check, and in `needs-user`. */
  nextCheckAt?: string;
  failure?: { kind: ConnectionFailureKind; code: string; at: string };
  /**
   * What the last token of each API may do: names of permissions, such as `User.Read`, by the name of the API. An API is
   * absent if there is no token for it, or if Entra did not say.
   */
  permissions?: Record<string, string[]>;
  /**
   * The tasks that users turn on by a link (`consent: 'link'`), and whether this user has; and those of Microsoft Graph that lack a
   * permission, which a link asks for by their name. Absent without such tasks, where nobody can link, and while nobody knows the
   * permissions of Graph.
   */
  tasks?: TaskToTurnOn[];
  /** Until when the user's tasks rest. Their token is kept all the same. Absent if the tasks do not rest. */
  tasksPausedUntil?: string;
  /** Each check and each task by itself: oldest first, at most 20. Pages of earlier releases read it. */
  history: ConnectionEvent[];
  /** The history by checks: oldest first, at most 20. Absent in an answer of an earlier release, and without a connection. */
  checks?: ConnectionChecks[];
};

/** A task that users turn on: `task` is what `POST /api/connection/link` takes, `title` is what users call it. */
export type TaskToTurnOn = { task: string; title: string; isOn: boolean };

/** The answer of `POST /api/connection/link`: the address that the page opens in the user's browser, within a minute. */
export type LinkTicket = { url: string };

/**
 * What a link came to: `link` in the query of the page to which the browser returns.
 * `linked`: the connection has a grant of its own. `cancelled`: the user said no. `admin`: only an administrator can consent.
 * `consent`: a consent is missing. `other-user`: somebody else signed in. `ended`: the user is no longer connected, or was
 * connected anew. `expired`: it took too long. `used`: the ticket or the sign-in was used before. `refused`: Entra's answer was
 * not in order, or Entra refused it. `unavailable`: it may succeed later. Only `linked` promises that the grant is
 * stored. After `unavailable` it may be, if the accounts were lost last of all; the next check or visit then tells the connection of it.
 * After `used` the first request may have stored it. After every other result it is not.
 */
export type LinkResult =
  | 'linked'
  | 'cancelled'
  | 'admin'
  | 'consent'
  | 'other-user'
  | 'ended'
  | 'expired'
  | 'used'
  | 'refused'
  | 'unavailable';
/**
 * The body of `PUT /api/connection`. Without a body, and as `{}`, it connects the caller. `tasksPausedUntil` changes a
 * connection that there is, and connects nobody: a time with its offset (RFC 3339), at most 90 days ahead, or null to end
 * the pause.
 */
export type ConnectionChange = { tasksPausedUntil?: string | null };

export type ConnectionFailureKind =
  | 'needs-user'
  | 'consent'
  | 'throttled'
  | 'tenant'
  | 'transient'
  | 'cache-lost'
  | 'misconfigured';

/** One thing that the worker did for the caller: a check or a task. */
export type ConnectionEvent = {
  at: string;
  outcome: 'refreshed' | 'from-cache' | 'failed' | 'task-done' | 'task-failed';
  /** Where the token came from; with `refreshed` and `from-cache`. */
  source?: 'network' | 'cache';
  /** With `failed`, and with some `task-failed`. */
  kind?: ConnectionFailureKind;
  /** An OAuth error, an `AADSTS` number or one of Stead's own names; with `failed` and `task-failed`. */
  code?: string;
  /** The task's name; with `task-done` and `task-failed`. */
  task?: string;
};

/** Neighbouring checks that ended alike. Times are ISO 8601, UTC. */
export type ConnectionChecks = {
  first: string;
  last: string;
  times: number;
  outcome: 'refreshed' | 'from-cache' | 'failed';
  /** Where the tokens came from; unless `failed`. */
  source?: 'network' | 'cache';
  /** With `failed`. */
  kind?: ConnectionFailureKind;
  /** With `failed`: as in {@link ConnectionEvent}. */
  code?: string;
  /** What kept the connection after the last of them. Absent with `failed`, and if an earlier release did them. */
  keptBy?: 'link' | 'sign-in';
  /** When that would have ended, if Entra had told it then. */
  endsAt?: string;
  /** The tasks that at least one of these checks ran. */
  tasks: ConnectionTask[];
};

export type ConnectionTask = {
  /** Its name. */
  task: string;
  /** What users call it. Absent if this release does not know the task. */
  title?: string;
  outcome: 'done' | 'failed';
  /** With some `failed`. */
  kind?: ConnectionFailureKind;
  /** With `failed`. */
  code?: string;
  /** When it ended last, and in how many of the checks it ran. */
  last: string;
  times: number;
  /** How many things the task did or found in these checks. */
  count?: number;
  /** What it said last: plain text, at most 200 characters. */
  summary?: string;
};
