import type { ReadProfile } from '../ports.ts';
import type { Profile } from '../wire.ts';
import { type AskGraphDeps, askGraph } from './askGraph.ts';

export type GetProfileDeps = Omit<AskGraphDeps, 'name'> & { readProfile: ReadProfile };

/**
 * The caller's profile.
 * @throws what {@link askGraph} throws.
 */
export async function getProfile(
  deps: GetProfileDeps,
  bearerToken: string,
): Promise<{ profile: Profile; user: string; source: 'cache' | 'network' | 'memory' }> {
  const { result, facts } = await askGraph({ ...deps, name: 'profile' }, bearerToken, deps.readProfile);
  return { profile: result, ...facts };
}
