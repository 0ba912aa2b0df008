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

/** Permissions of Graph that an administrator alone may grant, whatever the tenant's policy. */
const ADMINISTRATORS_ONLY =
  /^(Application|AuditLog|Directory|Group|GroupMember|Policy|RoleManagement|User)\.(?!ReadBasic).*\.All$/;
/** What Microsoft's managed policy, the default of new tenants, takes from users beside that. */
const MANAGED_POLICY =
  /^(Mail|Calendars|Chat|ChatMessage|OnlineMeetings|MailboxSettings|Tasks|People)\.|^(Files|Sites)\..*\.All$/;

const registered = (client: Client): Asked[] =>
  client.requiredResourceAccess.map((access) => ({ client: client.id, ...access }));

/** The resource's own permissions, if its registration knows the client and the client's lists the resource. */
function downstream({ clients }: StandIn, client: Client, resource: string): Asked[] {
  const api = clients.find(resource);
  const listed = client.requiredResourceAccess.some((access) => access.resource === resource);
  return api && listed && api.knownClientApplications.includes(client.id) ? registered(api) : [];
}

/** What consent to everything that is registered means: for all resources, and for those of a known API too. */
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
 * @param anew `prompt=consent`: whatever was granted before
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

/** False if what is asked is left to administrators, by its kind or by the tenant's policy. */
export function mayConsent({ consents }: StandIn, identity: Identity, asked: readonly Asked[]): boolean {
  if (isAdministrator(identity)) return true;
  if (consents.closedTenants.has(identity.tid)) return false;
  return asked
    .filter(({ resource }) => resource === GRAPH_APP_ID)
    .flatMap(({ permissions }) => permissions)
    .every((one) => !ADMINISTRATORS_ONLY.test(one) && !MANAGED_POLICY.test(one));
}
