/**
 * Which faults there are, where each can be set, and which fields it takes. The error messages come from this table,
 * too.
 */
import { InputError, isRecord } from './input.ts';

export type FaultPlace = 'token' | 'graph' | 'jwks' | 'identity';
/** Whom a fault can hit: one person, everybody in one tenant, or every request to the server. */
export type FaultScope = 'user' | 'tenant' | 'server';
type FaultField = keyof typeof FIELDS;
type FaultRule = {
  scopes: readonly FaultScope[];
  at: readonly FaultPlace[];
  takes: readonly FaultField[];
  needs?: readonly FaultField[];
};

const EVERYWHERE = ['token', 'graph', 'jwks', 'identity'] as const;
/** Requests there belong to no person. */
const NOBODYS: readonly FaultPlace[] = ['jwks', 'identity'];
const ANYBODYS = ['user', 'tenant', 'server'] as const;
const PEOPLES = ['user', 'tenant'] as const;

export const FAULT_RULES = {
  /** `invalid_grant` 50173: every refresh token that was issued until now is invalid for ever. */
  revoked: { scopes: PEOPLES, at: ['token'], takes: [] },
  /** Withdraws consent: `invalid_grant` 65001 until the user consents again. */
  consent: { scopes: PEOPLES, at: ['token'], takes: [] },
  /** `interaction_required` 50076 with claims, or Graph's 401, until a sign-in that was asked for these claims. */
  claims: { scopes: PEOPLES, at: ['token', 'graph'], takes: ['times'] },
  /** `invalid_grant` 50196. */
  'throttled-user': { scopes: PEOPLES, at: ['token'], takes: ['times'] },
  /** 429 with `Retry-After`; Graph's also with `x-ms-throttle-scope`, if one is given. */
  throttled: { scopes: ANYBODYS, at: EVERYWHERE, takes: ['times', 'retryAfter', 'throttleScope'] },
  /** 503 with JSON. */
  'server-error': { scopes: ANYBODYS, at: EVERYWHERE, takes: ['times', 'retryAfter'] },
  /** An HTML page with `status` (503 if left out), as from a gateway. It has `Retry-After` only if one is given. */
  html: { scopes: ANYBODYS, at: EVERYWHERE, takes: ['times', 'status', 'retryAfter'] },
  /** No answer until the client leaves or the server closes. */
  hang: { scopes: ANYBODYS, at: EVERYWHERE, takes: ['times'] },
  /** The connection is reset. */
  reset: { scopes: ANYBODYS, at: EVERYWHERE, takes: ['times'] },
  /** One request waits `ms` milliseconds, or until the fault is deleted, and is then handled as usual. */
  delay: { scopes: ANYBODYS, at: EVERYWHERE, takes: ['ms'], needs: ['ms'] },
  /** `unauthorized_client` 700016: this application is not (or no longer) in the tenant. */
  'unauthorized-client': { scopes: ANYBODYS, at: ['token'], takes: ['times'] },
  /** `invalid_client` 7000222: the secret has expired. */
  'invalid-client': { scopes: ['server'], at: ['token'], takes: ['times'] },
  /**
   * Any other error of the token endpoint: `error`, an AADSTS number if it has one, and further members. The default
   * status is 400.
   */
  error: {
    scopes: ANYBODYS,
    at: ['token'],
    takes: ['times', 'status', 'error', 'errorNo', 'suberror', 'claims', 'retryAfter'],
    needs: ['error'],
  },
} as const satisfies Record<string, FaultRule>;

export type FaultKind = keyof typeof FAULT_RULES;

export type FaultRequest = {
  kind: FaultKind;
  at: FaultPlace;
  /** How many requests the fault hits before it ends by itself. If left out, it lasts until it is deleted. */
  times?: number;
  /** Seconds. */
  retryAfter?: number;
  /** Milliseconds. */
  ms?: number;
  /** HTTP status. */
  status?: number;
  error?: string;
  errorNo?: number;
  suberror?: string;
  /** A claims challenge as raw JSON. */
  claims?: string;
  /** What Graph sends as `x-ms-throttle-scope`. */
  throttleScope?: string;
};

const wholeNumber = (least: number, most: number, unit: string) => ({
  allowed: `whole ${unit} from ${least} to ${most}`,
  fits: (value: unknown) => Number.isInteger(value) && Number(value) >= least && Number(value) <= most,
});
const CODE = {
  allowed: 'a code of letters, digits and _',
  fits: (value: unknown) => typeof value === 'string' && /^\w{1,64}$/.test(value),
};
const FIELDS = {
  times: wholeNumber(1, 1_000_000, 'requests'),
  retryAfter: wholeNumber(0, 86_400, 'seconds'),
  ms: wholeNumber(0, 600_000, 'milliseconds'),
  status: {
    allowed: '200 or an HTTP status from 400 to 599',
    fits: (value: unknown) => value === 200 || wholeNumber(400, 599, '').fits(value),
  },
  error: CODE,
  errorNo: wholeNumber(1, 99_999_999, 'numbers'),
  suberror: CODE,
  throttleScope: {
    allowed: '<Scope>/<Limit>/<ApplicationId>/<id> of letters, digits, _, - and /',
    fits: (value: unknown) => typeof value === 'string' && /^[\w/-]{1,200}$/.test(value),
  },
  claims: {
    allowed: 'text of at most 16384 characters',
    fits: (value: unknown) => typeof value === 'string' && value.length <= 16_384,
  },
};

const isKind = (value: unknown): value is FaultKind =>
  typeof value === 'string' && Object.hasOwn(FAULT_RULES, value);

/**
 * Reads the body of `PUT /dev/users/{name}/fault` (`user`), `PUT /dev/tenants/{id}/fault` (`tenant`) or
 * `PUT /dev/fault` (`server`).
 * @throws InputError that says what was wrong and what is allowed
 */
export function readFault(input: unknown, scope: FaultScope): FaultRequest {
  const kinds = Object.entries<FaultRule>(FAULT_RULES)
    .filter(([, rule]) => rule.scopes.includes(scope))
    .map(([kind]) => kind);
  if (!isRecord(input)) {
    throw new InputError(`fault: expected an object with "kind": ${kinds.join(', ')}`);
  }
  const { kind, at, ...fields } = input;
  if (!isKind(kind) || !kinds.includes(kind)) {
    throw new InputError(`fault: "kind" must be one of ${kinds.join(', ')}`);
  }
  const rule: FaultRule = FAULT_RULES[kind];
  const places = rule.at.filter((place) => scope === 'server' || !NOBODYS.includes(place));
  const place = places.find((allowed) => allowed === (at ?? 'token'));
  if (!place) throw new InputError(`fault: "at" of "${kind}" must be one of ${places.join(', ')}`);

  const fault: FaultRequest = { kind, at: place };
  for (const [name, value] of Object.entries(fields)) {
    const field = rule.takes.find((allowed) => allowed === name);
    const takes = ['kind', 'at', ...rule.takes].join(', ');
    if (!field) throw new InputError(`fault: "${kind}" takes no "${name}"; it takes ${takes}`);
    if (!FIELDS[field].fits(value)) {
      throw new InputError(`fault: "${field}" must be ${FIELDS[field].allowed}`);
    }
    Object.assign(fault, { [field]: value });
  }
  for (const field of rule.needs ?? []) {
    if (fault[field] === undefined) {
      throw new InputError(`fault: "${kind}" needs "${field}", ${FIELDS[field].allowed}`);
    }
  }
  if (kind === 'delay') fault.times = 1;
  return fault;
}
