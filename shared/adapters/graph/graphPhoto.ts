import type { ApiCall, OpenApi } from '../../api.ts';
import type { Clock } from '../../clock.ts';
import { type UpstreamReference, UserTokenError } from '../../errors.ts';
import type { Photo, ReadPhoto } from '../../ports.ts';
import { classifyFailure, type TokenFacts } from '../../tokens/failures.ts';
import { graph } from './graphApi.ts';
import { factsOfGraphError } from './graphFailure.ts';

/** The types of image that are safe for a page to show. Other types are not passed on. */
const IMAGE = /^image\/(?:jpeg|png|gif)$/;
/** A photo of 96x96 has a few kilobytes; one of 648x648, Graph's largest, has some hundred kilobytes. */
const MAX_BYTES = 1_048_576;

/**
 * Reads `GET /v1.0/me/photos/96x96/$value`, or else `GET /v1.0/me/photo/$value`
 * (https://learn.microsoft.com/graph/api/profilephoto-get). A photo in the directory, not in a mailbox, has only the size
 * that was uploaded.
 */
export function createGraphReadPhoto(openApi: OpenApi, clock: Clock): ReadPhoto {
  return async (call) => {
    const { graph: client } = openApi(graph, { ...call, onRefused: (refusal) => report(call, refusal) });
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

/** Does not report a missing photo or mailbox, because most users have no photo and some have no mailbox. */
function report(call: ApiCall, refusal: UpstreamReference): void {
  if (refusal.code !== '404' && refusal.code !== '400') call.onRefused?.(refusal);
}

/**
 * For a user without a mailbox Graph answers 400, or 401 without a challenge, although the token is valid
 * (microsoftgraph/microsoft-graph-docs#8877, SharePoint/sp-dev-docs#2607). If the token is not valid, the request for the
 * profile finds that out.
 */
const hasNoMailbox = ({ status, claims }: TokenFacts): boolean =>
  status === 400 || (status === 401 && claims === undefined);

async function toPhoto(answer: unknown): Promise<Photo | undefined> {
  // The client reads images as blobs by default. If it were set to read blobs, it would lose the content of refusals.
  if (!(answer instanceof Blob) || !IMAGE.test(answer.type)) return undefined;
  if (answer.size === 0 || answer.size > MAX_BYTES) return undefined;
  return { type: answer.type, data: new Uint8Array(await answer.arrayBuffer()) };
}
