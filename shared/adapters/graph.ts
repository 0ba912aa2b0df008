import { Client, GraphError, HTTPMessageHandler } from '@microsoft/microsoft-graph-client';
import { UserTokenError } from '../errors.ts';
import type { ReadProfile } from '../ports.ts';
import { readClaimsChallenge } from '../rules/challenge.ts';
import { classifyFailure, type TokenFacts } from '../rules/failures.ts';
import { readRetryAfter } from '../rules/retryAfter.ts';
import type { Profile } from '../wire.ts';

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

/**
 * `GET /v1.0/me` with the properties of {@link Profile}
 * (https://learn.microsoft.com/graph/api/user-get). The client's own retries are left out: they would hold the
 * caller for as long as a Retry-After says.
 */
export function createGraphReadProfile(options: { baseUrl: string; timeoutMs: number }): ReadProfile {
  const client = Client.initWithMiddleware({
    baseUrl: options.baseUrl,
    middleware: [new HTTPMessageHandler()],
  });

  return async (accessToken, signal) => {
    const timeout = AbortSignal.timeout(options.timeoutMs);
    let user: unknown;
    try {
      user = await client
        .api('/me')
        .select([...PROPERTIES])
        // The client attaches a token to https hosts only, and the address is ours alone to choose.
        .header('Authorization', `Bearer ${accessToken}`)
        .option('redirect', 'error')
        .option('signal', signal ? AbortSignal.any([timeout, signal]) : timeout)
        .get();
    } catch (error) {
      throw new UserTokenError(classifyFailure(factsOf(error)));
    }
    if (!hasId(user)) throw new UserTokenError(classifyFailure({ noAnswer: 'graph_answer_not_a_user' }));
    return toProfile(user);
  };
}

function factsOf(error: unknown): TokenFacts {
  if (!(error instanceof GraphError) || error.statusCode < 400) return { noAnswer: 'graph_unreachable' };
  const headers = error.headers;
  return {
    error: `graph_${error.statusCode}`,
    status: error.statusCode,
    claims: readClaimsChallenge(headers?.get('www-authenticate') ?? null),
    retryAfterSeconds: readRetryAfter(headers?.get('retry-after') ?? null, new Date()),
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
