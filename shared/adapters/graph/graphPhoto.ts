import type { Clock } from '../../clock.ts';
import { type UpstreamReference, UserTokenError } from '../../errors.ts';
import type { ApiCall, OpenApi, Photo, ReadPhoto } from '../../ports.ts';
import { classifyFailure, type TokenFacts } from '../../tokens/failures.ts';
import { graph } from './graphApi.ts';
import { factsOfGraphError } from './graphFailure.ts';

/** The images a page may show as one; anything else is not passed on. */
const IMAGE = /^image\/(?:jpeg|png|gif)$/;
/** Of the size asked for it has a few kilobytes, of the largest that Graph keeps (648x648) some hundred. */
const MAX_BYTES = 1_048_576;

/**
 * `GET /v1.0/me/photos/96x96/$value`, or else `GET /v1.0/me/photo/$value`
 * (https://learn.microsoft.com/graph/api/profilephoto-get): a photo that is kept in the directory and not in a mailbox
 * has the one size that it was uploaded in.
 */
export function createGraphReadPhoto(openApi: OpenApi, clock: Clock): ReadPhoto {
  return async (call) => {
    const { graph: client } = openApi(graph, { ...call, onRefused: (told) => tellRefusal(call, told) });
    for (const path of ['/me/photos/96x96/$value', '/me/photo/$value']) {
      try {
        return await toPhoto(await client.api(path).get());
      } catch (error) {
        const facts = factsOfGraphError(error, clock.now());
        if (hasNoMailbox(facts)) return undefined;
        if (facts.status !== 404) throw new UserTokenError(classifyFailure(facts));
      }
    }
    return undefined;
  };
}

/** Most people have no photo, and some no mailbox: that is an answer, and no refusal to look into. */
function tellRefusal(call: ApiCall, told: UpstreamReference): void {
  if (told.code !== '404' && told.code !== '400') call.onRefused?.(told);
}

/**
 * Of a user without a mailbox Graph says 400, or 401 without a challenge, although the token is good
 * (microsoftgraph/microsoft-graph-docs#8877, SharePoint/sp-dev-docs#2607). Whether the token is good is for the profile
 * to find out.
 */
const hasNoMailbox = ({ status, claims }: TokenFacts): boolean =>
  status === 400 || (status === 401 && claims === undefined);

async function toPhoto(answer: unknown): Promise<Photo | undefined> {
  // The client reads images as blobs by itself. Told to, it would read refusals so too, and lose what they say.
  if (!(answer instanceof Blob) || !IMAGE.test(answer.type)) return undefined;
  if (answer.size === 0 || answer.size > MAX_BYTES) return undefined;
  return { type: answer.type, data: new Uint8Array(await answer.arrayBuffer()) };
}
