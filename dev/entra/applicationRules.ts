/**
 * What Graph refuses in an application. The sources are the page on the resource `application`
 * (https://learn.microsoft.com/graph/api/resources/application), and the pages "Redirect URI restrictions" and "Validation
 * differences by supported account types" of the identity platform.
 */
import { checkKeyCredentials } from './credentialRules.ts';
import type { GraphError } from './entraError.ts';
import { badRequest, listOf, member, textsOf } from './graphProperties.ts';
import type { GraphObject } from './graphTable.ts';
import { GUID, isRecord } from './input.ts';
import { appRolesOf, checkAppRoles, checkScopes, scopesOf } from './permissionRules.ts';

const AUDIENCES = [
  'AzureADMyOrg',
  'AzureADMultipleOrgs',
  'AzureADandPersonalMicrosoftAccount',
  'PersonalMicrosoftAccount',
];
const READ_ONLY = ['id', 'appId', 'createdDateTime', 'deletedDateTime', 'publisherDomain'];

/** Every property that a request may write, with the value of an application that does not give it. */
export const EMPTY_APPLICATION = {
  displayName: '',
  description: null,
  notes: null,
  tags: [],
  signInAudience: 'AzureADandPersonalMicrosoftAccount',
  identifierUris: [],
  requiredResourceAccess: [],
  optionalClaims: null,
  appRoles: [],
  keyCredentials: [],
  api: {
    acceptMappedClaims: null,
    knownClientApplications: [],
    oauth2PermissionScopes: [],
    preAuthorizedApplications: [],
    requestedAccessTokenVersion: null,
  },
  spa: { redirectUris: [] },
  web: { redirectUris: [], homePageUrl: null, logoutUrl: null },
  publicClient: { redirectUris: [] },
} as const;

const taken = (property: string): GraphError =>
  badRequest(`Another object with the same value for property ${property} already exists.`);

/**
 * The application after a change. Members of complex properties that the change does not name stay as they are, and
 * collections are replaced as a whole.
 * @param wholeMembers true replaces complex properties as a whole, too. The documentation does not say which of both it is.
 * @throws GraphError the property does not exist or cannot be written.
 */
export function changedApplication(
  before: GraphObject,
  change: Record<string, unknown>,
  wholeMembers: boolean,
): GraphObject {
  const after: GraphObject = { ...before };
  for (const [name, value] of Object.entries(change)) {
    if (READ_ONLY.includes(name)) throw badRequest(`Property '${name}' is read-only and cannot be set.`);
    if (name === 'passwordCredentials')
      throw badRequest('Passwords are added with addPassword, and removed with removePassword.');
    if (!Object.hasOwn(EMPTY_APPLICATION, name)) throw badRequest(`Invalid property '${name}'.`);
    if (name === 'appRoles' && listOf(value, name).some((role) => isRecord(role) && 'origin' in role))
      throw badRequest("Property 'origin' of an app role is read-only and cannot be set.");
    const empty = EMPTY_APPLICATION[name as keyof typeof EMPTY_APPLICATION];
    if (!isRecord(empty) || !isRecord(value)) after[name] = value;
    else {
      const unknown = Object.keys(value).find((one) => !Object.hasOwn(empty, one));
      if (unknown !== undefined) throw badRequest(`Invalid property '${unknown}'.`);
      after[name] = { ...empty, ...(wholeMembers ? {} : member(before, name)), ...value };
    }
  }
  return filledIn(after);
}

/** Graph answers with every member of what it was sent in part. */
function filledIn(application: GraphObject): GraphObject {
  const { optionalClaims } = application;
  const api = member(application, 'api');
  const emptyScope = { isEnabled: true, userConsentDescription: null, userConsentDisplayName: null };
  const emptyClaim = { source: null, essential: false, additionalProperties: [] };
  const eachOf = (list: unknown, empty: object): unknown =>
    Array.isArray(list) ? list.map((one) => (isRecord(one) ? { ...empty, ...one } : one)) : list;
  return {
    ...application,
    api: { ...api, oauth2PermissionScopes: eachOf(api.oauth2PermissionScopes, emptyScope) },
    appRoles: eachOf(application.appRoles, { isEnabled: true, origin: 'Application' }),
    optionalClaims: !isRecord(optionalClaims)
      ? optionalClaims
      : Object.fromEntries(
          Object.entries({ idToken: [], accessToken: [], saml2Token: [], ...optionalClaims }).map(
            ([token, claims]) => [token, eachOf(claims, emptyClaim)],
          ),
        ),
  };
}

/**
 * @param before the application as it was, if it is not new
 * @param others the other applications of the tenant
 * @throws GraphError naming what is wrong
 */
export function checkApplication(
  application: GraphObject,
  before: GraphObject | undefined,
  others: readonly GraphObject[],
  tenantId: string,
): void {
  const { displayName, signInAudience } = application;
  if (typeof displayName !== 'string' || displayName === '' || displayName.length > 120)
    throw badRequest("Invalid value specified for property 'displayName' of resource 'Application'.");
  if (!AUDIENCES.includes(String(signInAudience)))
    throw badRequest("Invalid value specified for property 'signInAudience' of resource 'Application'.");
  checkTags(application);
  checkIdentifierUris(application, others, tenantId);
  checkApi(application);
  checkScopes(scopesOf(application), before === undefined ? [] : scopesOf(before));
  checkAppRoles(application, before === undefined ? [] : appRolesOf(before));
  checkRedirectUris(application);
  checkResourceAccess(application);
  checkOptionalClaims(application.optionalClaims);
  checkKeyCredentials(application);
}

function checkTags({ tags }: GraphObject): void {
  const all = textsOf(tags, 'tags');
  if (all.some((tag) => !/^\S{1,256}$/.test(tag)) || new Set(all).size < all.length)
    throw badRequest("Invalid value specified for property 'tags' of resource 'Application'.");
}

/** `api://<appId>`, `api://<appId>/…` and `api://<tenant id>/…` are allowed in every tenant. */
function checkIdentifierUris(
  application: GraphObject,
  others: readonly GraphObject[],
  tenantId: string,
): void {
  for (const uri of textsOf(application.identifierUris, 'identifierUris')) {
    const [host = '', ...path] = uri.replace(/^api:\/\//, '').split('/');
    const isOwn = host.toLowerCase() === String(application.appId).toLowerCase();
    const isOfTenant = host.toLowerCase() === tenantId && path.join('/') !== '';
    if (!uri.startsWith('api://') || uri.length > 255 || !(isOwn || isOfTenant))
      throw badRequest(
        `Values of identifierUris property must use a verified domain of the organization or its subdomain: '${uri}'`,
        'HostNameNotOnVerifiedDomain',
      );
    if (others.some((other) => textsOf(other.identifierUris, 'identifierUris').includes(uri)))
      throw taken('identifierUris');
  }
}

function checkApi(application: GraphObject): void {
  const { requestedAccessTokenVersion, knownClientApplications, preAuthorizedApplications } = member(
    application,
    'api',
  );
  if (![null, 1, 2].includes(requestedAccessTokenVersion as number | null))
    throw badRequest("Invalid value specified for property 'requestedAccessTokenVersion'.");
  if (!textsOf(knownClientApplications, 'knownClientApplications').every((id) => GUID.test(id)))
    throw badRequest("Invalid value specified for property 'knownClientApplications'.");
  for (const one of listOf(preAuthorizedApplications, 'preAuthorizedApplications')) {
    const ids = isRecord(one) ? textsOf(one.delegatedPermissionIds, 'delegatedPermissionIds') : [];
    if (ids.some((id) => !scopesOf(application).some((scope) => scope.id === id && scope.isEnabled)))
      throw badRequest("Property PreAuthorizedApplications references a permission that doesn't exist.");
  }
}

function checkRedirectUris(application: GraphObject): void {
  const all = ['spa', 'web', 'publicClient'].flatMap((platform) =>
    textsOf(member(application, platform).redirectUris, 'redirectUris').map((uri) => ({ platform, uri })),
  );
  for (const { platform, uri } of all) {
    const url = URL.canParse(uri) ? new URL(uri) : undefined;
    const isLocal = ['localhost', '127.0.0.1'].includes(url?.hostname ?? '');
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal);
    if (uri.length > 256 || url?.hash || /[!$'(),;*]/.test(uri) || !(isSafe || platform === 'publicClient'))
      throw badRequest(`Invalid value specified for property 'redirectUris': ${uri}`);
  }
  if (new Set(all.map(({ uri }) => uri)).size < all.length)
    throw badRequest('Redirect URIs must have distinct values.', 'DuplicateValue');
  if (all.length > 256) throw badRequest('There are more than 256 redirect URIs.');
}

function checkResourceAccess(application: GraphObject): void {
  const resources = listOf(application.requiredResourceAccess, 'requiredResourceAccess').map((one) => {
    if (!isRecord(one) || !GUID.test(String(one.resourceAppId)))
      throw badRequest("Invalid value specified for property 'resourceAppId'.");
    const access = listOf(one.resourceAccess, 'resourceAccess');
    const isRight = (item: unknown) =>
      isRecord(item) && GUID.test(String(item.id)) && (item.type === 'Scope' || item.type === 'Role');
    if (!access.every(isRight)) throw badRequest("Invalid value specified for property 'resourceAccess'.");
    const ids = access.map((item) => (item as { id: string }).id);
    if (new Set(ids).size < ids.length)
      throw badRequest('Request contains a duplicate permission.', 'DuplicateValue');
    return { id: String(one.resourceAppId).toLowerCase(), permissions: ids.length };
  });
  if (new Set(resources.map(({ id }) => id)).size < resources.length)
    throw badRequest('Request contains a duplicate resource.', 'DuplicateValue');
  const permissions = resources.reduce((sum, one) => sum + one.permissions, 0);
  if (resources.length > 50 || permissions > 400)
    throw badRequest("The number of permissions in 'requiredResourceAccess' is too high.");
}

function checkOptionalClaims(claims: unknown): void {
  if (claims === null) return;
  if (!isRecord(claims)) throw badRequest("Invalid value specified for property 'optionalClaims'.");
  for (const list of Object.values(claims)) {
    const names = listOf(list, 'optionalClaims').map((one) => (isRecord(one) ? one.name : undefined));
    if (names.some((name) => typeof name !== 'string') || new Set(names).size < names.length)
      throw badRequest("Invalid value specified for property 'optionalClaims'.");
  }
}
