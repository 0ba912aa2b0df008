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
  | 'SCOPE_MISSING'
  | 'TENANT_FORBIDDEN'
  | 'CLIENT_FORBIDDEN'
  | 'UPSTREAM_REFUSED'
  | 'THROTTLED'
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
};
