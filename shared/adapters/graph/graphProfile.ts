import type { OpenApi } from '../../api.ts';
import type { Clock } from '../../clock.ts';
import { UserTokenError } from '../../errors.ts';
import type { ReadProfile } from '../../ports.ts';
import { classifyFailure } from '../../tokens/failures.ts';
import type { Profile } from '../../wire.ts';
import { graph } from './graphApi.ts';
import { factsOfGraphError } from './graphFailure.ts';

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
 * Reads `GET /v1.0/me` with the properties of {@link Profile}
 * (https://learn.microsoft.com/graph/api/user-get).
 */
export function createGraphReadProfile(openApi: OpenApi, clock: Clock): ReadProfile {
  return async (call) => {
    let user: unknown;
    try {
      user = await openApi(graph, call)
        .graph.api('/me')
        .select([...PROPERTIES])
        .get();
    } catch (error) {
      throw new UserTokenError(classifyFailure(factsOfGraphError(error, clock.now())));
    }
    if (!hasId(user)) throw new UserTokenError(classifyFailure({ noAnswer: 'graph_answer_not_a_user' }));
    return toProfile(user);
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
