import { type Clock, sleep } from '../../shared/clock.ts';
import { PlainError } from '../cli/errors.ts';
import { partTag } from './applicationWish.ts';
import type { Call } from './call.ts';
import type { Graph } from './graphClient.ts';
import type { Application } from './graphObjects.ts';
import { readTagged, readTenantId } from './readRegistered.ts';

export type CleanUpOptions = {
  graph: Graph;
  name: string;
  /** The tenant that it must be; any if undefined. */
  tenantId: string | undefined;
  dryRun: boolean;
  clock: Clock;
  onCall: (call: Call) => void;
  tell: (line: string) => void;
};

/** The pauses before the list is read again, until it shows that nothing is left. */
const SETTLE_MS = [0, 2_000, 4_000, 8_000, 15_000, 30_000];

/**
 * The calls that delete what the registration has created: the page first, so that nobody signs in to an API that is
 * going. Entra deletes the service principals, the federated credentials and the grants of an application with it.
 */
export function planCleanUp(tagged: readonly Application[]): Call[] {
  const pages = tagged.filter(({ tags }) => tags.includes(partTag('page')));
  const apis = tagged.filter(({ tags }) => tags.includes(partTag('api')));
  return [
    ...pages.map((page) => deletion(page, 'page')),
    ...apis.flatMap((api) => [...disabling(api), deletion(api, 'API')]),
  ];
}

/** Scopes and roles must be disabled before they can be removed. Nobody gets a token for them from then on. */
function disabling({ id, api, appRoles }: Application): Call[] {
  const scopes = api.oauth2PermissionScopes;
  if (![...scopes, ...appRoles].some(({ isEnabled }) => isEnabled)) return [];
  const disabled = scopes.map((scope) => ({ ...scope, isEnabled: false }));
  return [
    {
      method: 'PATCH',
      path: `/applications/${id}`,
      body: {
        api: { ...api, oauth2PermissionScopes: disabled, preAuthorizedApplications: [] },
        ...(appRoles.length > 0 && { appRoles: appRoles.map((role) => ({ ...role, isEnabled: false })) }),
      },
      why: `Disable the scope${appRoles.length > 0 ? ' and the roles' : ''} of the API`,
      mayBeGone: true,
    },
  ];
}

const deletion = ({ id, displayName, appId }: Application, part: string): Call => ({
  method: 'DELETE',
  path: `/applications/${id}`,
  why: `Delete the application of the ${part}: "${displayName}", client id ${appId}`,
  mayBeGone: true,
});

/**
 * Deletes the applications that `registerApplications` has created, and no others.
 * @returns how many calls were sent, or would be
 * @throws {PlainError} Graph refuses, or it is another tenant.
 */
export async function cleanUpApplications(options: CleanUpOptions): Promise<number> {
  const { graph, name, tenantId, dryRun, clock, onCall, tell } = options;
  if (tenantId !== undefined) await readTenantId(graph, tenantId);
  const calls = planCleanUp(await readTagged(graph, name));
  for (const call of calls) onCall(call);
  if (dryRun) return calls.length;
  let left = calls;
  for (const pauseMs of SETTLE_MS) {
    if (left.length === 0) return calls.length;
    // A server that does not know the application yet says the same as one that has deleted it. So they are sent again.
    for (const call of left) await graph.send(call);
    if (pauseMs > 0) tell(`Entra still lists what was deleted. Looking again in ${pauseMs / 1_000} s.`);
    await sleep(clock, pauseMs);
    left = planCleanUp(await readTagged(graph, name));
  }
  if (left.length === 0) return calls.length;
  throw new PlainError('Entra still lists what was deleted. Run the command again in some minutes.');
}
