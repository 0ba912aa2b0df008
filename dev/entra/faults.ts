/**
 * Trouble on request: which fault hits which request, and what it then looks like from outside. Faults at `token` hit
 * the web API's requests (on behalf of, refresh) and never the single-page app's own.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import { claimsChallenge, claimsRefusal } from './claimsChallenge.ts';
import { type DemoUser, GRAPH_APP_ID } from './directory.ts';
import { EntraError, GraphError } from './entraError.ts';
import type { FaultPlace, FaultRequest } from './faultRules.ts';
import type { EntraEnv } from './journal.ts';

export type Fault = FaultRequest & {
  /** `claims` only: the id that a token must carry to pass. */
  policyId?: string;
};

export type Faults = {
  /** Sets a fault for one user, or for everybody; it replaces the one at the same place. */
  set(fault: FaultRequest, user?: DemoUser): Fault;
  /** Ends the user's faults, or the server-wide ones. What was revoked stays revoked. */
  clear(user?: DemoUser): void;
  /** True if a refresh token from that moment (`preciseNow`) was revoked since. */
  isRevoked(user: DemoUser, issuedAt: number): boolean;
  /**
   * Lets the fault that lies in this request's way happen: the returned response is the answer, undefined means go on.
   * @param policies ids of the conditional access policies that the request's sign-in has met
   * @throws EntraError, GraphError
   */
  meet(
    c: Context<EntraEnv>,
    at: FaultPlace,
    user?: DemoUser,
    policies?: readonly string[],
  ): Promise<Response | undefined>;
};

/** Milliseconds since 1970 with fractions: finer than what two requests can share. */
export const preciseNow = (): number => performance.timeOrigin + performance.now();

const DEFAULT_RETRY_AFTER = 10;

export function createFaults(): Faults {
  const active = new Map<string, Fault>();
  const revokedAt = new Map<string, number>();
  const keyOf = (at: FaultPlace, user?: DemoUser) => `${user?.name ?? '*'} ${at}`;

  function take(at: FaultPlace, user: DemoUser | undefined, policies: readonly string[]): Fault | undefined {
    const keys = [keyOf(at), ...(user ? [keyOf(at, user)] : [])];
    for (const key of keys) {
      const fault = active.get(key);
      if (!fault || (fault.policyId !== undefined && policies.includes(fault.policyId))) continue;
      if (fault.times !== undefined) {
        fault.times -= 1;
        if (fault.times === 0) active.delete(key);
      }
      return fault;
    }
    return undefined;
  }

  return {
    set: (request, user) => {
      const fault: Fault = { ...request };
      if (fault.kind === 'revoked') {
        for (const one of user ? [user] : ALL_USERS) revokedAt.set(one.name, preciseNow());
        return fault;
      }
      if (fault.kind === 'claims') fault.policyId = crypto.randomUUID();
      active.set(keyOf(fault.at, user), fault);
      // A copy: the caller's answer must not count down.
      return { ...fault };
    },
    clear: (user) => {
      for (const at of ['token', 'graph', 'jwks'] as const) active.delete(keyOf(at, user));
    },
    isRevoked: (user, issuedAt) => issuedAt <= (revokedAt.get(user.name) ?? 0),
    meet: async (c, at, user, policies = []) => {
      // A delay lets the request go on, into whatever lies behind it or was set meanwhile.
      for (let fault = take(at, user, policies); fault; fault = take(at, user, policies)) {
        const answer = await happen(c, fault);
        if (answer) return answer;
      }
      return undefined;
    },
  };
}

async function happen(c: Context<EntraEnv>, fault: Fault): Promise<Response | undefined> {
  switch (fault.kind) {
    case 'delay': {
      const gone = new AbortController();
      c.env.outgoing.once('close', () => gone.abort());
      await sleep(fault.ms ?? 0, undefined, { signal: gone.signal }).catch(() => undefined);
      return undefined;
    }
    case 'hang':
      if (!c.env.incoming.socket.destroyed) await once(c.env.outgoing, 'close');
      return RESPONSE_ALREADY_SENT;
    case 'reset':
      c.env.incoming.socket.destroy();
      return RESPONSE_ALREADY_SENT;
    case 'html':
      c.get('entry').error = 'html';
      return c.html('<!doctype html><title>503</title><h1>Service unavailable</h1>', 503);
    default:
      throw fault.at === 'graph' ? graphRefusal(fault) : tokenRefusal(fault);
  }
}

function tokenRefusal(fault: Fault): EntraError {
  switch (fault.kind) {
    case 'consent':
      return new EntraError('invalid_grant', 65001, 'The user or an administrator has not consented.', {
        suberror: 'consent_required',
      });
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
