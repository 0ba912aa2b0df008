/** Which faults there are, where each can be set, and what it takes: one table that also words the refusals. */
import { InputError } from './inputError.ts';

export type FaultPlace = 'token' | 'graph' | 'jwks';
type FaultField = 'times' | 'retryAfter' | 'ms';
type FaultRule = {
  /** Whose trouble it is: one person's, the whole server's, or either. */
  scope: 'user' | 'server' | 'either';
  at: readonly FaultPlace[];
  takes: readonly FaultField[];
};

const EVERYWHERE = ['token', 'graph', 'jwks'] as const;

const FAULT_RULES = {
  /** `invalid_grant` 50173: every refresh token issued until now is worthless, for good. */
  revoked: { scope: 'user', at: ['token'], takes: [] },
  /** `invalid_grant` 65001. */
  consent: { scope: 'user', at: ['token'], takes: ['times'] },
  /** `interaction_required` 50076 with claims, or Graph's 401, until a sign-in that was asked for these claims. */
  claims: { scope: 'user', at: ['token', 'graph'], takes: ['times'] },
  /** `invalid_grant` 50196. */
  'throttled-user': { scope: 'user', at: ['token'], takes: ['times'] },
  /** 429 with `Retry-After`. */
  throttled: { scope: 'either', at: EVERYWHERE, takes: ['times', 'retryAfter'] },
  /** 503 with JSON. */
  'server-error': { scope: 'either', at: EVERYWHERE, takes: ['times', 'retryAfter'] },
  /** 503 with a page, as a gateway in front answers. */
  html: { scope: 'either', at: EVERYWHERE, takes: ['times'] },
  /** No answer until the client leaves or the server closes. */
  hang: { scope: 'either', at: EVERYWHERE, takes: ['times'] },
  /** The connection is reset. */
  reset: { scope: 'either', at: EVERYWHERE, takes: ['times'] },
  /** One request waits `ms` milliseconds and then goes its ordinary way. */
  delay: { scope: 'either', at: EVERYWHERE, takes: ['ms'] },
  /** `unauthorized_client` 700016: this application is not (or no longer) in the tenant. */
  'unauthorized-client': { scope: 'either', at: ['token'], takes: ['times'] },
  /** `invalid_client` 7000222: the secret has expired. */
  'invalid-client': { scope: 'server', at: ['token'], takes: ['times'] },
} as const satisfies Record<string, FaultRule>;

export type FaultKind = keyof typeof FAULT_RULES;

export type FaultRequest = {
  kind: FaultKind;
  at: FaultPlace;
  /** How many requests it hits before it heals by itself; without it, it lasts until it is deleted. */
  times?: number;
  /** Seconds. */
  retryAfter?: number;
  /** Milliseconds. */
  ms?: number;
};

const LIMITS: Record<FaultField, { least: number; most: number; unit: string }> = {
  times: { least: 1, most: 1_000_000, unit: 'requests' },
  retryAfter: { least: 0, most: 86_400, unit: 'seconds' },
  ms: { least: 0, most: 600_000, unit: 'milliseconds' },
};

const isKind = (value: unknown): value is FaultKind =>
  typeof value === 'string' && Object.hasOwn(FAULT_RULES, value);

/**
 * Reads the body of `PUT /dev/users/{name}/fault` (`user`) or `PUT /dev/fault` (`server`).
 * @throws InputError that says what was wrong and what is allowed
 */
export function readFault(input: unknown, scope: 'user' | 'server'): FaultRequest {
  const kinds = Object.entries<FaultRule>(FAULT_RULES)
    .filter(([, rule]) => rule.scope === scope || rule.scope === 'either')
    .map(([kind]) => kind);
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw new InputError(`fault: expected an object with "kind": ${kinds.join(', ')}`);
  }
  const { kind, at, ...fields } = input as Record<string, unknown>;
  if (!isKind(kind) || !kinds.includes(kind)) {
    throw new InputError(`fault: "kind" must be one of ${kinds.join(', ')}`);
  }
  const rule: FaultRule = FAULT_RULES[kind];
  const places = rule.at.filter((place) => scope === 'server' || place !== 'jwks');
  const place = places.find((allowed) => allowed === (at ?? 'token'));
  if (!place) throw new InputError(`fault: "at" of "${kind}" must be one of ${places.join(', ')}`);

  const fault: FaultRequest = { kind, at: place };
  for (const [name, value] of Object.entries(fields)) {
    const field = rule.takes.find((allowed) => allowed === name);
    const takes = ['kind', 'at', ...rule.takes].join(', ');
    if (!field) throw new InputError(`fault: "${kind}" takes no "${name}"; it takes ${takes}`);
    const { least, most, unit } = LIMITS[field];
    if (typeof value !== 'number' || !Number.isInteger(value) || value < least || value > most) {
      throw new InputError(`fault: "${field}" must be whole ${unit} from ${least} to ${most}`);
    }
    fault[field] = value;
  }
  if (kind === 'delay') {
    if (fault.ms === undefined) throw new InputError('fault: "delay" needs "ms", whole milliseconds');
    fault.times = 1;
  }
  return fault;
}
