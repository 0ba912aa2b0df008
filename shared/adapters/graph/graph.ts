import {
  Client,
  type Context,
  GraphError,
  HTTPMessageHandler,
  type Middleware,
} from '@microsoft/microsoft-graph-client';
import { UserTokenError } from '../../errors.ts';
import type { OpenGraph, ReadProfile } from '../../ports.ts';
import { readClaimsChallenge } from '../../tokens/challenge.ts';
import { classifyFailure, type TokenFacts } from '../../tokens/failures.ts';
import { readRetryAfter } from '../../tokens/retryAfter.ts';
import type { Profile } from '../../wire.ts';
import { ReadableRefusals } from './graphRefusal.ts';
import { graphIds, TracedCall } from './graphTrace.ts';
import { readThrottleScope } from './throttleScope.ts';

const PROPERTIES = [
  'id',
  'displayName',
  'givenName',
  'surname',
  'userPrincipalName',
  'mail',
  'jobTitle',
  'department',
  'officeLocation',
  'city',
  'country',
  'employeeId',
] as const satisfies readonly (keyof Profile)[];

export type GraphOptions = {
  /** Origin of Microsoft Graph. */
  baseUrl: string;
  /** For one request. */
  timeoutMs: number;
  /** Nobody waits for the answers: where Graph must turn some requests away, it may turn these away first. */
  inBackground?: boolean;
};

/** https://learn.microsoft.com/graph/throttling-limits#request-headers; services that do not know it ignore it. */
const LOW_PRIORITY = { 'x-ms-throttle-priority': 'low' };

/**
 * Microsoft's client, bound to one token. Its own retries are left out: they would hold the caller for as long as a
 * Retry-After says.
 */
export function createOpenGraph(options: GraphOptions): OpenGraph {
  return (accessToken, signal, call = {}) =>
    Client.initWithMiddleware({
      baseUrl: options.baseUrl,
      middleware: [
        new BoundToken({ ...options, accessToken, signal }),
        new TracedCall(call),
        new ReadableRefusals(({ status, headers }) => {
          const failure = classifyFailure(factsOf(status, headers));
          if (failure.throttle !== undefined) call.onThrottled?.(failure);
        }),
        new HTTPMessageHandler(),
      ],
    });
}

type Bound = GraphOptions & { accessToken: string; signal: AbortSignal | undefined };

/**
 * The client attaches a token to https hosts of Microsoft's alone, and the stand-in is none. This one goes to the
 * configured origin and nowhere else: a task may have its addresses from anywhere.
 */
class BoundToken implements Middleware {
  readonly #bound: Bound;
  #next: Middleware | undefined;

  constructor(bound: Bound) {
    this.#bound = bound;
  }

  async execute(context: Context): Promise<void> {
    const { accessToken, baseUrl, timeoutMs, signal, inBackground } = this.#bound;
    const { request } = context;
    const { origin } = new URL(typeof request === 'string' ? request : request.url);
    if (origin !== new URL(baseUrl).origin) {
      throw new TypeError(
        `This token is for ${baseUrl} alone. Ask another service with fetch and a token of its own.`,
      );
    }
    const timeout = AbortSignal.timeout(timeoutMs);
    const headers = new Headers(context.options?.headers as Record<string, string> | undefined);
    headers.set('Authorization', `Bearer ${accessToken}`);
    context.options = {
      ...context.options,
      headers: { ...(inBackground && LOW_PRIORITY), ...Object.fromEntries(headers) },
      redirect: 'error',
      signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
    };
    await this.#next?.execute(context);
  }

  setNext(next: Middleware): void {
    this.#next = next;
  }
}

/**
 * `GET /v1.0/me` with the properties of {@link Profile}
 * (https://learn.microsoft.com/graph/api/user-get).
 */
export function createGraphReadProfile(options: GraphOptions): ReadProfile {
  const open = createOpenGraph(options);

  return async (accessToken, call) => {
    let user: unknown;
    try {
      user = await open(accessToken, undefined, call)
        .api('/me')
        .select([...PROPERTIES])
        .get();
    } catch (error) {
      throw new UserTokenError(classifyFailure(factsOfGraphError(error)));
    }
    if (!hasId(user)) throw new UserTokenError(classifyFailure({ noAnswer: 'graph_answer_not_a_user' }));
    return toProfile(user);
  };
}

/** What is known of a request that Graph refused or did not answer. */
export function factsOfGraphError(error: unknown): TokenFacts {
  if (!(error instanceof GraphError) || error.statusCode < 400) return { noAnswer: 'graph_unreachable' };
  return factsOf(error.statusCode, error.headers ?? new Headers());
}

function factsOf(status: number, headers: Headers): TokenFacts {
  const scope = readThrottleScope(headers.get('x-ms-throttle-scope'));
  return {
    error: `graph_${status}`,
    status,
    claims: readClaimsChallenge(headers.get('www-authenticate')),
    retryAfterSeconds: readRetryAfter(headers.get('retry-after'), new Date()),
    throttle: { api: 'graph', ...(scope && { scope }) },
    upstream: graphIds(headers),
  };
}

type GraphUser = { id: string } & Partial<Record<(typeof PROPERTIES)[number], unknown>>;

const hasId = (user: unknown): user is GraphUser =>
  typeof user === 'object' && user !== null && 'id' in user && typeof user.id === 'string';

function toProfile(user: GraphUser): Profile {
  const profile: Profile = { id: user.id };
  for (const property of PROPERTIES) {
    const value = user[property];
    if (typeof value === 'string' && value !== '') profile[property] = value;
  }
  return profile;
}
