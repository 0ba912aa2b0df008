import type { Api } from '../api.ts';
import type { Permissions } from '../ports.ts';
import { missingScopes, permissionsIn } from '../tokens/scopes.ts';
import type { TaskToTurnOn } from '../wire.ts';

/** A task, as far as a page is concerned. */
export type LinkTask = { name: string; title: string; api: Api; scopes: readonly string[]; consent?: 'link' };

/**
 * The tasks that users turn on by a link, and the others that lack a permission: a link asks for that by the task's name. Without
 * permissions that are known, nobody knows whether one is on.
 * @param linked the API whose permissions a link asks for
 */
export function tasksToTurnOn(
  linked: Api,
  tasks: ReadonlyMap<string, LinkTask>,
  permissions: Permissions | undefined,
): TaskToTurnOn[] {
  return [...tasks.values()].flatMap(({ name, title, api, scopes, consent }) => {
    const granted = permissions?.[api.name];
    if (api !== linked || granted === undefined) return [];
    const isOn = missingScopes(scopes, permissionsIn(granted.join(' '))).length === 0;
    return consent === 'link' || !isOn ? [{ task: name, title, isOn }] : [];
  });
}
