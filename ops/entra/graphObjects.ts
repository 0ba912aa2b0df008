/** The parts of Microsoft Graph's objects that are read here, in Graph's own names. */
import { isRecord } from '../../shared/isRecord.ts';

export type Scope = { id: string; value: string; type: string; isEnabled: boolean };
export type AppRole = { id: string; value: string; isEnabled: boolean };
export type ResourceAccess = { resourceAppId: string; resourceAccess: { id: string; type: string }[] };
export type OptionalClaims = Record<string, unknown> & { accessToken: { name: string }[] };

/** https://learn.microsoft.com/graph/api/resources/application */
export type Application = {
  id: string;
  appId: string;
  displayName: string;
  createdDateTime: string;
  tags: string[];
  signInAudience: string;
  identifierUris: string[];
  requiredResourceAccess: ResourceAccess[];
  optionalClaims: OptionalClaims;
  appRoles: AppRole[];
  api: Record<string, unknown> & {
    requestedAccessTokenVersion: number | null;
    acceptMappedClaims: boolean | null;
    knownClientApplications: string[];
    oauth2PermissionScopes: Scope[];
    preAuthorizedApplications: { appId: string }[];
  };
  spa: Record<string, unknown> & { redirectUris: string[] };
  web: Record<string, unknown> & { redirectUris: string[] };
  /** Those of the platforms "Web" and "Mobile and desktop applications". */
  otherRedirectUris: string[];
};

export const APPLICATION_PROPERTIES = [
  'id',
  'appId',
  'displayName',
  'createdDateTime',
  'tags',
  'signInAudience',
  'identifierUris',
  'requiredResourceAccess',
  'optionalClaims',
  'appRoles',
  'api',
  'spa',
  'web',
  'publicClient',
].join(',');

/** https://learn.microsoft.com/graph/api/resources/serviceprincipal */
export type Principal = { id: string; appId: string; oauth2PermissionScopes: Scope[] };
export const PRINCIPAL_PROPERTIES = 'id,appId,oauth2PermissionScopes';

/** https://learn.microsoft.com/graph/api/resources/federatedidentitycredential */
export type FederatedCredential = {
  id: string;
  name: string;
  issuer: string;
  subject: string;
  audiences: string[];
};

/** https://learn.microsoft.com/graph/api/resources/oauth2permissiongrant */
export type Grant = {
  id: string;
  clientId: string;
  resourceId: string;
  consentType: string;
  /** The user's object id; empty if it is for everybody. */
  principalId: string;
  /** Names of permissions, separated by spaces. */
  scope: string;
};

/** The names of the permissions of a grant. */
export const scopesOf = ({ scope }: Grant): string[] => scope.split(' ').filter((name) => name !== '');

/** https://learn.microsoft.com/graph/api/resources/approleassignment */
export type Assignment = { id: string; principalId: string; resourceId: string; appRoleId: string };

type Json = Record<string, unknown>;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const listOf = <T>(value: unknown): T[] => (Array.isArray(value) ? value : []);
const recordOf = (value: unknown): Json => (isRecord(value) ? value : {});

/** Reads an application. What Graph leaves out or gives as null is an empty list, an empty text or null. */
export function toApplication(json: Json): Application {
  const api = recordOf(json.api);
  const spa = recordOf(json.spa);
  // It repeats the redirect URIs, and would contradict them after a change.
  const { redirectUriSettings: _, ...web } = recordOf(json.web);
  const optionalClaims = recordOf(json.optionalClaims);
  return {
    id: textOf(json.id),
    appId: textOf(json.appId),
    displayName: textOf(json.displayName),
    createdDateTime: textOf(json.createdDateTime),
    tags: listOf(json.tags),
    signInAudience: textOf(json.signInAudience),
    identifierUris: listOf(json.identifierUris),
    requiredResourceAccess: listOf(json.requiredResourceAccess),
    // Graph says where a role is defined, and refuses to be told.
    appRoles: listOf<AppRole & { origin?: string }>(json.appRoles).map(({ origin: _, ...role }) => role),
    optionalClaims: { ...optionalClaims, accessToken: listOf(optionalClaims.accessToken) },
    api: {
      ...api,
      requestedAccessTokenVersion: (api.requestedAccessTokenVersion as number | undefined) ?? null,
      acceptMappedClaims: (api.acceptMappedClaims as boolean | undefined) ?? null,
      knownClientApplications: listOf(api.knownClientApplications),
      oauth2PermissionScopes: listOf(api.oauth2PermissionScopes),
      preAuthorizedApplications: listOf(api.preAuthorizedApplications),
    },
    spa: { ...spa, redirectUris: listOf(spa.redirectUris) },
    web: { ...web, redirectUris: listOf(web.redirectUris) },
    otherRedirectUris: [
      ...listOf<string>(web.redirectUris),
      ...listOf<string>(recordOf(json.publicClient).redirectUris),
    ],
  };
}

export const toPrincipal = (json: Json): Principal => ({
  id: textOf(json.id),
  appId: textOf(json.appId),
  oauth2PermissionScopes: listOf(json.oauth2PermissionScopes),
});

export const toFederatedCredential = (json: Json): FederatedCredential => ({
  id: textOf(json.id),
  name: textOf(json.name),
  issuer: textOf(json.issuer),
  subject: textOf(json.subject),
  audiences: listOf(json.audiences),
});

export const toGrant = (json: Json): Grant => ({
  id: textOf(json.id),
  clientId: textOf(json.clientId),
  resourceId: textOf(json.resourceId),
  consentType: textOf(json.consentType),
  principalId: textOf(json.principalId),
  scope: textOf(json.scope),
});

export const toAssignment = (json: Json): Assignment => ({
  id: textOf(json.id),
  principalId: textOf(json.principalId),
  resourceId: textOf(json.resourceId),
  appRoleId: textOf(json.appRoleId),
});
