/**
 * Faults that tests and people set: which fault hits which request, and how it is answered. Faults at `token` hit the
 * web API's requests (on behalf of, refresh, client credentials) and never the single-page app's own.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { claimsChallenge, claimsRefusal } from './claimsChallenge.ts';
import { type DemoUser, GRAPH_APP_ID, type Identity } from './directory.ts';
import { EntraError, GraphError } from './entraError.ts';
import type { FaultPlace, FaultRequest } from './faultRules.ts';
import type { EntraEnv } from './journal.ts';

export type Fault = FaultRequest & {
  /** `claims` only: the id that a token must carry to pass. */
  policyId?: string;
};

/** Whom the fault hits; every request if left out. */
export type FaultTarget = { user: DemoUser } | { tid: string };

/** A fault that hits a request, by its target and place. */
type Hit = { key: string; fault: Fault };

export type Faults = {
  /** Sets a fault; it replaces the one of the same target at the same place. */
  set(fault: FaultRequest, target?: FaultTarget): Fault;
  /** Ends the target's own faults, and the delays that have begun. What was revoked stays revoked. */
  clear(target?: FaultTarget): void;
  /** As if none of the person's own faults had ever been: refresh tokens that were revoked are good again, too. */
  forget(user: DemoUser): void;
  /** True if a refresh token that was issued at that moment (`preciseNow`) has been revoked since. */
  isRevoked(identity: Identity, issuedAt: number): boolean;
  /**
   * Applies the fault that hits this request. If it returns a response, that is the answer; undefined means go on.
   * @param policies ids of the conditional access policies that the request's sign-in has met
   * @throws EntraError, GraphError
   */
  meet(
    c: Context<EntraEnv>,
    at: FaultPlace,
    identity?: Identity,
    policies?: readonly string[],
  ): Promise<Response | undefined>;
};

/** Milliseconds since 1970 with fractions, so that no two requests have the same value. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();

const DEFAULT_RETRY_AFTER = 10;

const EVERYBODY = '*';

const nameOf = (target: FaultTarget | undefined): string => {
  if (!target) return EVERYBODY;
  return 'tid' in target ? `tenant ${target.tid}` : `user ${target.user.name}`;
};

/** All targets that include a request of this person, the widest first. */
const namesFor = (identity: Identity | undefined): string[] =>
  [undefined, ...(identity ? [{ tid: identity.tid }, { user: identity.user }] : [])].map(nameOf);

export function createFaults(): Faults {
  const active = new Map<string, Fault>();
  const revokedAt = new Map<string, number>();
  /** The delays that have begun, by target and place. */
  const delays = new Map<string, Set<AbortController>>();

  function take(
    at: FaultPlace,
    identity: Identity | undefined,
    policies: readonly string[],
  ): Hit | undefined {
    for (const name of namesFor(identity)) {
      const key = `${name} ${at}`;
      const fault = active.get(key);
      if (!fault || (fault.policyId !== undefined && policies.includes(fault.policyId))) continue;
      if (fault.times !== undefined) {
        fault.times -= 1;
        if (fault.times === 0) active.delete(key);
      }
      return { key, fault };
    }
    return undefined;
  }

  /** Ends early when the client leaves, or when the fault is deleted. */
  async function delay(c: Context<EntraEnv>, { key, fault }: Hit): Promise<void> {
    const over = new AbortController();
    c.env.outgoing.once('close', () => over.abort());
    const begun = delays.get(key) ?? new Set();
    delays.set(key, begun.add(over));
    await sleep(fault.ms ?? 0, undefined, { signal: over.signal }).catch(() => undefined);
    begun.delete(over);
  }

  const faults: Faults = {
    set: (request, target) => {
      const fault: Fault = { ...request };
      if (fault.kind === 'revoked') {
        revokedAt.set(nameOf(target), preciseNow());
        return fault;
      }
      if (fault.kind === 'claims') fault.policyId = crypto.randomUUID();
      active.set(`${nameOf(target)} ${fault.at}`, fault);
      // A copy, so that the object in the caller's answer does not count down.
      return { ...fault };
    },
    clear: (target) => {
      for (const at of ['token', 'graph', 'jwks', 'identity'] as const) {
        const key = `${nameOf(target)} ${at}`;
        active.delete(key);
        for (const over of delays.get(key) ?? []) over.abort();
      }
    },
    forget: (user) => {
      faults.clear({ user });
      revokedAt.delete(nameOf({ user }));
    },
    isRevoked: (identity, issuedAt) =>
      namesFor(identity).some((name) => issuedAt <= (revokedAt.get(name) ?? 0)),
    meet: async (c, at, identity, policies = []) => {
      // After a delay the request goes on, and may meet another fault, even one that was set meanwhile.
      for (let hit = take(at, identity, policies); hit; hit = take(at, identity, policies)) {
        const answer = hit.fault.kind === 'delay' ? await delay(c, hit) : await happen(c, hit.fault);
        if (answer) return answer;
      }
      return undefined;
    },
  };
  return faults;
}

async function happen(c: Context<EntraEnv>, fault: Fault): Promise<Response> {
  switch (fault.kind) {
    case 'hang':
      if (!c.env.incoming.socket.destroyed) await once(c.env.outgoing, 'close');
      return RESPONSE_ALREADY_SENT;
    case 'reset':
      c.env.incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    case 'html': {
      const status = fault.status ?? 503;
      c.get('entry').error = 'html';
      if (fault.retryAfter !== undefined) c.header('Retry-After', String(fault.retryAfter));
      return c.html(
        `<!doctype html><title>${status}</title><h1>This is a gateway</h1>`,
        status as ContentfulStatusCode,
      );
    }
    default:
      throw fault.at === 'graph' ? graphRefusal(fault) : tokenRefusal(fault);
  }
}

function tokenRefusal(fault: Fault): EntraError {
  switch (fault.kind) {
    case 'claims':
      return claimsRefusal([fault.policyId ?? '']);
    case 'throttled':
      return new EntraError('temporarily_unavailable', 90055, 'Too many requests.', {
        status: 429,
        retryAfter: fault.retryAfter ?? DEFAULT_RETRY_AFTER,
      });
    case 'throttled-user':
      return new EntraError('invalid_grant', 50196, 'The same request came too often: a loop was detected.');
    case 'unauthorized-client':
      return new EntraError(
        'unauthorized_client',
        700016,
        'The application is not installed in this tenant.',
      );
    case 'invalid-client':
      return new EntraError('invalid_client', 7000222, "The client's secret has expired.", { status: 401 });
    case 'error': {
      const { error = '', errorNo, status = 400, suberror, claims, retryAfter } = fault;
      return new EntraError(error, errorNo, 'Refused on request.', {
        status: status as ContentfulStatusCode,
        ...(suberror === undefined ? {} : { suberror }),
        ...(claims === undefined ? {} : { claims }),
        ...(retryAfter === undefined ? {} : { retryAfter }),
      });
    }
    default:
      return new EntraError('temporarily_unavailable', 90033, 'A service behind this one is not available.', {
        status: 503,
        ...(fault.retryAfter === undefined ? {} : { retryAfter: fault.retryAfter }),
      });
  }
}

function graphRefusal(fault: Fault): GraphError {
  const retryAfter = fault.retryAfter ?? (fault.kind === 'throttled' ? DEFAULT_RETRY_AFTER : undefined);
  const headers: Record<string, string> =
    retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) };
  if (fault.throttleScope !== undefined) headers['x-ms-throttle-scope'] = fault.throttleScope;
  if (fault.kind === 'throttled')
    return new GraphError(429, 'TooManyRequests', 'Too many requests.', headers);
  if (fault.kind === 'claims') {
    // Continuous access evaluation: https://learn.microsoft.com/entra/identity-platform/claims-challenge
    const claims = Buffer.from(claimsChallenge([fault.policyId ?? ''])).toString('base64');
    return new GraphError(401, 'InvalidAuthenticationToken', 'The token does not meet a policy.', {
      'WWW-Authenticate': `Bearer realm="", client_id="${GRAPH_APP_ID}", error="insufficient_claims", claims="${claims}"`,
    });
  }
  return new GraphError(503, 'serviceNotAvailable', 'The service is not available.', headers);
}
