import type { ProblemCode } from '../../shared/wire.ts';

/** `error`: the parameter of that name in WWW-Authenticate (RFC 6750 §3); undefined where none is owed. */
export type Refusal = { status: number; error: string | undefined; code: ProblemCode };

export const MISSING: Refusal = { status: 401, error: undefined, code: 'TOKEN_MISSING' };
export const INVALID: Refusal = { status: 401, error: 'invalid_token', code: 'TOKEN_INVALID' };
export const MALFORMED: Refusal = { status: 400, error: 'invalid_request', code: 'REQUEST_MALFORMED' };
export const WRONG_SCOPE: Refusal = { status: 403, error: 'insufficient_scope', code: 'SCOPE_MISSING' };
export const WRONG_ROLE: Refusal = { status: 403, error: 'insufficient_scope', code: 'ROLE_MISSING' };
export const WRONG_TENANT: Refusal = { status: 403, error: 'access_denied', code: 'TENANT_FORBIDDEN' };
export const WRONG_CLIENT: Refusal = { status: 403, error: 'access_denied', code: 'CLIENT_FORBIDDEN' };

/**
 * What is to come of a request: a refusal, Adele's profile, or a token that counts as Adele's here while the
 * stand-in, which is stricter about what it exchanges, may have its own opinion of it.
 */
export type Expected = Refusal | 'answered' | 'verified';

/** The status that goes with each code; INTERNAL has none, since no input may cause it. */
export const STATUS_OF: Record<Exclude<ProblemCode, 'INTERNAL'>, number> = {
  REQUEST_MALFORMED: 400,
  TOKEN_MISSING: 401,
  TOKEN_INVALID: 401,
  CLAIMS_REQUIRED: 401,
  SIGN_IN_REQUIRED: 401,
  CONSENT_REQUIRED: 401,
  SCOPE_MISSING: 403,
  ROLE_MISSING: 403,
  TENANT_FORBIDDEN: 403,
  CLIENT_FORBIDDEN: 403,
  NOT_CONNECTED: 409,
  LINK_OFF: 404,
  UPSTREAM_REFUSED: 502,
  THROTTLED: 503,
  TOO_MANY_REQUESTS: 429,
  UNAVAILABLE: 503,
};

/** Refused by the token's own rules: nothing was read, kept or asked for. */
export const REFUSED_UNTOUCHED: readonly ProblemCode[] = [
  MISSING,
  INVALID,
  MALFORMED,
  WRONG_SCOPE,
  WRONG_TENANT,
  WRONG_CLIENT,
].map(({ code }) => code);
