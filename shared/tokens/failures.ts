import type { Failure, FailureKind, Throttle } from '../errors.ts';
import type { UpstreamIds } from './upstream.ts';

/**
 * The code of a failure: the access token is valid, but signed with a key that belongs to this application alone. Entra
 * does not exchange such tokens (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-on-behalf-of-flow).
 */
export const CUSTOM_SIGNING_KEY = 'custom_signing_key';

/** Entra's suberror, and OpenID Connect's error, for a permission without consent. */
export const CONSENT_REQUIRED = 'consent_required';

/** What is known about one attempt to use the token endpoint or Graph for a user. A field is absent if it is unknown. */
export type TokenFacts = {
  /** OAuth 2.0 error code (RFC 6749 §5.2), Entra's `error`. */
  error?: string | undefined;
  /** The number in `AADSTS<number>`. */
  errorNo?: number | undefined;
  suberror?: string | undefined;
  /** A claims challenge: a result of `readClaims`. */
  claims?: string | undefined;
  status?: number | undefined;
  retryAfterSeconds?: number | undefined;
  /** Which API answered 429, and whose requests it limits. Without it and without `api`, it is the token endpoint. */
  throttle?: Throttle | undefined;
  /** The name of the downstream API that answered. Absent means the token endpoint. */
  api?: string | undefined;
  /** The service that answered, and its ids of the call. */
  upstream?: UpstreamIds | undefined;
  /** Why there is no usable answer: a network error's code, a time-out, or an answer that is not JSON. */
  noAnswer?: string | undefined;
  /** Why the attempt stopped before anything was sent. */
  local?:
    | 'refresh_token_expired'
    | 'no_tokens_found'
    | 'cache_corrupt'
    | 'cache_unknown_key'
    | 'cache_newer'
    | 'managed_identity_refused'
    | 'managed_identity_absent'
    | undefined;
};

/** The form of a code. Any other text may be prose, which may name people. */
const CODE = /^[\w.-]{1,64}$/;

export type FailureRow = {
  name: string;
  kind: FailureKind;
  /** Every user of the tenant would meet this failure, so the tenant gets a cooldown. */
  tenantWide?: true;
  /** See {@link Failure}. */
  unsure?: true;
  /** The row applies if any one of these matches. `locals` are values of `local`, `numbers` are those of `AADSTS`. */
  locals?: readonly NonNullable<TokenFacts['local']>[];
  numbers?: readonly number[];
  suberrors?: readonly string[];
  errors?: readonly string[];
  when?: (facts: TokenFacts) => boolean;
};

/** After these refusals a grant is good again, once the user has done what is asked for. */
const GRANT_STAYS = {
  // A policy, an assignment, or a device that a policy does not accept.
  numbers: [50072, 50074, 50076, 50078, 50079, 50105, 53000, 53001, 53002, 53003],
  // A web application's grant outlives the password (https://learn.microsoft.com/entra/identity-platform/refresh-tokens#token-revocation).
  suberrors: ['basic_action', 'additional_action', 'message_only', 'user_password_expired'],
};

/**
 * The first row that applies decides. An outage may send anything, even the JSON of a refusal, so outages come before
 * refusals. A refusal that fits no row counts as `tenant`, because that kind marks no user.
 * `docs/failures.md` describes each row by its name.
 */
export const FAILURES: readonly FailureRow[] = [
  { name: 'unknown key', kind: 'misconfigured', locals: ['cache_unknown_key'] },
  { name: 'newer cache', kind: 'transient', locals: ['cache_newer'] },
  { name: 'no cache', kind: 'cache-lost', locals: ['no_tokens_found', 'cache_corrupt'] },
  { name: 'refresh token over', kind: 'needs-user', locals: ['refresh_token_expired'] },
  // Entra throttles one user's flows with this number. Without it, the answer looks like an expired grant.
  { name: 'loop detected', kind: 'throttled', numbers: [50196] },
  { name: 'too many requests', kind: 'throttled', when: ({ status }) => status === 429 },
  {
    name: 'outage',
    kind: 'transient',
    errors: ['temporarily_unavailable', 'server_error'],
    when: ({ noAnswer, status = 0 }) => noAnswer !== undefined || status >= 500 || status === 408,
  },
  {
    // Every user would meet it, and no user can correct it.
    name: 'own credential',
    kind: 'misconfigured',
    locals: ['managed_identity_refused', 'managed_identity_absent'],
    numbers: [
      7000214, 7000215, 7000216, 7000218, 7000222, 7000274, 7000277, 1000502, 700021, 700023, 700024, 700027,
      70021, 700211, 700212, 700213, 7002121, 7002137, 7002138, 700222, 700226, 700227, 700236,
    ],
  },
  {
    // The application has its own signing key, or the token is for another audience. Entra does not exchange such tokens.
    name: 'token not exchangeable',
    kind: 'misconfigured',
    unsure: true,
    numbers: [50013, 500131],
  },
  {
    // This tenant has removed or blocked the application, or never had it.
    name: 'application refused',
    kind: 'tenant',
    tenantWide: true,
    numbers: [90002, 500011, 650051, 650052, 700016, 7000112, 7000229],
    errors: ['unauthorized_client'],
  },
  {
    // In RFC 6749 §5.2 it means our client credential. Entra also sends it for single tenants, with numbers of the row above.
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
    numbers: [...GRANT_STAYS.numbers, 50057, 50058, 50132, 50133, 50173, 70008, 70043, 700082, 700084],
    suberrors: [...GRANT_STAYS.suberrors, 'bad_token', 'token_expired'],
  },
  {
    // Without its number, the throttling of one user's flows looks the same.
    name: 'bare refusal',
    kind: 'needs-user',
    unsure: true,
    errors: ['interaction_required', 'login_required', 'invalid_grant'],
  },
  { name: 'anything else', kind: 'tenant', when: () => true },
];

/** True if a refusal is for certain the end of the grant itself. A grant that is challenged is good again after a sign-in. */
export const endsGrant = ({ kind, code, suberror = '', claims, unsure }: Failure): boolean =>
  kind === 'needs-user' &&
  claims === undefined &&
  !unsure &&
  !GRANT_STAYS.numbers.some((number) => code === `AADSTS${number}`) &&
  !GRANT_STAYS.suberrors.includes(suberror);

const applies = (row: FailureRow, facts: TokenFacts): boolean =>
  (facts.local !== undefined && row.locals?.includes(facts.local)) ||
  (facts.errorNo !== undefined && row.numbers?.includes(facts.errorNo)) ||
  (facts.suberror !== undefined && row.suberrors?.includes(facts.suberror)) ||
  (facts.error !== undefined && row.errors?.includes(facts.error)) ||
  (row.when?.(facts) ?? false);

/**
 * Decides what a failed attempt means, from its status, number, suberror and OAuth error. MSAL's error classes alone are
 * misleading. Microsoft may change the numbers at any time
 * (https://learn.microsoft.com/entra/identity-platform/reference-error-codes). Without a number the decision may be less
 * exact, but it never marks a user that it would not mark with the number.
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
  // A stored failure is recognised as a missing consent by this suberror, so it is always set.
  if (kind === 'consent') failure.suberror = CONSENT_REQUIRED;
  else if (facts.suberror && CODE.test(facts.suberror)) failure.suberror = facts.suberror;
  if (kind === 'needs-user' && facts.claims) failure.claims = facts.claims;
  if (facts.api !== undefined && facts.status === 401) failure.askedBy = facts.api;
  const throttle = facts.throttle ?? (facts.api === undefined ? { api: 'token' } : undefined);
  if (kind === 'throttled' && facts.status === 429 && throttle !== undefined) failure.throttle = throttle;
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
