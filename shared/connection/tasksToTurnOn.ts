import type { Api } from '../api.ts';
import type { Permissions } from '../ports.ts';
import { missingScopes, permissionsIn } from '../tokens/scopes.ts';
import type { TaskToTurnOn } from '../wire.ts';

/** A task, as far as a page is concerned. */
export type LinkTask = { name: string; title: string; api: Api; scopes: readonly string[]; consent?: 'link' };

/** The tasks that users turn on by a link. Without permissions that are known, nobody knows whether one is on. */
export function tasksToTurnOn(
  tasks: ReadonlyMap<string, LinkTask>,
  permissions: Permissions | undefined,
): TaskToTurnOn[] {
  return [...tasks.values()].flatMap(({ name, title, api, scopes, consent }) => {
    const granted = permissions?.[api.name];
    if (consent !== 'link' || granted === undefined) return [];
    const missing = missingScopes(scopes, permissionsIn(granted.join(' ')));
    return [{ task: name, title, isOn: missing.length === 0 }];
  });
}
