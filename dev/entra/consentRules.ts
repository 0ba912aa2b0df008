/**
 * Which permissions a request asks the person for
 * (https://learn.microsoft.com/entra/identity-platform/scopes-oidc#the-default-scope), and who may grant them.
 */
import type { Client } from './clients.ts';
import type { Asked } from './consents.ts';
import { GRAPH_APP_ID, type Identity, isAdministrator } from './directory.ts';
import { EntraError } from './entraError.ts';
import type { ScopeRequest } from './scopes.ts';
import type { StandIn } from './standIn.ts';

/** Permissions of Graph that only an administrator may grant, whatever the policy of the tenant is. */
const ADMINISTRATORS_ONLY =
  /^(Application|AuditLog|Directory|Group|GroupMember|Policy|RoleManagement|User)\.(?!ReadBasic).*\.All$/;
/** Further permissions that users may not grant under Microsoft's managed policy, the default of new tenants. */
const MANAGED_POLICY =
  /^(Mail|Calendars|Chat|ChatMessage|OnlineMeetings|MailboxSettings|Tasks|People)\.|^(Files|Sites)\..*\.All$/;

const registered = (client: Client): Asked[] =>
  client.requiredResourceAccess.map((access) => ({ client: client.id, ...access }));

/** What the resource has registered, if it knows the client and the client lists the resource; else nothing. */
function downstream({ clients }: StandIn, client: Client, resource: string): Asked[] {
  const api = clients.find(resource);
  const listed = client.requiredResourceAccess.some((access) => access.resource === resource);
  return api && listed && api.knownClientApplications.includes(client.id) ? registered(api) : [];
}

/** What consent to `.default` covers: everything that the client has registered, and what a known API has. */
export function everythingRegistered(standIn: StandIn, client: Client, request: ScopeRequest): Asked[] {
  const { resource } = request;
  if (resource !== client.id && !client.requiredResourceAccess.some((one) => one.resource === resource)) {
    throw new EntraError(
      'invalid_resource',
      650057,
      `The client asks for the resource '${resource}', which is not among the permissions of its registration.`,
    );
  }
  return [...registered(client), ...downstream(standIn, client, resource)];
}

/**
 * What the person must consent to before this request is granted; nothing if all is granted.
 * @param anew true for `prompt=consent`: ask for everything, even if it was granted before
 * @throws EntraError 650057 for `.default` of a resource that is neither registered nor granted
 */
export function missingConsent(
  standIn: StandIn,
  client: Client,
  request: ScopeRequest,
  identity: Identity,
  anew: boolean,
): Asked[] {
  const { resource, named, isDefault } = request;
  const granted = standIn.consents.granted(client, resource, identity);
  if (isDefault) {
    if (granted.length > 0 && !anew) return [];
    return everythingRegistered(standIn, client, request);
  }
  const permissions = anew ? named : named.filter((one) => !granted.includes(one));
  return permissions.length === 0 ? [] : [{ client: client.id, resource, permissions }];
}

/** False if only an administrator may grant it, by its kind or by the policy of the tenant. */
export function mayConsent({ consents }: StandIn, identity: Identity, asked: readonly Asked[]): boolean {
  if (isAdministrator(identity)) return true;
  if (consents.closedTenants.has(identity.tid)) return false;
  return asked
    .filter(({ resource }) => resource === GRAPH_APP_ID)
    .flatMap(({ permissions }) => permissions)
    .every((one) => !ADMINISTRATORS_ONLY.test(one) && !MANAGED_POLICY.test(one));
}
