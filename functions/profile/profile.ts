import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { UnavailableError } from '../../shared/errors.ts';
import { defineFunction } from '../../shared/requests/defineFunction.ts';
import type { Profile } from '../../shared/wire.ts';

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
const SELECTED = PROPERTIES.join();

/** The caller as the directory describes them (https://learn.microsoft.com/graph/api/user-get). */
export const profile = defineFunction({
  name: 'profile',
  api: graph,
  scopes: ['User.Read'],
  async run({ graph }): Promise<Profile> {
    const user = (await graph.api('/me').select(SELECTED).get()) as Partial<Profile> | null;
    // A proxy may answer in Graph's place.
    if (typeof user?.id !== 'string') throw new UnavailableError('api');
    const known: Profile = { id: user.id };
    for (const name of PROPERTIES) {
      if (typeof user[name] === 'string' && user[name] !== '') known[name] = user[name];
    }
    return known;
  },
});
