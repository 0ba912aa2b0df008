import { GraphError } from '@microsoft/microsoft-graph-client';
import type { Throttle } from '../../errors.ts';
import { readClaimsChallenge } from '../../tokens/challenge.ts';
import type { TokenFacts } from '../../tokens/failures.ts';
import { readRetryAfter } from '../../tokens/retryAfter.ts';
import { upstreamIds } from '../../tokens/upstream.ts';

/** What the error of the Graph client says about a request that Graph refused or did not answer. */
export function factsOfGraphError(error: unknown, now: Date): TokenFacts {
  if (!(error instanceof GraphError) || error.statusCode < 400) return { noAnswer: 'graph_unreachable' };
  return graphFacts(error.statusCode, error.headers ?? new Headers(), now);
}

/** What the status and headers say about a request that Graph refused. */
export function graphFacts(status: number, headers: Headers, now: Date): TokenFacts {
  const scope = readThrottleScope(headers.get('x-ms-throttle-scope'));
  return {
    api: 'graph',
    error: `graph_${status}`,
    status,
    claims: readClaimsChallenge(headers.get('www-authenticate')),
    retryAfterSeconds: readRetryAfter(headers.get('retry-after'), now),
    throttle: { api: 'graph', ...(scope && { scope }) },
    // Graph's support finds a call by these (https://learn.microsoft.com/graph/best-practices-concept#reliability-and-support).
    upstream: upstreamIds('graph', {
      requestId: headers.get('request-id'),
      correlationId: headers.get('client-request-id'),
      timestamp: headers.get('date'),
    }),
  };
}

const THROTTLE_SCOPES: Readonly<Record<string, Throttle['scope']>> = {
  tenant: 'tenant',
  tenant_application: 'tenant',
  application: 'application',
};

/**
 * Reads whose requests a throttle concerns from Graph's header `x-ms-throttle-scope`, which has the form
 * `<Scope>/<Limit>/<ApplicationId>/<id>`
 * (https://learn.microsoft.com/graph/throttling-limits#throttled-responses-requests).
 * @returns undefined if there is no header, or if the scope is narrower than a tenant
 */
export function readThrottleScope(header: string | null): Throttle['scope'] {
  const scope = header?.split('/')[0]?.trim().toLowerCase() ?? '';
  return Object.hasOwn(THROTTLE_SCOPES, scope) ? THROTTLE_SCOPES[scope] : undefined;
}
