import { GRAPH_APP_ID } from '../../shared/clouds.ts';
import { tagOf } from '../entra/applicationWish.ts';
import type { Application, Principal } from '../entra/graphObjects.ts';
import { PAGE_PATHS } from '../entra/pageApplication.ts';

const TAG = tagOf('');

/** The name of the registration that has created an application; undefined if somebody else has. */
export const registeredName = (application: Application | undefined): string | undefined =>
  application?.tags
    .find((tag) => tag.startsWith(TAG) && /^[a-z0-9][a-z0-9-]*$/i.test(tag.slice(TAG.length)))
    ?.slice(TAG.length);

/**
 * The origins of the page, as its redirect URIs name them: those with at least one of the page's addresses. If it has none of
 * the platform "Single-page application", somebody may have given them to another platform. Addresses of users come first.
 */
export function registeredPageUrls({ spa, otherRedirectUris }: Application): string[] {
  const own = originsIn(spa.redirectUris);
  return own.length > 0 ? own : originsIn(otherRedirectUris);
}

function originsIn(uris: readonly string[]): string[] {
  const origins = uris
    .flatMap((uri) => (URL.canParse(uri) ? [new URL(uri)] : []))
    .filter(({ pathname }) => PAGE_PATHS.includes(pathname))
    .filter(({ protocol, hostname }) => protocol === 'https:' || hostname === 'localhost')
    .map(({ origin }) => origin);
  const isLocal = (origin: string): number => Number(new URL(origin).hostname === 'localhost');
  return [...new Set(origins)].sort((one, other) => isLocal(one) - isLocal(other));
}

/** Scopes of OpenID Connect. No consent to them is kept apart from a permission of the API. */
const OPENID = new Set(['openid', 'profile', 'email', 'offline_access']);

/** The delegated permissions of Microsoft Graph that the API asks for, by name. */
export function registeredPermissions({ requiredResourceAccess }: Application, graph: Principal): string[] {
  const ids = requiredResourceAccess
    .filter(({ resourceAppId }) => resourceAppId.toLowerCase() === GRAPH_APP_ID)
    .flatMap(({ resourceAccess }) => resourceAccess.filter(({ type }) => type === 'Scope'))
    .map(({ id }) => id);
  return graph.oauth2PermissionScopes
    .filter(({ id, value }) => ids.includes(id) && !OPENID.has(value))
    .map(({ value }) => value);
}
