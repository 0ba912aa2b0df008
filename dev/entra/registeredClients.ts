/** The applications that were registered at Graph, as clients of the sign-in. */

import { type Applications, GRAPH_PERMISSIONS } from './applications.ts';
import type { Client, ResourceAccess } from './clients.ts';
import { GRAPH_APP_ID, TENANT_ID } from './directory.ts';
import { member } from './graphProperties.ts';
import type { GraphObject } from './graphTable.ts';
import { scopesOf } from './permissionRules.ts';

/**
 * Finds a client by its id. It must have a service principal, because Entra signs nobody in to an application without one.
 * An API proves itself with the credentials that were registered (`clientCredentials.ts`).
 */
export function createRegisteredClients(directory: Applications): (id: unknown) => Client | undefined {
  return (id) => {
    const application = directory.applications.seen().find(({ appId }) => appId === id);
    const isProvisioned = directory.principals.seen().some(({ appId }) => appId === id);
    return application && isProvisioned ? clientOf(application, directory) : undefined;
  };
}

/** Finds the permissions that a client has at a resource for everybody in a tenant, as they were granted at Graph. */
export function createRegisteredGrants(
  directory: Applications,
): (client: string, resource: string, tid: string) => string[] {
  return (client, resource, tid) => {
    if (tid !== TENANT_ID) return [];
    const principals = directory.principals.seen();
    const idOf = (appId: string) => principals.find((one) => one.appId === appId)?.id;
    const [clientId, resourceId] = [idOf(client), idOf(resource)];
    return directory.grants
      .seen()
      .filter((one) => one.consentType === 'AllPrincipals')
      .filter((one) => one.clientId === clientId && one.resourceId === resourceId)
      .flatMap(({ scope }) => String(scope).split(' ').filter(Boolean));
  };
}

function clientOf(application: GraphObject, directory: Applications): Client {
  const uris = (platform: string) => (member(application, platform).redirectUris ?? []) as string[];
  const client: Omit<Client, 'kind'> = {
    id: String(application.appId),
    name: String(application.displayName),
    redirectUris: [...uris('spa'), ...uris('web')],
    exposes: scopesOf(application).flatMap(({ value, isEnabled }) => (isEnabled ? value : [])),
    requiredResourceAccess: accessOf(application, directory),
    knownClientApplications: member(application, 'api').knownClientApplications as string[],
    optionalClaims: optionalClaimsOf(application),
  };
  return { ...client, kind: uris('spa').length > 0 ? 'spa' : 'web' };
}

function optionalClaimsOf(application: GraphObject): string[] {
  const claims = member(application, 'optionalClaims').accessToken as { name: string }[] | undefined;
  return (claims ?? []).map(({ name }) => name);
}

/** Registrations name permissions by id, and tokens by name. */
function accessOf(application: GraphObject, directory: Applications): ResourceAccess[] {
  type Listed = { resourceAppId: string; resourceAccess: { id: string }[] };
  return (application.requiredResourceAccess as Listed[]).map(({ resourceAppId, resourceAccess }) => {
    const resource = directory.applications.seen().find(({ appId }) => appId === resourceAppId);
    const known: readonly { id: string; value: string }[] =
      resourceAppId === GRAPH_APP_ID ? GRAPH_PERMISSIONS : resource === undefined ? [] : scopesOf(resource);
    const permissions = resourceAccess.flatMap(
      (access) => known.find(({ id }) => id === access.id)?.value ?? [],
    );
    return { resource: resourceAppId, permissions };
  });
}
