import { GRAPH_APP_ID } from '../../shared/clouds.ts';
import { PlainError } from '../cli/errors.ts';
import { partTag, tagOf, type Wish } from './applicationWish.ts';
import { type Graph, RefusedError } from './graphClient.ts';
import {
  APPLICATION_PROPERTIES,
  type Application,
  type Grant,
  PRINCIPAL_PROPERTIES,
  type Principal,
  toApplication,
  toAssignment,
  toFederatedCredential,
  toGrant,
  toPrincipal,
} from './graphObjects.ts';
import { type Registered, WEBHOOK_APP_ID } from './registrationPlan.ts';

/** The object ids of applications that this run has created. A list may not have them yet. */
export type Created = { api?: string; page?: string };

/**
 * Reads what the tenant has of a registration.
 * @param tenant the id of the tenant that it must be; any if undefined
 * @throws {PlainError} an application that was named is not there, or Graph refuses.
 */
export async function readRegistered(
  graph: Graph,
  wish: Wish,
  tenant: string | undefined,
  created: Created,
): Promise<Registered> {
  const tenantId = await readTenantId(graph, tenant);
  const graphPrincipal = await readPrincipal(graph, GRAPH_APP_ID);
  if (graphPrincipal === undefined)
    throw new PlainError('This tenant has no service principal of Microsoft Graph.');
  const tagged = await readTagged(graph, wish.name);
  const api = await readPart(graph, 'api', wish.apiClientId, created.api, tagged);
  const page = await readPart(graph, 'page', wish.pageClientId, created.page, tagged);
  if (api !== undefined && api.appId === page?.appId) {
    throw new PlainError('The API and the page must be two applications, and both ids name the same one.');
  }
  const apiPrincipal = api && (await readPrincipal(graph, api.appId));
  const pagePrincipal = page && (await readPrincipal(graph, page.appId));
  return {
    tenantId,
    graph: graphPrincipal,
    api,
    page,
    apiPrincipal,
    pagePrincipal,
    credentials:
      wish.managedIdentity === undefined || api === undefined
        ? []
        : (await graph.readAll(`/applications/${api.id}/federatedIdentityCredentials`)).map(
            toFederatedCredential,
          ),
    webhookPrincipal: wish.wakeWorker ? await readPrincipal(graph, WEBHOOK_APP_ID) : undefined,
    assignments:
      wish.wakeWorker && apiPrincipal !== undefined
        ? (await graph.readAll(`/servicePrincipals/${apiPrincipal.id}/appRoleAssignedTo`)).map(toAssignment)
        : [],
    grants: wish.adminConsent
      ? (await readGrants(graph, [apiPrincipal, pagePrincipal])).filter(isForEverybody)
      : [],
    strays: tagged.filter(({ id }) => id !== api?.id && id !== page?.id),
  };
}

/**
 * Reads the tenant of the token. A token of an application may not be allowed to read it; then the tenant that was named
 * counts.
 * @param named the tenant that it must be; any if undefined
 * @throws {PlainError} it is another tenant, or Graph refuses.
 */
export async function readTenantId(graph: Graph, named: string | undefined): Promise<string> {
  const actual = await readOwnTenantId(graph).catch((error: unknown) => {
    if (!(error instanceof RefusedError) || error.status !== 403) throw error;
    if (named === undefined) {
      throw new PlainError('This token may not read which tenant it is of. Name the tenant with --tenant.');
    }
    return named;
  });
  if (named === undefined || named === actual) return actual;
  throw new PlainError(
    `The token is of the tenant ${actual}, and --tenant names ${named}. Sign in to that tenant with "az login --tenant ${named}".`,
  );
}

async function readOwnTenantId(graph: Graph): Promise<string> {
  const [organization] = await graph.readAll('/organization?$select=id');
  if (typeof organization?.id === 'string') return organization.id.toLowerCase();
  throw new PlainError('Graph does not say which tenant the token is of.');
}

/** The applications that this command has created under a name, oldest first. */
export async function readTagged(graph: Graph, name: string): Promise<Application[]> {
  const filter = encodeURIComponent(`tags/any(t:t eq '${tagOf(name)}')`);
  const found = await graph.readAll(`/applications?$filter=${filter}&$select=${APPLICATION_PROPERTIES}`);
  const age = ({ createdDateTime, id }: Application) => `${createdDateTime} ${id}`;
  return found.map(toApplication).sort((one, other) => (age(one) < age(other) ? -1 : 1));
}

/** Reads the application that was named, or else the one that was created. If there are several, it is the oldest. */
async function readPart(
  graph: Graph,
  part: 'api' | 'page',
  clientId: string | undefined,
  createdId: string | undefined,
  tagged: readonly Application[],
): Promise<Application | undefined> {
  if (clientId !== undefined) {
    const found = await graph.read(`/applications(appId='${clientId}')?$select=${APPLICATION_PROPERTIES}`);
    if (found !== undefined) return toApplication(found);
    throw new PlainError(
      `There is no application with the client id ${clientId} in this tenant. --${part}-client-id takes the application (client) id.`,
    );
  }
  const listed = tagged.find(({ id, tags }) => (createdId ? id === createdId : tags.includes(partTag(part))));
  if (listed !== undefined || createdId === undefined) return listed;
  const found = await graph.read(`/applications/${createdId}?$select=${APPLICATION_PROPERTIES}`);
  return found && toApplication(found);
}

/** Reads a service principal by its client id. That of a managed identity is found, too. */
export async function readPrincipal(graph: Graph, appId: string): Promise<Principal | undefined> {
  const found = await graph.read(`/servicePrincipals(appId='${appId}')?$select=${PRINCIPAL_PROPERTIES}`);
  return found && toPrincipal(found);
}

/** Reads what these clients may do, for everybody and for each user. */
export async function readGrants(
  graph: Graph,
  clients: readonly (Principal | undefined)[],
): Promise<Grant[]> {
  const grants: Grant[] = [];
  for (const client of clients) {
    if (client === undefined) continue;
    const filter = encodeURIComponent(`clientId eq '${client.id}'`);
    grants.push(...(await graph.readAll(`/oauth2PermissionGrants?$filter=${filter}`)).map(toGrant));
  }
  return grants;
}

export const isForEverybody = ({ consentType }: Grant): boolean => consentType === 'AllPrincipals';
