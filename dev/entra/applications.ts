/**
 * The registrations of Graph: applications, service principals, federated credentials, grants of delegated permissions, and
 * assignments of app roles. They are kept in memory.
 */
import { randomUUID } from 'node:crypto';
import { changedApplication, checkApplication, EMPTY_APPLICATION } from './applicationRules.ts';
import { checkFederatedCredential, newPassword } from './credentialRules.ts';
import { GRAPH_APP_ID, TENANT_ID, WEBHOOK_CLIENT_ID } from './directory.ts';
import { GraphError } from './entraError.ts';
import { badRequest } from './graphProperties.ts';
import { createGraphTable, type GraphObject, type GraphTable } from './graphTable.ts';
import { appRolesOf, scopesOf } from './permissionRules.ts';

export type ApplicationsOptions = {
  /** Epoch milliseconds; the system's time if left out. */
  now?: () => number;
  /** How long a write takes until readers see it; 0 if left out. At Entra it takes seconds, sometimes a minute. */
  settleMs?: number;
  /** Whether a change replaces complex properties as a whole; false if left out. Collections are always replaced. */
  wholeMembers?: boolean;
};

/** A request body, read as an object of JSON. */
type Body = Record<string, unknown>;

export type Applications = {
  tenantId: string;
  applications: GraphTable;
  principals: GraphTable;
  credentials: GraphTable;
  /** With their texts, which Graph tells once. */
  passwords: GraphTable;
  grants: GraphTable;
  /** Of app roles. */
  assignments: GraphTable;
  createApplication(body: Body): GraphObject;
  changeApplication(id: string, body: Body): void;
  removeApplication(id: string): void;
  createPrincipal(body: Body): GraphObject;
  createCredential(applicationId: string, body: Body): GraphObject;
  changeCredential(applicationId: string, id: string, body: Body): void;
  /** Returns what Graph answers, with the text of the new secret. */
  addPassword(applicationId: string, body: Body): Record<string, unknown>;
  removePassword(applicationId: string, body: Body): void;
  createGrant(body: Body): GraphObject;
  changeGrant(id: string, body: Body): void;
  /** @param resourceId the service principal below whose address it is created */
  createAssignment(resourceId: string, body: Body): GraphObject;
};

/** Some of the delegated permissions that Graph offers in every tenant, with their well-known ids. */
export const GRAPH_PERMISSIONS = [
  { id: 'e1fe6dd8-ba31-4d61-89e7-88639da4683d', value: 'User.Read' },
  { id: '570282fd-fa5c-430d-a7fd-fc8dc98a9dca', value: 'Mail.Read' },
  { id: 'a4b8392a-d8d1-4954-a029-8e668a39a170', value: 'Mail.ReadBasic' },
  { id: '465a38f9-76ea-45b9-9f34-9e8b0d4b0b42', value: 'Calendars.Read' },
  { id: '10465720-29dd-4523-a11a-6a75c743c9d9', value: 'Files.Read' },
  { id: '7427e0e9-2fba-42fe-b0c0-848c9e6a8182', value: 'offline_access' },
] as const;

/** Applications of Microsoft: their registrations are in another tenant, and any tenant may have a service principal. */
const FOREIGN_APPLICATIONS = [{ appId: WEBHOOK_CLIENT_ID, displayName: 'AzNS AAD Webhook' }];

/** Graph's service principal has another id in each tenant. */
const GRAPH_PRINCIPAL_ID = '5d1a7c0e-6a2f-4c55-9b0c-2d8c4f1e7a36';

const conflict = (message: string): GraphError =>
  new GraphError(409, 'Request_MultipleObjectsWithSameKeyValue', message);

/** What is not there, and what is not there yet, get the same answer. */
export const notFound = (id: string): GraphError =>
  new GraphError(
    404,
    'Request_ResourceNotFound',
    `Resource '${id}' does not exist or one of its queried reference-property objects are not present.`,
  );

export function createApplications(options: ApplicationsOptions = {}): Applications {
  const { now = Date.now, settleMs = 0, wholeMembers = false } = options;
  const table = () => createGraphTable(now, settleMs);
  const applications = table();
  const principals = table();
  const credentials = table();
  const passwords = table();
  const grants = table();
  const assignments = table();

  // Graph itself has been in the tenant for a long time.
  const graph = createGraphTable(now, 0);
  graph.add({
    id: GRAPH_PRINCIPAL_ID,
    appId: GRAPH_APP_ID,
    displayName: 'Microsoft Graph',
    oauth2PermissionScopes: GRAPH_PERMISSIONS.map((one) => ({ ...one, type: 'User', isEnabled: true })),
  });
  /** The service principal of an application offers what the application offers. */
  const withScopes = (all: readonly GraphObject[], known: readonly GraphObject[]) =>
    all.map((principal) => {
      const application = known.find(({ appId }) => appId === principal.appId);
      const scopes = application === undefined ? [] : scopesOf(application);
      const appRoles = application === undefined ? [] : appRolesOf(application);
      return { ...principal, oauth2PermissionScopes: scopes, appRoles };
    });
  const allPrincipals: GraphTable = {
    ...principals,
    seen: () => [...graph.seen(), ...withScopes(principals.seen(), applications.seen())],
    newest: () => [...graph.newest(), ...withScopes(principals.newest(), applications.newest())],
  };

  /** @throws GraphError nobody sees the object yet, or it has been removed. */
  function existing(of: GraphTable, id: unknown): GraphObject {
    const isSeen = of.seen().some((one) => one.id === id);
    const newest = of.newest().find((one) => one.id === id);
    if (!isSeen || newest === undefined) throw notFound(String(id));
    return newest;
  }

  const others = (of: GraphTable, id: string): GraphObject[] => of.newest().filter((one) => one.id !== id);
  const createdDateTime = (): string => new Date(now()).toISOString();

  function credentialsOf(applicationId: string): GraphObject[] {
    return credentials.newest().filter((one) => one.applicationId === applicationId);
  }

  function passwordsOf(applicationId: string): GraphObject[] {
    return passwords.newest().filter((one) => one.applicationId === applicationId);
  }

  return {
    tenantId: TENANT_ID,
    applications,
    principals: allPrincipals,
    credentials,
    passwords,
    grants,
    assignments,

    createApplication(body) {
      const ids = { id: randomUUID(), appId: randomUUID(), createdDateTime: createdDateTime() };
      const application = changedApplication({ ...EMPTY_APPLICATION, ...ids }, body, wholeMembers);
      checkApplication(application, undefined, applications.newest(), TENANT_ID);
      applications.add(application);
      return application;
    },
    changeApplication(id, body) {
      const before = existing(applications, id);
      const after = changedApplication(before, body, wholeMembers);
      checkApplication(after, before, others(applications, id), TENANT_ID);
      applications.change(after);
    },
    removeApplication(id) {
      const { appId } = existing(applications, id);
      applications.remove(id);
      const gone = principals.newest().filter((one) => one.appId === appId);
      for (const principal of gone) principals.remove(principal.id);
      const ofPrincipal = ({ clientId, resourceId }: GraphObject) =>
        gone.some((one) => one.id === clientId || one.id === resourceId);
      for (const grant of grants.newest().filter(ofPrincipal)) grants.remove(grant.id);
      const ofAssigned = ({ principalId, resourceId }: GraphObject) =>
        gone.some((one) => one.id === principalId || one.id === resourceId);
      for (const one of assignments.newest().filter(ofAssigned)) assignments.remove(one.id);
      for (const credential of credentialsOf(id)) credentials.remove(credential.id);
      for (const password of passwordsOf(id)) passwords.remove(password.id);
    },

    createPrincipal({ appId, ...rest }) {
      const foreign = FOREIGN_APPLICATIONS.find((one) => one.appId === appId);
      const application = foreign ?? applications.seen().find((one) => one.appId === appId);
      const isGone = foreign === undefined && applications.newest().every((one) => one.appId !== appId);
      if (application === undefined || isGone)
        throw badRequest(
          `The appId '${appId}' of the service principal does not reference a valid application object.`,
          'NoBackingApplicationObject',
        );
      if (Object.keys(rest).some((name) => name !== 'tags')) throw badRequest('Invalid property.');
      if (principals.newest().some((one) => one.appId === appId))
        throw conflict(
          `The service principal cannot be created, updated, or restored because the service principal name ${appId} is already in use.`,
        );
      const { displayName } = application;
      const principal = { id: randomUUID(), appId, displayName, accountEnabled: true };
      principals.add(principal);
      return principal;
    },

    createCredential(applicationId, body) {
      existing(applications, applicationId);
      const { name, issuer, subject, audiences, description = null } = body;
      const credential = { id: randomUUID(), name, issuer, subject, audiences, description };
      checkFederatedCredential(credential, undefined, credentialsOf(applicationId));
      credentials.add({ ...credential, applicationId });
      return credential;
    },
    changeCredential(applicationId, id, body) {
      const before = existing(credentials, id);
      const after = { ...before, ...body, id, applicationId };
      const others = credentialsOf(applicationId).filter((one) => one.id !== id);
      checkFederatedCredential(after, before, others);
      credentials.change(after);
    },

    addPassword(applicationId, { passwordCredential }) {
      existing(applications, applicationId);
      const { keyId, ...password } = newPassword(passwordCredential, now());
      passwords.add({ id: keyId, applicationId, ...password });
      return { keyId, ...password, hint: password.secretText.slice(0, 3) };
    },
    removePassword(applicationId, { keyId }) {
      const found = passwordsOf(applicationId).find(({ id }) => id === keyId);
      if (found === undefined) throw badRequest('No password credential found with keyId.');
      passwords.remove(found.id);
    },

    createGrant(body) {
      const { clientId, resourceId, consentType, principalId = null, scope } = body;
      existing(allPrincipals, clientId);
      existing(allPrincipals, resourceId);
      const isForAll = consentType === 'AllPrincipals' && principalId === null;
      if (!isForAll && !(consentType === 'Principal' && principalId !== null))
        throw badRequest('consentType and principalId do not fit together.');
      if (typeof scope !== 'string' || scope.length > 3_850) throw badRequest('Invalid scope.');
      const isSame = (one: GraphObject) =>
        one.clientId === clientId && one.resourceId === resourceId && one.principalId === principalId;
      if (grants.newest().some(isSame)) throw conflict('Permission entry already exists.');
      const grant = { id: randomUUID(), clientId, resourceId, consentType, principalId, scope };
      grants.add(grant);
      return grant;
    },
    changeGrant(id, { scope, ...rest }) {
      const before = existing(grants, id);
      if (typeof scope !== 'string' || Object.keys(rest).length > 0)
        throw badRequest('Only the scope of a grant can be changed.');
      grants.change({ ...before, scope });
    },

    createAssignment(address, { principalId, resourceId, appRoleId, ...rest }) {
      const principal = existing(allPrincipals, principalId);
      const resource = existing(allPrincipals, resourceId);
      if (Object.keys(rest).length > 0 || resourceId !== address) throw badRequest('Invalid property.');
      // Both lists of an application's roles may be older than the application.
      const seen = allPrincipals.seen().find(({ id }) => id === resource.id);
      const role = (seen?.appRoles as { id: string; allowedMemberTypes: string[] }[] | undefined)?.find(
        ({ id }) => id === appRoleId,
      );
      if (!role?.allowedMemberTypes.includes('Application'))
        throw badRequest('Permission being assigned was not found on application.');
      const isSame = (one: GraphObject) =>
        one.principalId === principalId && one.resourceId === resourceId && one.appRoleId === appRoleId;
      if (assignments.newest().some(isSame))
        throw badRequest('Permission being assigned already exists on the object.');
      const assignment = {
        id: randomUUID(),
        appRoleId,
        principalId,
        principalType: 'ServicePrincipal',
        principalDisplayName: principal.displayName,
        resourceId,
        resourceDisplayName: resource.displayName,
      };
      assignments.add(assignment);
      return assignment;
    },
  };
}
