/** What both applications must have. What they have beside it is left as it is. */
import type { Cloud } from '../../shared/clouds.ts';
import { PlainError } from '../cli/errors.ts';
import type { Application, ResourceAccess } from './graphObjects.ts';

/** What is to be registered. */
export type Wish = {
  /** Tells registrations of one tenant apart. It is in the tag of what is created. */
  name: string;
  /** Origins of the page. */
  pageUrls: readonly string[];
  /** Delegated permissions of Microsoft Graph, by name. */
  permissions: readonly string[];
  /** The principal id of a managed identity that is to be the API's credential. */
  managedIdentity: string | undefined;
  /** True to let Azure Monitor start a run of the worker. */
  wakeWorker: boolean;
  /** The address to which Entra sends a browser after a link: a redirect URI of the API. Undefined if users do not link. */
  linkUrl: string | undefined;
  /** True to consent for everybody in the tenant. */
  adminConsent: boolean;
  /** True if users of other tenants may sign in. */
  multiTenant: boolean;
  /** Client ids of applications that exist already; undefined for those that this command creates. */
  apiClientId: string | undefined;
  pageClientId: string | undefined;
  cloud: Cloud;
};

/** The properties that a change writes, and what was wrong, in words. */
export type Changes = { body: Record<string, unknown>; wrong: string[] };

/**
 * Tags have no spaces. The first names the registration, and the second says which of its two applications it is. Graph's
 * `uniqueName` would find an application, too, and nobody could create a second one. But a deleted application keeps its
 * unique name for 30 days, so nothing could be registered again after a clean-up
 * (https://github.com/microsoftgraph/msgraph-bicep-types/issues/137).
 */
export const tagOf = (name: string): string => `stead:${name}`;
export const partTag = (part: 'api' | 'page'): string => `stead-part:${part}`;

export const audienceOf = ({ multiTenant }: Wish): string =>
  multiTenant ? 'AzureADMultipleOrgs' : 'AzureADMyOrg';

/** Adds what is missing to a list of permissions, and keeps everything else. */
export function withAccess(
  all: readonly ResourceAccess[],
  resourceAppId: string,
  permissionIds: readonly string[],
): { access: ResourceAccess[]; missing: string[] } {
  const of = all.find((one) => one.resourceAppId.toLowerCase() === resourceAppId.toLowerCase());
  const isThere = (id: string) => of?.resourceAccess.some((one) => one.id === id && one.type === 'Scope');
  const missing = permissionIds.filter((id) => !isThere(id));
  const added = missing.map((id) => ({ id, type: 'Scope' }));
  const after = { resourceAppId, ...of, resourceAccess: [...(of?.resourceAccess ?? []), ...added] };
  return {
    access: of === undefined ? [...all, after] : all.map((one) => (one === of ? after : one)),
    missing,
  };
}

/** An application for one tenant is opened to others if that is wished for. It is never narrowed. */
export function addAudience(
  { displayName, signInAudience }: Application,
  wish: Wish,
  changes: Changes,
): void {
  if (signInAudience === 'PersonalMicrosoftAccount') {
    throw new PlainError(
      `"${displayName}" is for personal Microsoft accounts alone. Create another application for it, or leave the id out.`,
    );
  }
  if (wish.multiTenant && signInAudience === 'AzureADMyOrg') {
    changes.body.signInAudience = audienceOf(wish);
    changes.wrong.push('users of other tenants cannot sign in');
  }
}
