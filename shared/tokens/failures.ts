import type { Failure, FailureKind, Throttle } from '../errors.ts';
import type { UpstreamIds } from './upstream.ts';

/**
 * The code of a failure in which a good token is signed with a key that this application has for itself: Entra does not
 * exchange such tokens (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow).
 */
export const CUSTOM_SIGNING_KEY = 'custom_signing_key';

/** Entra's suberror, and OpenID Connect's error, for a permission that was not consented to. */
export const CONSENT_REQUIRED = 'consent_required';

/** What is known of an attempt to use the token endpoint or Graph for one user. Absent means not known. */
export type TokenFacts = {
  /** OAuth 2.0 error code (RFC 6749 §5.2), Entra's `error`. */
  error?: string | undefined;
  /** The number in `AADSTS<number>`. */
  errorNo?: number | undefined;
  suberror?: string | undefined;
  /** A claims challenge, as `readClaims` gave it. */
  claims?: string | undefined;
  status?: number | undefined;
  retryAfterSeconds?: number | undefined;
  /** Who answered 429, and of whom it asks for fewer requests. Absent means the token endpoint. */
  throttle?: Throttle | undefined;
  /** The downstream API that answered, by its name. Absent means the token endpoint. */
  api?: string | undefined;
  /** Who answered, and the ids of the call there. */
  upstream?: UpstreamIds | undefined;
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

/** What a code looks like. Anything else is prose, which may name people. */
const CODE = /^[\w.-]{1,64}$/;

export type FailureRow = {
  name: string;
  kind: FailureKind;
  /** Every user of the tenant would meet it: the tenant is left in peace for a while. */
  tenantWide?: true;
  /** See {@link Failure}. */
  unsure?: true;
  /** It applies if any of these does: something local, an `AADSTS` number, a suberror, an OAuth error, or `when`. */
  locals?: readonly NonNullable<TokenFacts['local']>[];
  numbers?: readonly number[];
  suberrors?: readonly string[];
  errors?: readonly string[];
  when?: (facts: TokenFacts) => boolean;
};

/**
 * The first row that applies decides. What an outage sends may look like anything, so outages come before what a
 * refusal says. A refusal that fits no row is taken for the tenant's, because that marks nobody.
 * `docs/failures.md` tells each of them, by name.
 */
export const FAILURES: readonly FailureRow[] = [
  { name: 'unknown key', kind: 'misconfigured', locals: ['cache_unknown_key'] },
  { name: 'newer cache', kind: 'transient', locals: ['cache_newer'] },
  { name: 'no cache', kind: 'cache-lost', locals: ['no_tokens_found', 'cache_corrupt'] },
  { name: 'refresh token over', kind: 'needs-user', locals: ['refresh_token_expired'] },
  // Entra's throttling of one user's flows, which looks like a dead grant.
  { name: 'loop detected', kind: 'throttled', numbers: [50196] },
  { name: 'too many requests', kind: 'throttled', when: ({ status }) => status === 429 },
  {
    name: 'outage',
    kind: 'transient',
    errors: ['temporarily_unavailable', 'server_error'],
    when: ({ noAnswer, status = 0 }) => noAnswer !== undefined || status >= 500 || status === 408,
  },
  {
    // No user can mend it, every user would meet it.
    name: 'own credential',
    kind: 'misconfigured',
    numbers: [
      7000214, 7000215, 7000216, 7000218, 7000222, 7000274, 7000277, 1000502, 700024, 700027, 700211, 700212,
      700213,
    ],
  },
  {
    // The API has a signing key of its own, or the token is for another audience: Entra exchanges no such token.
    name: 'token not exchangeable',
    kind: 'misconfigured',
    unsure: true,
    numbers: [50013, 500131],
  },
  {
    // One tenant removed, blocked or never had this application.
    name: 'application refused',
    kind: 'tenant',
    tenantWide: true,
    numbers: [90002, 500011, 650051, 650052, 700016, 7000112, 7000229],
    errors: ['unauthorized_client'],
  },
  {
    // RFC 6749 §5.2 means our credential by it. Entra also says it of single tenants, with numbers of the row above.
    name: 'client refused',
    kind: 'misconfigured',
    tenantWide: true,
    unsure: true,
    errors: ['invalid_client'],
  },
  { name: 'challenge', kind: 'needs-user', when: ({ claims }) => claims !== undefined },
  {
    name: 'consent',
    kind: 'consent',
    numbers: [65001],
    suberrors: [CONSENT_REQUIRED],
    errors: [CONSENT_REQUIRED],
  },
  {
    name: 'user refusal',
    kind: 'needs-user',
    numbers: [
      50057, 50058, 50072, 50074, 50076, 50078, 50079, 50105, 50132, 50133, 50173, 53000, 53001, 53002, 53003,
      70008, 70043, 700082, 700084,
    ],
    suberrors: [
      'bad_token',
      'token_expired',
      'basic_action',
      'additional_action',
      'message_only',
      'user_password_expired',
    ],
  },
  {
    // Without a number, throttling of one user's flows looks like this, too.
    name: 'bare refusal',
    kind: 'needs-user',
    unsure: true,
    errors: ['interaction_required', 'login_required', 'invalid_grant'],
  },
  { name: 'anything else', kind: 'tenant', when: () => true },
];

const applies = (row: FailureRow, facts: TokenFacts): boolean =>
  (facts.local !== undefined && row.locals?.includes(facts.local)) ||
  (facts.errorNo !== undefined && row.numbers?.includes(facts.errorNo)) ||
  (facts.suberror !== undefined && row.suberrors?.includes(facts.suberror)) ||
  (facts.error !== undefined && row.errors?.includes(facts.error)) ||
  (row.when?.(facts) ?? false);

/**
 * Decides what a failed attempt means. By status, number, suberror and OAuth error: MSAL's error classes alone mislead.
 * Numbers are hints, which Microsoft may change at any time
 * (https://learn.microsoft.com/entra/identity-platform/reference-error-codes): without them a decision may be less
 * exact, but no user is marked who would not have been.
 */
export function classifyFailure(facts: TokenFacts): Failure {
  const row = FAILURES.find((candidate) => applies(candidate, facts));
  const { kind, tenantWide, unsure }: Pick<FailureRow, 'kind' | 'tenantWide' | 'unsure'> = row ?? {
    kind: 'tenant',
  };
  const failure: Failure = {
    kind,
    code: codeOf(facts),
    ...(tenantWide && { tenantWide }),
    ...(unsure && { unsure }),
  };
  // Whatever said so, the suberror names it: by it a stored failure is known again.
  if (kind === 'consent') failure.suberror = CONSENT_REQUIRED;
  else if (facts.suberror && CODE.test(facts.suberror)) failure.suberror = facts.suberror;
  if (kind === 'needs-user' && facts.claims) failure.claims = facts.claims;
  if (facts.api !== undefined && facts.status === 401) failure.askedBy = facts.api;
  if (kind === 'throttled' && facts.status === 429) failure.throttle = facts.throttle ?? { api: 'token' };
  if (facts.retryAfterSeconds !== undefined) failure.retryAfterSeconds = facts.retryAfterSeconds;
  if (facts.upstream !== undefined)
    failure.upstream = { ...facts.upstream, code: upstreamCodeOf(facts, failure) };
  return failure;
}

const upstreamCodeOf = ({ upstream, status }: TokenFacts, { code }: Failure): string =>
  upstream?.service === 'graph' && status !== undefined ? String(status) : code;

function codeOf(facts: TokenFacts): string {
  if (facts.local) return facts.local;
  if (facts.errorNo !== undefined) return `AADSTS${facts.errorNo}`;
  const code = [facts.error, facts.noAnswer].find((candidate) => candidate && CODE.test(candidate));
  return code ?? (facts.status === undefined ? 'unknown' : `http_${facts.status}`);
}
