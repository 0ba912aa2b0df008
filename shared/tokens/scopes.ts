import type { Api } from '../api.ts';
import type { Failure } from '../errors.ts';
import { CONSENT_REQUIRED, classifyFailure } from './failures.ts';
import { GRAPH_RESOURCES } from './knownApi.ts';

type Resource = Pick<Api, 'resource' | 'otherResources'>;

const DEFAULT = '.default';
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
const permissionOf = (scope: string): string => scope.slice(scope.lastIndexOf('/') + 1).toLowerCase();

const isPermission = (scope: string): boolean => permissionOf(scope) !== DEFAULT && !isOidcScope(scope);

/** Whether an access token with this `scope` is a token for the API. */
export const isTokenOf = (api: Resource, scope: string): boolean =>
  scopesIn(scope).some((one) => !isOidcScope(one) && isScopeOf(api, one));

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
  return {
    ...failure,
    scopes: scopes.map((scope) => `${resource}/${scope.slice(scope.lastIndexOf('/') + 1)}`),
  };
}

/**
 * The `scope` under which MSAL keeps a token. MSAL finds a token only under what it asks for, which is the default scope,
 * and the answer need not name that. The previous release asks for Graph's permissions without their resource, so these
 * names are added, too: it then uses the same token.
 * @param answered the `scope` of the answer; undefined if it has none
 */
export function scopeToKeep(api: Resource, answered: string | undefined): string {
  const scopes = scopesIn(answered ?? '');
  const short = GRAPH_RESOURCES.some((one) => isSameText(one, api.resource))
    ? scopes.flatMap((scope) =>
        scope.includes('/') && isPermission(scope) ? scope.slice(scope.lastIndexOf('/') + 1) : [],
      )
    : [];
  const all = [defaultScopeOf(api), ...scopes, ...short];
  return all.filter((scope, index) => all.findIndex((one) => isSameText(one, scope)) === index).join(' ');
}

const isSameText = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
