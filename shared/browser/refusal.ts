import type { Problem, ProblemCode, UpstreamReference } from '../wire.ts';
import { isInteractionRequired, isNetworkError, signInReference } from './msalError.ts';

/** Why a request brought no result. */
export type Refusal =
  /**
   * Only the user or an administrator can repair it. `claims` is the challenge that the sign-in has to meet, and `path` that of
   * the request, without its query.
   */
  | ({ state: 'sign-in'; claims?: string; path?: string } & RefusalFacts)
  /** It may pass by itself. */
  | ({ state: 'busy'; retryAfterSeconds: number } & RefusalFacts)
  /** Another try brings the same answer. */
  | ({ state: 'refused' } & RefusalFacts)
  /** The answer is not one that the service gives. */
  | { state: 'unexpected'; status: number }
  /** There was no answer. */
  | { state: 'offline' };

/**
 * What identifies a refusal. `reference` is the service's own id of the request; `upstream` has the ids of the
 * directory or the API that refused the service.
 */
type RefusalFacts = {
  code: ProblemCode;
  /** When the page got the answer: ISO 8601, UTC. */
  at: string;
  reference?: string;
  upstream?: UpstreamReference;
  /** The permissions that are missing. */
  scopes?: readonly string[];
  /** The sign-in does not ask for them: pass this to `link` of the connection, once the user wants it. */
  link?: { functions: readonly string[] };
};

export type SignInRefusal = Extract<Refusal, { state: 'sign-in' }>;

/** How long to wait before the next try if the answer does not say it. */
const RETRY_AFTER_SECONDS = 5;

/** Why MSAL got no access token. It tried its cache, the refresh token and a hidden frame; now it needs the user. */
export function refusalWithoutToken(error: unknown): Refusal {
  if (isNetworkError(error)) return { state: 'offline' };
  const at = new Date().toISOString();
  if (!isInteractionRequired(error)) {
    return { state: 'sign-in', code: 'TOKEN_INVALID', at, reference: signInReference(error) };
  }
  const { claims, subError, errorCode, correlationId, traceId, timestamp } = error;
  const consent = [subError, errorCode].includes('consent_required');
  const ids = Object.entries({ correlationId, traceId, timestamp }).filter(([, id]) => id);
  return {
    state: 'sign-in',
    code: consent ? 'CONSENT_REQUIRED' : 'TOKEN_INVALID',
    at,
    upstream: { service: 'entra', code: signInReference(error), ...Object.fromEntries(ids) },
    ...(claims ? { claims } : {}),
  };
}

export function readRefusal({ status, headers }: Response, body: unknown): Refusal {
  const retryAfterSeconds = readRetryAfter(headers.get('retry-after'));
  const at = new Date().toISOString();
  /** An answer that the service does not give: of a gateway before it, or of a newer service. */
  function ofAnother(): Refusal {
    const claims = status === 401 ? challengeIn(headers.get('www-authenticate') ?? '') : undefined;
    return claims === undefined
      ? { state: 'unexpected', status }
      : { state: 'sign-in', code: 'CLAIMS_REQUIRED', at, claims };
  }
  if (!isProblem(body)) {
    const busy = status === 429 || status >= 500;
    return busy ? { state: 'busy', code: 'UNAVAILABLE', at, retryAfterSeconds } : ofAnother();
  }
  const { code, claims, correlationId: reference, upstream, scopes, link } = body;
  const facts = {
    at,
    reference,
    ...(upstream === undefined ? {} : { upstream }),
    ...(Array.isArray(scopes) ? { scopes: scopes.map(String) } : {}),
    ...(Array.isArray(link?.functions) ? { link: { functions: link.functions.map(String) } } : {}),
  };
  switch (code) {
    case 'CLAIMS_REQUIRED':
    case 'SIGN_IN_REQUIRED':
    case 'CONSENT_REQUIRED':
    case 'TOKEN_INVALID':
    case 'TOKEN_MISSING':
      return { state: 'sign-in', code, ...facts, ...(claims === undefined ? {} : { claims }) };
    case 'THROTTLED':
    case 'TOO_MANY_REQUESTS':
    case 'UNAVAILABLE':
    case 'INTERNAL':
      return { state: 'busy', code, retryAfterSeconds, ...facts };
    case 'REQUEST_MALFORMED':
    case 'SCOPE_MISSING':
    case 'ROLE_MISSING':
    case 'TENANT_FORBIDDEN':
    case 'CLIENT_FORBIDDEN':
    case 'NOT_CONNECTED':
    case 'UPSTREAM_REFUSED':
    case 'LINK_OFF':
      return { state: 'refused', code, ...facts };
    default:
      // A newer service may know more codes than this page.
      code satisfies never;
      return ofAnother();
  }
}

/** The claims challenge of another server on the same origin, such as a gateway: base64 of JSON, as Entra's own APIs write it. */
function challengeIn(header: string): string | undefined {
  if (!/\berror="insufficient_claims"/.test(header)) return undefined;
  try {
    const encoded = /\bclaims="([^"]+)"/.exec(header)?.[1] ?? '';
    const bytes = atob(encoded.replaceAll('-', '+').replaceAll('_', '/'));
    const claims = new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0)));
    return claims.startsWith('{') && JSON.parse(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}

/** Seconds. RFC 9110 §10.2.3 also allows a date, but the service sends whole seconds. */
function readRetryAfter(header: string | null): number {
  return header !== null && /^\d{1,5}$/.test(header) ? Number(header) : RETRY_AFTER_SECONDS;
}

const isProblem = (body: unknown): body is Problem =>
  typeof body === 'object' && body !== null && 'code' in body && typeof body.code === 'string';
