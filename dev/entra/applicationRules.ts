/**
 * What Graph refuses in an application. The sources are the pages on the resources `application`, `permissionScope` and
 * `federatedIdentityCredential` (https://learn.microsoft.com/graph/api/resources/application), and the pages "Redirect URI
 * restrictions" and "Validation differences by supported account types" of the identity platform.
 */
import { readCertificate } from './certificate.ts';
import { GraphError } from './entraError.ts';
import type { GraphObject } from './graphTable.ts';
import { InputError, isRecord } from './input.ts';

const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const AUDIENCES = [
  'AzureADMyOrg',
  'AzureADMultipleOrgs',
  'AzureADandPersonalMicrosoftAccount',
  'PersonalMicrosoftAccount',
];
const SCOPE_VALUE = /^[\w!#$%&'()*+,\-./:;<=>?@[\]^`{|}~]{1,120}$/;
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

type Scope = Record<string, unknown> & { id: string; value: string; isEnabled: boolean };

type AppRole = Record<string, unknown> & { id: string; value: string; isEnabled: boolean };

export const badRequest = (message: string, code = 'Request_BadRequest'): GraphError =>
  new GraphError(400, code, message);

const taken = (property: string): GraphError =>
  badRequest(`Another object with the same value for property ${property} already exists.`);

const listOf = (value: unknown, what: string): unknown[] => {
  if (!Array.isArray(value)) throw badRequest(`Invalid value specified for property '${what}'.`);
  return value;
};
const textsOf = (value: unknown, what: string): string[] =>
  listOf(value, what).map((one) => {
    if (typeof one !== 'string') throw badRequest(`Invalid value specified for property '${what}'.`);
    return one;
  });
export const member = (object: GraphObject, name: string): Record<string, unknown> => {
  const value = object[name];
  return isRecord(value) ? value : {};
};

/** The scopes that an application offers, also those that are not enabled. */
export const scopesOf = (application: GraphObject): Scope[] =>
  listOf(member(application, 'api').oauth2PermissionScopes ?? [], 'oauth2PermissionScopes') as Scope[];

/** The roles that an application offers to users and to applications, also those that are not enabled. */
export const appRolesOf = (application: GraphObject): AppRole[] =>
  listOf(application.appRoles ?? [], 'appRoles') as AppRole[];

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

function checkScopes(scopes: readonly Scope[], before: readonly Scope[]): void {
  for (const { id, value, type, isEnabled, adminConsentDisplayName, adminConsentDescription } of scopes) {
    const isNew = !before.some((old) => old.id === id);
    const texts = [adminConsentDisplayName, adminConsentDescription];
    if (typeof id !== 'string' || !GUID.test(id) || !SCOPE_VALUE.test(value ?? ''))
      throw badRequest("Invalid value specified for property 'oauth2PermissionScopes'.");
    if (type !== 'User' && type !== 'Admin')
      throw badRequest("Invalid value specified for property 'type' of resource 'PermissionScope'.");
    if (texts.some((text) => typeof text !== 'string' || text === ''))
      throw badRequest('A permission needs adminConsentDisplayName and adminConsentDescription.');
    if (isNew && isEnabled !== true)
      throw badRequest('A new permission must be enabled.', 'InvalidPermissionScope');
    if (scopes.filter((other) => other.id === id || other.value === value).length > 1)
      throw badRequest('It contains duplicate values. Please provide unique value.', 'DuplicateValue');
  }
  checkEnabled(scopes, before);
}

/** To be disabled is the one change that an enabled permission may undergo. */
function checkEnabled(
  entitlements: readonly (Scope | AppRole)[],
  before: readonly (Scope | AppRole)[],
): void {
  for (const old of before) {
    const now = entitlements.find(({ id }) => id === old.id);
    const { isEnabled: _old, ...rest } = old;
    const { isEnabled: _now, ...restNow } = now ?? { isEnabled: false };
    if (old.isEnabled && JSON.stringify(sorted(rest)) !== JSON.stringify(sorted(restNow)))
      throw badRequest(
        'Permission (scope or role) cannot be deleted or updated unless disabled first.',
        'CannotDeleteOrUpdateEnabledEntitlement',
      );
  }
}

/** https://learn.microsoft.com/graph/api/resources/approle */
function checkAppRoles(application: GraphObject, before: readonly AppRole[]): void {
  const roles = appRolesOf(application);
  for (const { id, value, isEnabled, displayName, description, allowedMemberTypes } of roles) {
    const texts = [displayName, description];
    if (typeof id !== 'string' || !GUID.test(id) || !SCOPE_VALUE.test(value ?? ''))
      throw badRequest("Invalid value specified for property 'appRoles'.");
    if (texts.some((text) => typeof text !== 'string' || text === ''))
      throw badRequest('An app role needs displayName and description.');
    const members = textsOf(allowedMemberTypes, 'allowedMemberTypes');
    if (members.length === 0 || members.some((one) => one !== 'User' && one !== 'Application'))
      throw badRequest("Invalid value specified for property 'allowedMemberTypes' of resource 'AppRole'.");
    if (isEnabled !== true && !before.some((old) => old.id === id))
      throw badRequest('A new app role must be enabled.', 'InvalidAppRole');
    if (roles.filter((other) => other.id === id || other.value === value).length > 1)
      throw badRequest('It contains duplicate values. Please provide unique value.', 'DuplicateValue');
  }
  checkEnabled(roles, before);
}

const sorted = (object: object) => Object.entries(object).sort(([one], [other]) => (one < other ? -1 : 1));

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

/** https://learn.microsoft.com/graph/api/resources/keycredential */
function checkKeyCredentials({ keyCredentials }: GraphObject): void {
  for (const one of listOf(keyCredentials, 'keyCredentials')) {
    const { type, usage } = isRecord(one) ? one : {};
    try {
      if (type !== 'AsymmetricX509Cert' || usage !== 'Verify') throw new InputError('');
      readCertificate(one);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw badRequest('Key credentials are invalid: a certificate has type, usage and key.');
    }
  }
}

const MOST_FEDERATED_CREDENTIALS = 20;

/**
 * @param before the credential as it was, if it is not new
 * @param others the other federated credentials of the application
 */
export function checkFederatedCredential(
  credential: GraphObject,
  before: GraphObject | undefined,
  others: readonly GraphObject[],
): void {
  const { name, issuer, subject, audiences } = credential;
  if (before !== undefined && before.name !== name)
    throw badRequest('Name is immutable and cannot be changed after creation.');
  if (typeof name !== 'string' || !/^[A-Za-z0-9][\w-]{2,119}$/.test(name))
    throw badRequest('The name must be URL friendly, with 3 to 120 characters.');
  for (const text of [issuer, subject]) {
    if (typeof text !== 'string' || text === '' || text.length > 600)
      throw badRequest('Issuer and subject are required, with at most 600 characters.');
  }
  if (textsOf(audiences, 'audiences').length !== 1) throw badRequest('Exactly one audience is allowed.');
  const same = (what: string) => new GraphError(409, 'Request_MultipleObjectsWithSameKeyValue', what);
  if (others.some((other) => other.name === name))
    throw same(`FederatedIdentityCredential with name ${name} already exists.`);
  if (others.some((other) => other.issuer === issuer && other.subject === subject))
    throw same('FederatedIdentityCredential with the same issuer and subject already exists.');
  if (others.length >= MOST_FEDERATED_CREDENTIALS)
    throw badRequest(`An application has at most ${MOST_FEDERATED_CREDENTIALS} federated credentials.`);
}
