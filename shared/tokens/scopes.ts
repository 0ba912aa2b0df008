import type { Api } from '../api.ts';
import type { Failure } from '../errors.ts';
import { CONSENT_REQUIRED, classifyFailure } from './failures.ts';
import { GRAPH_RESOURCES } from './knownApi.ts';

type Resource = Pick<Api, 'resource' | 'otherResources'>;

const DEFAULT = '.default';
const KEPT_BY_EARLIER_RELEASES = 'User.Read';
/** OpenID Connect's own scopes. Answers may leave them out, and no API asks for them. */
const OIDC_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

export const isOidcScope = (scope: string): boolean => OIDC_SCOPES.includes(scope.toLowerCase());

/** The scope of the only token that Stead requests for an API: everything that was consented to. */
export const defaultScopeOf = ({ resource }: Resource): string => `${resource}/${DEFAULT}`;

/** The scopes of a `scope` parameter (RFC 6749 §3.3). */
export const scopesIn = (text: string): string[] => text.split(/\s+/).filter((scope) => scope !== '');

/** Entra reads a scope without a resource as a scope of Microsoft Graph. */
export function isScopeOf({ resource, otherResources = [] }: Resource, scope: string): boolean {
  const slash = scope.lastIndexOf('/');
  const named = slash < 0 ? GRAPH_RESOURCES[0] : scope.slice(0, slash);
  return [resource, ...otherResources].some((one) => one.toLowerCase() === named.toLowerCase());
}

/** Scopes are not case-sensitive, and one permission has several names: `User.Read`, `https://graph.microsoft.com/User.Read`. */
const permissionOf = (scope: string): string => nameOf(scope).toLowerCase();

const nameOf = (scope: string): string => scope.slice(scope.lastIndexOf('/') + 1);

/** False for `.default` and for OpenID Connect's own scopes. */
export const isPermission = (scope: string): boolean => !isDefault(scope) && !isOidcScope(scope);

const isDefault = (scope: string): boolean => permissionOf(scope) === DEFAULT;

/**
 * Whether a stored access token is a token for the API. A token must never be sent to another API, so in doubt it is not.
 * @param scope the `scope` under which MSAL keeps it. It has the default scope of one API ({@link scopeToKeep}), unless an
 * earlier release stored the token. That one asked for Graph's permissions without their resource, always with `User.Read`.
 */
export function isTokenOf(api: Resource, scope: string): boolean {
  const scopes = scopesIn(scope).filter((one) => !isOidcScope(one));
  const defaults = scopes.filter(isDefault);
  const named = defaults.length > 0 ? defaults : scopes.filter((one) => one.includes('/'));
  if (named.length > 0) return named.every((one) => isScopeOf(api, one));
  return scopes.some((one) => isSameText(one, KEPT_BY_EARLIER_RELEASES)) && isOfGraph(api);
}

/**
 * The permissions of an access token for one API.
 * @param scope the `scope` of the token endpoint's answer
 * @returns undefined if it names none, because Entra does not promise to name them
 */
export function permissionsIn(scope: string): readonly string[] | undefined {
  const permissions = new Set(scopesIn(scope).filter(isPermission).map(permissionOf));
  return permissions.size === 0 ? undefined : [...permissions];
}

/**
 * The same permissions, for people: as they were spelt, each once.
 * @returns undefined if the scope names none
 */
export function permissionNamesIn(scope: string): string[] | undefined {
  const names = new Map(
    scopesIn(scope)
      .filter(isPermission)
      .map((one) => [permissionOf(one), nameOf(one)]),
  );
  return names.size === 0 ? undefined : [...names.values()];
}

/**
 * The scopes of a use that a token lacks.
 * @param granted the permissions of the token. If they are unknown, none is missing: the API decides.
 */
export const missingScopes = (scopes: readonly string[], granted: readonly string[] | undefined): string[] =>
  granted === undefined
    ? []
    : scopes.filter((scope) => isPermission(scope) && !granted.includes(permissionOf(scope)));

/** The failure of a use that has no consent to these scopes. */
export const consentMissing = (api: Resource, scopes: readonly string[]): Failure =>
  withScopes(classifyFailure({ error: CONSENT_REQUIRED }), api, scopes);

/** Adds to a missing consent what to consent to, each permission with the resource of this deployment. */
export function withScopes(failure: Failure, { resource }: Resource, scopes: readonly string[]): Failure {
  if (failure.kind !== 'consent') return failure;
  return { ...failure, scopes: fullNamesOf({ resource }, scopes) };
}

/** Each permission without its resource. */
export const shortNamesOf = (scopes: readonly string[]): string[] => scopes.map(nameOf);

/** Each permission with the resource of this deployment. */
export const fullNamesOf = ({ resource }: Pick<Resource, 'resource'>, scopes: readonly string[]): string[] =>
  scopes.map((scope) => `${resource}/${nameOf(scope)}`);

/**
 * The `scope` under which MSAL keeps a token. MSAL finds a token only under what it asks for, which is the default scope,
 * and the answer need not name that. The previous release asks for Graph's permissions without their resource, so these
 * names are added, too: it then uses the same token. Two APIs may have permissions of one name, and MSAL would keep one
 * token for both. So the permissions of any other API get their resource, and nothing of a third API is kept.
 * @param answered the `scope` of the answer; undefined if it has none
 */
export function scopeToKeep(api: Resource, answered: string | undefined): string {
  const scopes = scopesIn(answered ?? '').flatMap((scope) => {
    if (isOidcScope(scope)) return scope;
    if (!scope.includes('/')) return isOfGraph(api) ? scope : `${api.resource}/${scope}`;
    if (!isScopeOf(api, scope)) return [];
    return isOfGraph(api) && isPermission(scope) ? [scope, nameOf(scope)] : scope;
  });
  const all = [defaultScopeOf(api), ...scopes];
  return all.filter((scope, index) => all.findIndex((one) => isSameText(one, scope)) === index).join(' ');
}

/** True for Microsoft Graph, whatever the API is called. Its token alone keeps the connection: another one says nothing about it. */
export const isOfGraph = ({ resource }: Pick<Resource, 'resource'>): boolean =>
  GRAPH_RESOURCES.some((one) => isSameText(one, resource));

const isSameText = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
