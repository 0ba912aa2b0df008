import {
  ForbiddenError,
  LinkOffError,
  NotConnectedError,
  RequestMalformedError,
  TokenInvalidError,
  TokenMissingError,
  TooManyRequestsError,
  UnavailableError,
  type UpstreamReference,
  UserTokenError,
} from './errors.ts';
import { encodeClaims } from './tokens/challenge.ts';
import type { ProblemCode } from './wire.ts';

const RETRY_AFTER_SECONDS = 5;

/** What a caller is told in place of a result. */
export type Refusal = {
  status: number;
  code: ProblemCode;
  title: string;
  detail: string;
  /** The parameters of the challenge of RFC 6750 §3; absent if the answer has no challenge. */
  challenge?: Record<string, string>;
  retryAfterSeconds?: number;
  claims?: string;
  scopes?: readonly string[];
  link?: { functions: readonly string[] };
  upstream?: UpstreamReference;
};

/** The status, the code and the words of an error: `docs/http.md`. What it does not know is a fault of our own. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof RequestMalformedError) {
    const challenge = { error: 'invalid_request', error_description: error.message };
    return { status: 400, code: 'REQUEST_MALFORMED', title: 'Bad request', detail: error.message, challenge };
  }
  if (error instanceof TokenMissingError) {
    return { ...UNAUTHORIZED, code: 'TOKEN_MISSING', detail: error.message, challenge: { realm: 'Stead' } };
  }
  if (error instanceof TokenInvalidError) {
    const challenge = { error: 'invalid_token', error_description: error.message };
    return { ...UNAUTHORIZED, code: 'TOKEN_INVALID', detail: error.message, challenge };
  }
  if (error instanceof ForbiddenError) return forbidden(error);
  if (error instanceof UserTokenError) {
    const { upstream } = error.failure;
    return { ...withoutToken(error), ...(upstream && { upstream }) };
  }
  if (error instanceof NotConnectedError) {
    return { status: 409, code: 'NOT_CONNECTED', title: 'Not connected', detail: error.message };
  }
  if (error instanceof TooManyRequestsError) {
    return {
      status: 429,
      code: 'TOO_MANY_REQUESTS',
      title: 'Too many requests',
      detail: 'You have sent too many requests. Wait, then try again.',
      retryAfterSeconds: error.retryAfterSeconds,
    };
  }
  if (error instanceof LinkOffError) {
    return {
      status: 404,
      code: 'LINK_OFF',
      title: 'Not found',
      detail: 'This service does not link: it has no LINK_REDIRECT_URI.',
    };
  }
  if (error instanceof UnavailableError) {
    return unavailable('A service that this one depends on cannot be reached.', error.retryAfterSeconds);
  }
  return {
    status: 500,
    code: 'INTERNAL',
    title: 'Internal error',
    detail: 'Something went wrong here. Quote the correlation id when you report it.',
  };
}

const UNAUTHORIZED = { status: 401, title: 'Unauthorized' } as const;

const FORBIDDEN_CODES = {
  scope: 'SCOPE_MISSING',
  role: 'ROLE_MISSING',
  tenant: 'TENANT_FORBIDDEN',
  client: 'CLIENT_FORBIDDEN',
} as const satisfies Record<ForbiddenError['what'], ProblemCode>;

function forbidden(error: ForbiddenError): Refusal {
  const code = FORBIDDEN_CODES[error.what];
  const challenge =
    error.what === 'scope' || error.what === 'role'
      ? { error: 'insufficient_scope', error_description: error.message }
      : { error: 'access_denied', error_description: error.message };
  return { status: 403, code, title: 'Forbidden', detail: error.message, challenge };
}

function withoutToken({ failure }: UserTokenError): Refusal {
  switch (failure.kind) {
    case 'needs-user':
    case 'cache-lost': {
      if (failure.claims === undefined) {
        const detail = 'Sign in again. Your sign-in is no longer enough for this service to act for you.';
        const challenge = { error: 'interaction_required', error_description: detail };
        return { ...UNAUTHORIZED, code: 'SIGN_IN_REQUIRED', detail, challenge };
      }
      const challenge = { error: 'insufficient_claims', claims: encodeClaims(failure.claims) };
      const detail = 'Sign in again with the claims of this answer. Entra or an API asks for them.';
      return { ...UNAUTHORIZED, code: 'CLAIMS_REQUIRED', detail, challenge, claims: failure.claims };
    }
    case 'consent': {
      const { scopes = [], link } = failure;
      const detail =
        'Consent to the permissions of this answer. Without them, Entra does not let this service act for you.';
      const challenge = {
        error: 'consent_required',
        scopes: scopes.join(' '),
        error_description: detail,
      };
      return { ...UNAUTHORIZED, code: 'CONSENT_REQUIRED', detail, challenge, scopes, ...(link && { link }) };
    }
    case 'throttled':
      return {
        status: 503,
        code: 'THROTTLED',
        title: 'Throttled',
        detail: 'A service that this one depends on asks for fewer requests. Try again later.',
        retryAfterSeconds: failure.retryAfterSeconds ?? RETRY_AFTER_SECONDS,
      };
    case 'transient':
      return unavailable(
        'A service that this one depends on cannot be reached. Try again.',
        failure.retryAfterSeconds,
      );
    case 'tenant':
    case 'misconfigured':
      return {
        status: 502,
        code: 'UPSTREAM_REFUSED',
        title: 'Refused upstream',
        detail:
          'A service that this one depends on refuses it. Only an operator of this service can correct that.',
      };
    default:
      return failure.kind satisfies never;
  }
}

const unavailable = (detail: string, retryAfterSeconds = RETRY_AFTER_SECONDS): Refusal => ({
  status: 503,
  code: 'UNAVAILABLE',
  title: 'Unavailable',
  detail,
  retryAfterSeconds,
});
