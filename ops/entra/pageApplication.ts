/** The application of the page: what it must have, and what is wrong with one that exists. */
import { PlainError } from '../cli/errors.ts';
import {
  addAudience,
  audienceOf,
  type Changes,
  partTag,
  tagOf,
  type Wish,
  withAccess,
} from './applicationWish.ts';
import type { Application } from './graphObjects.ts';

/** What the page sends people to Entra with: docs/hosting.md says what each is for. */
export const PAGE_PATHS = ['/', '/redirect.html', '/admin.html'];

const redirectUris = ({ pageUrls }: Wish): string[] =>
  pageUrls.flatMap((url) => PAGE_PATHS.map((path) => `${url}${path}`));

/** The body that creates the application. Which API it asks for follows, because the API is created after it. */
export function newPage(wish: Wish): Record<string, unknown> {
  return {
    displayName: `${wish.name} (page)`,
    signInAudience: audienceOf(wish),
    tags: [tagOf(wish.name), partTag('page')],
    spa: { redirectUris: redirectUris(wish) },
  };
}

export function pageChanges(
  application: Application,
  wish: Wish,
  apiAppId: string,
  scopeId: string,
): Changes {
  const changes: Changes = { body: {}, wrong: [] };
  const { body, wrong } = changes;
  addAudience(application, wish, changes);

  const uris = application.spa.redirectUris;
  const missing = redirectUris(wish).filter((uri) => !uris.includes(uri));
  const elsewhere = missing.filter((uri) => application.otherRedirectUris.includes(uri));
  if (elsewhere.length > 0) {
    throw new PlainError(
      `"${application.displayName}" has ${elsewhere.join(', ')} on another platform than "Single-page application". Remove it there: a page cannot redeem codes for such an address.`,
    );
  }
  if (missing.length > 0) {
    body.spa = { ...application.spa, redirectUris: [...uris, ...missing] };
    wrong.push(`the redirect URIs ${missing.join(', ')} are missing`);
  }

  const access = withAccess(application.requiredResourceAccess, apiAppId, [scopeId]);
  if (access.missing.length > 0) {
    body.requiredResourceAccess = access.access;
    wrong.push('it does not ask for the scope of the API');
  }
  return changes;
}
