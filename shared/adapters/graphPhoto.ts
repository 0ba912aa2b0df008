import { UserTokenError } from '../errors.ts';
import type { ReadPhoto } from '../ports.ts';
import { classifyFailure } from '../rules/failures.ts';
import { createOpenGraph, factsOfGraphError, type GraphOptions } from './graph.ts';

/** The images a page may show as one; anything else is not passed on. */
const IMAGE = /^image\/(?:jpeg|png|gif)$/;
/** A picture of this size has a few kilobytes. */
const MAX_BYTES = 1_048_576;

/** `GET /v1.0/me/photos/96x96/$value` (https://learn.microsoft.com/graph/api/profilephoto-get). */
export function createGraphReadPhoto(options: GraphOptions): ReadPhoto {
  const open = createOpenGraph(options);

  return async (accessToken, call) => {
    try {
      // The client reads images as blobs by itself. Told to, it would read refusals so too, and lose their headers.
      const answer: unknown = await open(accessToken, undefined, call).api('/me/photos/96x96/$value').get();
      if (!(answer instanceof Blob) || !IMAGE.test(answer.type)) return undefined;
      if (answer.size === 0 || answer.size > MAX_BYTES) return undefined;
      return { type: answer.type, data: new Uint8Array(await answer.arrayBuffer()) };
    } catch (error) {
      const facts = factsOfGraphError(error);
      if (facts.status === 404) return undefined;
      throw new UserTokenError(classifyFailure(facts));
    }
  };
}
