/** Reads a `scope` parameter: OpenID Connect scopes and permissions of one resource. */
import type { Answers } from './answers.ts';
import type { Client, Clients } from './clients.ts';
import { GRAPH_APP_ID } from './directory.ts';
import { EntraError } from './entraError.ts';

const OIDC_SCOPES = ['openid', 'profile', 'email', 'offline_access'];
const GRAPH_RESOURCES = [GRAPH_APP_ID, 'https://graph.microsoft.com'];
/** Graph names its delegated permissions `Resource.Operation[.Constraint]`. */
const GRAPH_PERMISSION = /^[A-Z][A-Za-z-]*(\.[A-Za-z-]+)+$/;
const DEFAULT = '.default';

export type ScopeRequest = {
  /** The application id of the resource: `aud` of the access token. */
  resource: string;
  /** True for `<resource>/.default`: the request is for everything that was granted. */
  isDefault: boolean;
  /** Permissions that were asked for by name; none beside `.default`. */
  named: string[];
  /** The prefix of the permissions in the request; the answer uses the same. */
  prefix: string;
  /** OpenID Connect scopes that Graph's tokens carry among their permissions. */
  identityScopes: string[];
  openid: boolean;
  offlineAccess: boolean;
};

/**
 * @throws EntraError 900144 (none), 70011 (unknown permission, or `.default` beside a named one), 500011 (unknown
 *   resource), 28000 (two resources)
 */
export function readScopes(scope: string | null | undefined, clients: Clients): ScopeRequest {
  const asked = (scope ?? '').split(' ').filter((one) => one !== '');
  if (asked.length === 0)
    throw new EntraError('invalid_request', 900144, "The parameter 'scope' is missing.");
  const oidc = asked.filter((one) => OIDC_SCOPES.includes(one));
  const wanted = asked.filter((one) => !OIDC_SCOPES.includes(one)).map((one) => readPermission(one, clients));
  const [first] = wanted;
  const isDefault = wanted.some((one) => one.permission === DEFAULT);
  if (isDefault && wanted.some((one) => one.permission !== DEFAULT)) {
    throw new EntraError(
      'invalid_scope',
      70011,
      `The scope '${scope}' is not valid. .default scope can't be combined with resource-specific scopes.`,
    );
  }
  const resource = first?.resource ?? GRAPH_APP_ID;
  if (wanted.some((one) => one.resource !== resource)) {
    throw new EntraError('invalid_request', 28000, 'The scopes are of more than one resource.');
  }
  const request = {
    resource,
    isDefault,
    prefix: first?.prefix ?? '',
    openid: oidc.includes('openid'),
    offlineAccess: oidc.includes('offline_access'),
  };
  // Alone they are permissions of Graph like all others. Beside another permission they need no consent of their own.
  if (!first) return { ...request, named: [...new Set(oidc)], identityScopes: [] };
  const named = isDefault ? [] : [...new Set(wanted.map((one) => one.permission))];
  const identityScopes = resource === GRAPH_APP_ID ? oidc.filter((one) => one !== 'offline_access') : [];
  return { ...request, named, identityScopes };
}

/** The permissions in the token (`scp`) and in the answer (`scope`). */
export function grantedScopes(request: ScopeRequest, granted: readonly string[], answers: Answers) {
  const { named, isDefault, identityScopes, prefix } = request;
  const all = isDefault || answers.everythingGranted ? [...new Set([...named, ...granted])] : named;
  const permissions = all.filter((one) => one !== 'offline_access' && !identityScopes.includes(one));
  const echoed = isDefault && answers.defaultBeside ? [...permissions, DEFAULT] : permissions;
  return {
    permissions: [...permissions, ...identityScopes],
    echo: [...echoed.map((one) => (OIDC_SCOPES.includes(one) ? one : `${prefix}${one}`)), ...identityScopes],
  };
}

/** `scope` of an answer that names permissions in full. */
export const fullName = (resource: string, permission: string): string =>
  `${resource === GRAPH_APP_ID ? 'https://graph.microsoft.com' : `api://${resource}`}/${permission}`;

function readPermission(text: string, clients: Clients) {
  const slash = text.lastIndexOf('/');
  const resource = slash < 0 ? GRAPH_APP_ID : text.slice(0, slash);
  const permission = text.slice(slash + 1);
  const prefix = text.slice(0, slash + 1);
  if (GRAPH_RESOURCES.includes(resource)) {
    if (permission !== DEFAULT && !isGraphPermission(permission)) throw unknownPermission(text);
    return { resource: GRAPH_APP_ID, permission, prefix };
  }
  const api: Client | undefined = clients.find(resource.replace(/^api:\/\//, ''));
  if (!api)
    throw new EntraError('invalid_resource', 500011, `There is no resource '${resource}' in this tenant.`);
  if (permission !== DEFAULT && !api.exposes.includes(permission)) throw unknownPermission(text);
  return { resource: api.id, permission, prefix };
}

export const isGraphPermission = (name: string): boolean => GRAPH_PERMISSION.test(name);

const unknownPermission = (text: string) =>
  new EntraError('invalid_scope', 70011, `There is no scope '${text}'.`);
