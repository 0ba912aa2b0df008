/** The application of the API: what it must have, and what is wrong with one that exists. */
import { PlainError } from '../cli/errors.ts';
import {
  addAudience,
  audienceOf,
  type Changes,
  partTag,
  tagOf,
  type Wish,
  withAccess,
} from './applicationWish.ts';
import type { Application, AppRole, Principal } from './graphObjects.ts';

export const SCOPE_NAME = 'access_as_user';

/** The scope has the same id in each tenant. Ids of scopes must be unique within an application only. */
const SCOPE = {
  id: '6f0d3a5e-5a0c-4f5e-9a53-7c1d1b6f2e84',
  value: SCOPE_NAME,
  type: 'User',
  isEnabled: true,
  adminConsentDisplayName: 'Act for users, also while they are away',
  adminConsentDescription:
    'The page may call the API as the signed-in user. The API acts for the user, also after they have left.',
  userConsentDisplayName: 'Act for you, also while you are away',
  userConsentDescription:
    'The page may call the API in your name. The API acts for you, also after you have left.',
};

/** The role of an application that may start a run of the worker: `POST /api/worker/run`. */
const WAKE_ROLE_NAME = 'Worker.Run';

/** It, too, has the same id in each tenant. */
const WAKE_ROLE = {
  id: 'b3d86a1e-2f47-4c0b-9a5d-7e61c4f0a958',
  value: WAKE_ROLE_NAME,
  isEnabled: true,
  allowedMemberTypes: ['Application'],
  displayName: 'Run the worker',
  description: 'Starts a run of the worker, which acts for users who have left.',
};

/** Claims of access tokens for the API: the type of the token, and whether the client understands claims challenges. */
const CLAIMS = ['idtyp', 'xms_cc'];

/**
 * The ids of delegated permissions of Microsoft Graph.
 * @throws {PlainError} Graph offers no permission of a name.
 */
export function permissionIds(graph: Principal, names: readonly string[]): string[] {
  return names.map((name) => {
    const found = graph.oauth2PermissionScopes.find((scope) => scope.value === name);
    if (found === undefined)
      throw new PlainError(`Microsoft Graph has no delegated permission ${JSON.stringify(name)}.`);
    return found.id;
  });
}

/** The body that creates the application. Its App ID URI needs its id, so it follows in a second call. */
export function newApi(wish: Wish, graph: Principal, pageAppId: string): Record<string, unknown> {
  return {
    displayName: `${wish.name} (API)`,
    signInAudience: audienceOf(wish),
    tags: [tagOf(wish.name), partTag('api')],
    api: {
      requestedAccessTokenVersion: 2,
      oauth2PermissionScopes: [SCOPE],
      knownClientApplications: [pageAppId],
    },
    requiredResourceAccess: withAccess([], graph.appId, permissionIds(graph, wish.permissions)).access,
    optionalClaims: { accessToken: CLAIMS.map((name) => ({ name })) },
    ...(wish.wakeWorker && { appRoles: [WAKE_ROLE] }),
    ...(wish.linkUrl !== undefined && { web: { redirectUris: [wish.linkUrl] } }),
  };
}

export const appIdUri = (appId: string): string => `api://${appId}`;

/** The scope's id. An application that exists already may have given it another one. */
export const scopeIdOf = (api: Application | undefined): string =>
  api?.api.oauth2PermissionScopes.find(({ value }) => value === SCOPE_NAME)?.id ?? SCOPE.id;

/** The role's id. An application that exists already may have given it another one. */
export const wakeRoleIdOf = (api: Application | undefined): string =>
  api?.appRoles.find(({ value }) => value === WAKE_ROLE_NAME)?.id ?? WAKE_ROLE.id;

/** @throws {PlainError} something is in the way that only a person may change. */
export function apiChanges(
  application: Application,
  wish: Wish,
  graph: Principal,
  pageAppId: string,
): Changes {
  const changes: Changes = { body: {}, wrong: [] };
  const { body, wrong } = changes;
  addAudience(application, wish, changes);

  const uri = appIdUri(application.appId);
  if (!application.identifierUris.includes(uri)) {
    body.identifierUris = [...application.identifierUris, uri];
    wrong.push(`the App ID URI ${uri} is missing`);
  }

  const members = apiMembers(application, pageAppId);
  // Whether Graph keeps the members that are left out is not documented, so all of them are sent.
  if (members.wrong.length > 0) body.api = { ...application.api, ...members.body };
  wrong.push(...members.wrong);

  const roles = wish.wakeWorker
    ? withPermission(application.appRoles, WAKE_ROLE, 'role', application, wrong)
    : undefined;
  if (roles !== undefined) body.appRoles = roles;

  addLink(application, wish, changes);

  const ids = permissionIds(graph, wish.permissions);
  const { access, missing } = withAccess(application.requiredResourceAccess, graph.appId, ids);
  if (missing.length > 0) {
    body.requiredResourceAccess = access;
    const names = wish.permissions.filter((_, at) => missing.includes(ids[at] ?? ''));
    wrong.push(`it does not ask for ${names.join(', ')} of Microsoft Graph`);
  }

  const { accessToken } = application.optionalClaims;
  const claims = CLAIMS.filter((name) => !accessToken.some((claim) => claim.name === name));
  if (claims.length > 0) {
    body.optionalClaims = {
      ...application.optionalClaims,
      accessToken: [...accessToken, ...claims.map((name) => ({ name }))],
    };
    wrong.push(`its access tokens lack the optional claims ${claims.join(', ')}`);
  }
  return changes;
}

/**
 * The redirect URI of a link must be of the platform Web: a code that is redeemed for a page brings a refresh token of 24 hours.
 * @throws {PlainError} it is of another platform.
 */
function addLink(
  { displayName, web, spa, otherRedirectUris }: Application,
  { linkUrl }: Wish,
  { body, wrong }: Changes,
): void {
  if (linkUrl === undefined || web.redirectUris.includes(linkUrl)) return;
  if (spa.redirectUris.includes(linkUrl) || otherRedirectUris.includes(linkUrl)) {
    throw new PlainError(
      `"${displayName}" has ${linkUrl} on another platform than "Web". Remove it there: the refresh tokens of a page end after 24 hours.`,
    );
  }
  body.web = { ...web, redirectUris: [...web.redirectUris, linkUrl] };
  wrong.push(`the redirect URI ${linkUrl} of the platform Web is missing`);
}

/**
 * Adds a scope or a role that is missing or disabled, and says so in `wrong`.
 * @returns the list as it has to be; undefined if nothing is wrong with it
 * @throws {PlainError} it has another name, so only a person may change it.
 */
function withPermission<P extends AppRole>(
  all: readonly P[],
  wanted: P,
  what: 'scope' | 'role',
  { displayName }: Application,
  wrong: string[],
): P[] | undefined {
  const found = all.find(({ value }) => value === wanted.value);
  if (found === undefined) {
    const other = all.find(({ id }) => id === wanted.id);
    if (other !== undefined) {
      throw new PlainError(
        `"${displayName}" has renamed the ${what} ${wanted.value} to ${other.value}. Name it ${wanted.value} again.`,
      );
    }
    wrong.push(`the ${what} ${wanted.value} is missing`);
    return [...all, wanted];
  }
  if (found.isEnabled) return undefined;
  wrong.push(`the ${what} ${wanted.value} is disabled`);
  return all.map((one) => (one === found ? { ...one, isEnabled: true } : one));
}

function apiMembers(application: Application, pageAppId: string): Changes {
  const { api } = application;
  const changes: Changes = { body: {}, wrong: [] };
  const { body, wrong } = changes;
  if (api.requestedAccessTokenVersion !== 2) {
    body.requestedAccessTokenVersion = 2;
    wrong.push('its access tokens are not of version 2');
  }
  const scopes = withPermission(api.oauth2PermissionScopes, SCOPE, 'scope', application, wrong);
  if (scopes !== undefined) body.oauth2PermissionScopes = scopes;
  const known = api.knownClientApplications;
  if (!known.some((id) => id.toLowerCase() === pageAppId.toLowerCase())) {
    body.knownClientApplications = [...known, pageAppId];
    wrong.push('the page is not among its known client applications');
  }
  return changes;
}

/** What is unusual and left as it is. */
export function apiNotes({ api, displayName }: Application, pageAppId: string | undefined): string[] {
  const notes: string[] = [];
  if (api.preAuthorizedApplications.some(({ appId }) => appId === pageAppId)) {
    notes.push(
      `"${displayName}" has preauthorized the page. So nobody is asked to consent to the API's own permissions when they sign in, and exchanges may be refused (AADSTS65001).`,
    );
  }
  if (api.oauth2PermissionScopes.some(({ value, type }) => value === SCOPE_NAME && type === 'Admin')) {
    notes.push(`Only administrators may consent to the scope ${SCOPE_NAME} of "${displayName}".`);
  }
  if (api.acceptMappedClaims) {
    notes.push(
      `"${displayName}" accepts mapped claims. Entra exchanges no token that is signed with a key of the application's own.`,
    );
  }
  return notes;
}
