import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { defineFunction } from '../../shared/requests/defineFunction.ts';

/** The types of image that are safe for a page to show. Other types are not passed on. */
const IMAGE = /^image\/(?:jpeg|png|gif)$/;
/** A photo of 96x96 has a few kilobytes; one of 648x648, Graph's largest, has some hundred kilobytes. */
const MAX_BYTES = 1_048_576;

/** A photo in the directory, not in a mailbox, has only the size that was uploaded. */
const PATHS = ['/v1.0/me/photos/96x96/$value', '/v1.0/me/photo/$value'];

/** The caller's photo, or 204 if they have none (https://learn.microsoft.com/graph/api/profilephoto-get). */
export const photo = defineFunction({
  name: 'photo',
  api: graph,
  scopes: ['User.Read'],
  async run({ api }): Promise<Blob | undefined> {
    for (const path of PATHS) {
      const answer = await api.fetch(path);
      if (answer.ok) return toPhoto(await answer.blob());
      if (hasNoMailbox(answer)) return undefined;
      if (answer.status !== 404) throw new Error('Graph refuses the photo.');
    }
    return undefined;
  },
});

/**
 * For a user without a mailbox Graph answers 400, or 401 without a challenge, although the token is valid
 * (microsoftgraph/microsoft-graph-docs#8877, SharePoint/sp-dev-docs#2607). If the token is not valid, the request for the
 * profile finds that out.
 */
const hasNoMailbox = ({ status, headers }: Response): boolean =>
  status === 400 || (status === 401 && !/insufficient_claims/i.test(headers.get('www-authenticate') ?? ''));

const toPhoto = (photo: Blob): Blob | undefined =>
  IMAGE.test(photo.type) && photo.size > 0 && photo.size <= MAX_BYTES ? photo : undefined;
