import type { Photo, ReadPhoto } from '../ports.ts';
import { type AskGraphDeps, askGraph } from './askGraph.ts';

export type GetPhotoDeps = Omit<AskGraphDeps, 'name'> & { readPhoto: ReadPhoto };

/**
 * The caller's photo, if they have one.
 * @throws what {@link askGraph} throws.
 */
export async function getPhoto(
  deps: GetPhotoDeps,
  bearerToken: string,
): Promise<{ photo: Photo | undefined; user: string; source: 'cache' | 'network' | 'memory' }> {
  const { result, facts } = await askGraph({ ...deps, name: 'photo' }, bearerToken, deps.readPhoto);
  return { photo: result, ...facts };
}
