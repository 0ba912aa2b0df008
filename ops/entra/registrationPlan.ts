/** Which calls lead from what a tenant has to what was wished for. */
import { PlainError } from '../cli/errors.ts';
import {
  apiChanges,
  apiNotes,
  appIdUri,
  newApi,
  SCOPE_NAME,
  scopeIdOf,
  wakeRoleIdOf,
} from './apiApplication.ts';
import { type Changes, type Wish, withAccess } from './applicationWish.ts';
import { appIdOf, type Call, idOf } from './call.ts';
import {
  type Application,
  type Assignment,
  type FederatedCredential,
  type Grant,
  type Principal,
  scopesOf,
} from './graphObjects.ts';
import { newPage, pageChanges } from './pageApplication.ts';

/**
 * *AzNS AAD Webhook*: Azure Monitor, as it calls the secure webhook of an action group
 * (https://learn.microsoft.com/azure/azure-monitor/alerts/action-groups#configure-authentication-for-secure-webhook).
 */
export const WEBHOOK_APP_ID = '461e8683-5575-4561-ac7f-899cc907d62a';

/** What a tenant has of the registration. */
export type Registered = {
  tenantId: string;
  /** The service principal of Microsoft Graph. */
  graph: Principal;
  api: Application | undefined;
  page: Application | undefined;
  apiPrincipal: Principal | undefined;
  pagePrincipal: Principal | undefined;
  /** Of the API's application; read only if a managed identity was wished for. */
  credentials: readonly FederatedCredential[];
  /** That of {@link WEBHOOK_APP_ID}; read only if it may start a run. */
  webhookPrincipal: Principal | undefined;
  /** Of the API's application roles; read only if Azure Monitor may start a run. */
  assignments: readonly Assignment[];
  /** Of both applications, for everybody; read only if a consent was wished for. */
  grants: readonly Grant[];
  /** Further applications with the same tags. */
  strays: readonly Application[];
};

export type Plan = {
  calls: Call[];
  /** What is unusual and left as it is. */
  notes: string[];
};

const MOST_CREDENTIALS = 20;

/** @throws {PlainError} something is in the way that only a person may change. */
export function planRegistration(wish: Wish, registered: Registered): Plan {
  const { api, page, strays } = registered;
  const calls = [
    ...applicationCalls(wish, registered),
    ...principalCalls(registered),
    ...credentialCalls(wish, registered),
    ...wakeCalls(wish, registered),
    ...consentCalls(wish, registered),
  ];
  const notes = [
    ...(api === undefined ? [] : apiNotes(api, page?.appId)),
    ...strays.map(
      ({ displayName, appId }) =>
        `"${displayName}" (client id ${appId}) has the tags of this registration too, and is not used. An interrupted run may have created it. "npm run entra:cleanup" deletes it together with the others.`,
    ),
  ];
  return { calls, notes };
}

function applicationCalls(wish: Wish, { api, page, graph }: Registered): Call[] {
  const pageAppId = page?.appId ?? appIdOf('page');
  const apiAppId = api?.appId ?? appIdOf('api');
  const calls: Call[] = [];
  if (page === undefined) {
    calls.push({
      method: 'POST',
      path: '/applications',
      body: newPage(wish),
      why: 'Create the application of the page',
      makes: 'page',
    });
  }
  if (api === undefined) {
    calls.push({
      method: 'POST',
      path: '/applications',
      body: newApi(wish, graph, pageAppId),
      why: 'Create the application of the API',
      makes: 'api',
    });
    calls.push({
      method: 'PATCH',
      path: `/applications/${idOf('api')}`,
      body: { identifierUris: [appIdUri(apiAppId)] },
      why: 'Give the API its App ID URI',
    });
  } else calls.push(...patch(api, 'API', apiChanges(api, wish, graph, pageAppId)));

  if (page === undefined) {
    calls.push({
      method: 'PATCH',
      path: `/applications/${idOf('page')}`,
      body: { requiredResourceAccess: withAccess([], apiAppId, [scopeIdOf(api)]).access },
      why: 'Let the page ask for the scope of the API',
    });
  } else calls.push(...patch(page, 'page', pageChanges(page, wish, apiAppId, scopeIdOf(api))));
  return calls;
}

const patch = ({ id }: Application, part: string, { body, wrong }: Changes): Call[] =>
  wrong.length === 0
    ? []
    : [
        {
          method: 'PATCH',
          path: `/applications/${id}`,
          body,
          why: `Correct the application of the ${part}: ${wrong.join('; ')}`,
        },
      ];

/** Without a service principal Entra gives no token for an application (AADSTS500011). */
function principalCalls({ api, page, apiPrincipal, pagePrincipal }: Registered): Call[] {
  const create = (part: 'api' | 'page', application: Application | undefined): Call => ({
    method: 'POST',
    path: '/servicePrincipals',
    body: { appId: application?.appId ?? appIdOf(part) },
    why: `Create the service principal of the ${part === 'api' ? 'API' : part}`,
    makes: part === 'api' ? 'apiPrincipal' : 'pagePrincipal',
  });
  return [
    ...(apiPrincipal === undefined ? [create('api', api)] : []),
    ...(pagePrincipal === undefined ? [create('page', page)] : []),
  ];
}

/**
 * The managed identity becomes a credential of the API. Entra takes a wrong issuer or subject without a word, and refuses
 * the exchange later (https://learn.microsoft.com/entra/workload-id/workload-identity-federation-config-app-trust-managed-identity).
 */
function credentialCalls(wish: Wish, { tenantId, api, credentials }: Registered): Call[] {
  const { managedIdentity: subject, cloud } = wish;
  if (subject === undefined) return [];
  const wanted = {
    name: `managed-identity-${subject}`,
    issuer: `${cloud.authority}/${tenantId}/v2.0`,
    subject,
    audiences: [cloud.tokenExchange],
  };
  const path = `/applications/${api?.id ?? idOf('api')}/federatedIdentityCredentials`;
  const found =
    credentials.find((one) => one.issuer === wanted.issuer && one.subject === subject) ??
    credentials.find((one) => one.name === wanted.name);
  if (found === undefined) {
    if (credentials.length >= MOST_CREDENTIALS) {
      throw new PlainError(
        `The API has ${MOST_CREDENTIALS} federated credentials, and Entra allows no more. Remove one that nobody needs.`,
      );
    }
    const body = { ...wanted, description: `Stead: ${wish.name}` };
    return [{ method: 'POST', path, body, why: 'Let the managed identity be a credential of the API' }];
  }
  const isRight =
    found.issuer === wanted.issuer &&
    found.subject === subject &&
    found.audiences.length === 1 &&
    found.audiences[0] === cloud.tokenExchange;
  const { name: _, ...body } = wanted;
  return isRight
    ? []
    : [
        {
          method: 'PATCH',
          path: `${path}/${found.id}`,
          body,
          why: `Correct the federated credential "${found.name}"`,
        },
      ];
}

/**
 * Azure Monitor may start a run. It gets a token for every application of its tenant, so only the role says that it may. Its
 * service principal may be missing in a tenant in which nobody has used a secure webhook.
 */
function wakeCalls(wish: Wish, { api, apiPrincipal, webhookPrincipal, assignments }: Registered): Call[] {
  if (!wish.wakeWorker) return [];
  const assignment = {
    principalId: webhookPrincipal?.id ?? idOf('webhookPrincipal'),
    resourceId: apiPrincipal?.id ?? idOf('apiPrincipal'),
    appRoleId: wakeRoleIdOf(api),
  };
  const isAssigned = assignments.some(
    ({ principalId, appRoleId }) =>
      principalId === assignment.principalId && appRoleId === assignment.appRoleId,
  );
  const create: Call = {
    method: 'POST',
    path: '/servicePrincipals',
    body: { appId: WEBHOOK_APP_ID },
    why: 'Create the service principal of Azure Monitor (AzNS AAD Webhook)',
    makes: 'webhookPrincipal',
  };
  const assign: Call = {
    method: 'POST',
    path: `/servicePrincipals/${assignment.resourceId}/appRoleAssignedTo`,
    body: assignment,
    why: 'Let Azure Monitor start a run of the worker',
  };
  return [...(webhookPrincipal === undefined ? [create] : []), ...(isAssigned ? [] : [assign])];
}

/** The page may call the API, and the API may call Graph, for every user of the tenant. */
function consentCalls(wish: Wish, registered: Registered): Call[] {
  if (!wish.adminConsent) return [];
  const { graph, apiPrincipal, pagePrincipal, grants } = registered;
  const api = apiPrincipal?.id ?? idOf('apiPrincipal');
  const page = pagePrincipal?.id ?? idOf('pagePrincipal');
  return [
    ...grantCalls(grants, page, api, [SCOPE_NAME], 'Consent for everybody that the page calls the API'),
    ...grantCalls(
      grants,
      api,
      graph.id,
      wish.permissions,
      'Consent for everybody that the API calls Microsoft Graph',
    ),
  ];
}

function grantCalls(
  grants: readonly Grant[],
  clientId: string,
  resourceId: string,
  scopes: readonly string[],
  why: string,
): Call[] {
  const found = grants.find((one) => one.clientId === clientId && one.resourceId === resourceId);
  if (found === undefined) {
    const body = { clientId, consentType: 'AllPrincipals', resourceId, scope: scopes.join(' ') };
    return [{ method: 'POST', path: '/oauth2PermissionGrants', body, why }];
  }
  const given = scopesOf(found);
  const missing = scopes.filter((scope) => !given.includes(scope));
  if (missing.length === 0) return [];
  const body = { scope: [...given, ...missing].join(' ') };
  return [{ method: 'PATCH', path: `/oauth2PermissionGrants/${found.id}`, body, why }];
}
