import { ALL_USERS, API_CLIENT_ID } from '../../dev/entra/directory.ts';
import { signInWithCode } from '../../dev/entra/signIn.ts';
import { toUserId, type UserId } from '../userId.ts';

export const SPA_ORIGIN = 'http://localhost:5173';

export type SignedInUser = { userId: UserId; accessToken: string };

/**
 * Signs in a user of the stand-in at the page `http://localhost:5173`.
 * @param origin of the stand-in
 * @param name of one of its users, such as `adele`
 * @returns the user, and an access token for the application's own API
 * @throws {Error} the stand-in has no user with this name.
 */
export async function signInAs(origin: string, name: string): Promise<SignedInUser> {
  const user = ALL_USERS.find((candidate) => candidate.name === name);
  if (user === undefined) throw new Error(`The stand-in has no user "${name}".`);
  const { accessToken } = await signInWithCode({
    origin,
    user: name,
    tenant: user.tid,
    spaOrigin: SPA_ORIGIN,
    scope: `api://${API_CLIENT_ID}/.default`,
  });
  return { userId: toUserId(user), accessToken };
}
