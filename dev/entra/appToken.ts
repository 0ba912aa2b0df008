/**
 * Tokens of an application itself, without a user: the client credentials grant
 * (https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow).
 */
import { randomUUID } from 'node:crypto';
import type { Client } from './clients.ts';
import { GRAPH_APP_ID, isTenantAlias, objectIdOf } from './directory.ts';
import { EntraError } from './entraError.ts';
import type { TokenResponse } from './issueTokens.ts';
import { readScopes } from './scopes.ts';
import { issuerOf, type StandIn } from './standIn.ts';

type AppTokenRequest = { client: Client; tenant: string; params: URLSearchParams };

/**
 * There is no consent here: an application gets a token for every resource of its tenant. Only `roles` say what it may do.
 * `idtyp` is an optional claim of the resource (https://learn.microsoft.com/entra/identity-platform/optional-claims-reference).
 * @throws EntraError 50059 (no tenant), 1002012 (anything but `.default` of one resource), and those of `readScopes`
 */
export async function issueAppToken(
  standIn: StandIn,
  { client, tenant, params }: AppTokenRequest,
): Promise<Omit<TokenResponse, 'scope'>> {
  const { appRoles, clients, keys, lifetimes } = standIn;
  if (client.kind === 'spa')
    throw new EntraError('unauthorized_client', 700025, 'A public client cannot do this.');
  if (isTenantAlias(tenant)) {
    throw new EntraError('invalid_request', 50059, 'No tenant-identifying information found in the request.');
  }
  const { resource, isDefault, openid, offlineAccess } = readScopes(params.get('scope'), clients);
  if (!isDefault || openid || offlineAccess) {
    throw new EntraError(
      'invalid_scope',
      1002012,
      'Client credential flows must have a scope value with /.default suffixed to the resource identifier.',
    );
  }
  const roles = appRoles.of({ client: client.id, resource, tenant });
  const isTold = resource === GRAPH_APP_ID || clients.find(resource)?.optionalClaims.includes('idtyp');
  const principal = principalId(client.id, tenant);
  const lifetime =
    (resource === GRAPH_APP_ID ? lifetimes.graphAccessToken : undefined) ?? lifetimes.accessToken;
  const claims = {
    iss: issuerOf(standIn, tenant),
    aud: resource,
    sub: principal,
    oid: principal,
    tid: tenant,
    azp: client.id,
    azpacr: params.has('client_assertion') ? '2' : '1',
    ...(isTold && { idtyp: 'app' }),
    ...(roles.length > 0 && { roles }),
    uti: randomUUID(),
    ver: '2.0',
  };
  return {
    token_type: 'Bearer',
    expires_in: lifetime,
    ext_expires_in: lifetime,
    access_token: await keys.sign(claims, lifetime),
  };
}

/** An application has a service principal with another object id in each tenant. */
const principalId = (client: string, tenant: string): string => objectIdOf(`${client} ${tenant}`);
