import type { Failure, FailureKind } from '../errors.ts';

/** Longest claims challenge that is kept or passed on, in characters of raw JSON. */
export const MAX_CLAIMS_LENGTH = 8_192;

/** What is known of an attempt to use the token endpoint or Graph for one user. Absent means not known. */
export type TokenFacts = {
  /** OAuth 2.0 error code (RFC 6749 §5.2), Entra's `error`. */
  error?: string | undefined;
  /** The number in `AADSTS<number>`. */
  errorNo?: number | undefined;
  suberror?: string | undefined;
  claims?: string | undefined;
  status?: number | undefined;
  retryAfterSeconds?: number | undefined;
  /** No answer at all: refused, reset, timed out, or an answer that is not JSON. */
  noAnswer?: string | undefined;
  /** Stopped before anything was sent. */
  local?:
    | 'refresh_token_expired'
    | 'no_tokens_found'
    | 'cache_corrupt'
    | 'cache_unknown_key'
    | 'cache_newer'
    | undefined;
};

/** Our own credential is wrong or has ended: no user can mend that, every user would meet it. */
const OWN_CREDENTIAL = new Set([7000215, 7000216, 7000218, 7000222, 700024, 700027, 700211, 700212, 700213]);
/** One tenant removed, blocked or never had this application. */
const ONE_TENANT = new Set([90002, 500011, 650051, 650052, 700016, 7000112]);
/** Entra's throttling of user flows looks like a dead grant. */
const USER_FLOW_THROTTLED = 50196;
const USER_ERRORS = new Set(['interaction_required', 'consent_required', 'login_required', 'invalid_grant']);

/** The application is refused, for a reason that is not known to be ours. */
const CLIENT_ERRORS = new Set(['unauthorized_client', 'invalid_client']);

/** Some services say with a 4xx what others say with a 5xx. */
const PASSING_ERRORS = new Set(['temporarily_unavailable', 'server_error']);

/** What a code looks like. Anything else is prose, which may name people. */
const CODE = /^[\w.-]{1,64}$/;

type Row = {
  name: string;
  kind: FailureKind;
  /** Every user of the tenant would meet it: the tenant is left in peace for a while. */
  tenantWide?: true;
  when: (facts: TokenFacts) => boolean;
};

/**
 * The first row that applies decides; every refusal that fits none is taken for the tenant's, because that marks
 * nobody. `docs/failures.md` tells it by these names.
 */
export const FAILURES = [
  { name: 'unknown key', kind: 'misconfigured', when: (f) => f.local === 'cache_unknown_key' },
  { name: 'newer cache', kind: 'transient', when: (f) => f.local === 'cache_newer' },
  {
    name: 'no cache',
    kind: 'cache-lost',
    when: (f) => f.local === 'no_tokens_found' || f.local === 'cache_corrupt',
  },
  { name: 'refresh token over', kind: 'needs-user', when: (f) => f.local === 'refresh_token_expired' },
  { name: 'loop detected', kind: 'throttled', when: (f) => f.errorNo === USER_FLOW_THROTTLED },
  { name: 'too many requests', kind: 'throttled', tenantWide: true, when: (f) => f.status === 429 },
  {
    name: 'outage',
    kind: 'transient',
    when: (f) => f.noAnswer !== undefined || (f.status ?? 0) >= 500 || f.status === 408,
  },
  { name: 'passing error', kind: 'transient', when: (f) => PASSING_ERRORS.has(f.error ?? '') },
  { name: 'own credential', kind: 'misconfigured', when: (f) => OWN_CREDENTIAL.has(f.errorNo ?? 0) },
  {
    name: 'application refused',
    kind: 'tenant',
    tenantWide: true,
    when: (f) => ONE_TENANT.has(f.errorNo ?? 0) || CLIENT_ERRORS.has(f.error ?? ''),
  },
  { name: 'challenge', kind: 'needs-user', when: (f) => f.claims !== undefined },
  { name: 'user refusal', kind: 'needs-user', when: (f) => USER_ERRORS.has(f.error ?? '') },
  { name: 'anything else', kind: 'tenant', when: () => true },
] as const satisfies readonly Row[];

/** Decides what a failed attempt means. By number, suberror and status: MSAL's error classes alone mislead. */
export function classifyFailure(facts: TokenFacts): Failure {
  const { kind, tenantWide }: Pick<Row, 'kind' | 'tenantWide'> = FAILURES.find((row: Row) =>
    row.when(facts),
  ) ?? { kind: 'tenant' };
  const failure: Failure = { kind, code: codeOf(facts), ...(tenantWide && { tenantWide }) };
  if (facts.suberror && CODE.test(facts.suberror)) failure.suberror = facts.suberror;
  if (kind === 'needs-user' && facts.claims && facts.claims.length <= MAX_CLAIMS_LENGTH) {
    failure.claims = facts.claims;
  }
  if (facts.retryAfterSeconds !== undefined) failure.retryAfterSeconds = facts.retryAfterSeconds;
  return failure;
}

function codeOf(facts: TokenFacts): string {
  if (facts.local) return facts.local;
  if (facts.errorNo !== undefined) return `AADSTS${facts.errorNo}`;
  const code = [facts.error, facts.noAnswer].find((candidate) => candidate && CODE.test(candidate));
  return code ?? (facts.status === undefined ? 'unknown' : `http_${facts.status}`);
}
