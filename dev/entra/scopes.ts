/** Reads a `scope` parameter: OpenID Connect scopes and permissions of one resource. */
import type { Client, Clients } from './clients.ts';
import { GRAPH_APP_ID } from './directory.ts';
import { EntraError } from './entraError.ts';

const OIDC_SCOPES = ['openid', 'profile', 'email', 'offline_access'];
const GRAPH_RESOURCES = [GRAPH_APP_ID, 'https://graph.microsoft.com'];
/** Graph names its delegated permissions `Resource.Operation[.Constraint]`. */
const GRAPH_PERMISSION = /^[A-Z][A-Za-z-]*(\.[A-Za-z-]+)+$/;

export type GrantedScopes = {
  /** `aud` of the access token. */
  audience: string;
  /** `scp` of the access token. */
  permissions: string[];
  /** `scope` of the token response: the permissions as they were asked for. */
  echo: string[];
  openid: boolean;
  offlineAccess: boolean;
};

/**
 * @throws EntraError 900144 (none), 70011 (unknown permission), 500011 (unknown resource), 28000 (two resources)
 */
export function readScopes(scope: string | null | undefined, clients: Clients): GrantedScopes {
  const asked = (scope ?? '').split(' ').filter((one) => one !== '');
  if (asked.length === 0)
    throw new EntraError('invalid_request', 900144, "The parameter 'scope' is missing.");
  const oidc = asked.filter((one) => OIDC_SCOPES.includes(one));
  const wanted = asked.filter((one) => !OIDC_SCOPES.includes(one)).map((one) => readPermission(one, clients));

  const audience = wanted[0]?.audience ?? GRAPH_APP_ID;
  if (wanted.some((one) => one.audience !== audience)) {
    throw new EntraError('invalid_request', 28000, 'The scopes are of more than one resource.');
  }
  const permissions = [...new Set(wanted.flatMap((one) => one.permissions))];
  const forGraph = audience === GRAPH_APP_ID;
  const identityScopes = forGraph ? oidc.filter((one) => one !== 'offline_access') : [];
  return {
    audience,
    permissions: [...(permissions.length > 0 ? permissions : ['User.Read']), ...identityScopes],
    echo: [...wanted.map((one) => one.text), ...identityScopes],
    openid: oidc.includes('openid'),
    offlineAccess: oidc.includes('offline_access'),
  };
}

function readPermission(text: string, clients: Clients) {
  const slash = text.lastIndexOf('/');
  const resource = slash < 0 ? GRAPH_APP_ID : text.slice(0, slash);
  const permission = text.slice(slash + 1);
  if (GRAPH_RESOURCES.includes(resource)) {
    if (permission === '.default') return { text, audience: GRAPH_APP_ID, permissions: ['User.Read'] };
    if (!GRAPH_PERMISSION.test(permission)) throw unknownPermission(text);
    return { text, audience: GRAPH_APP_ID, permissions: [permission] };
  }
  const api: Client | undefined = clients.find(resource.replace(/^api:\/\//, ''));
  if (!api)
    throw new EntraError('invalid_resource', 500011, `There is no resource '${resource}' in this tenant.`);
  if (permission === '.default') return { text, audience: api.id, permissions: [...api.exposes] };
  if (!api.exposes.includes(permission)) throw unknownPermission(text);
  return { text, audience: api.id, permissions: [permission] };
}

const unknownPermission = (text: string) =>
  new EntraError('invalid_scope', 70011, `There is no scope '${text}'.`);
