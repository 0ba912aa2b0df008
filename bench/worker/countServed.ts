import { dueRowKey, partsOf, type UserId, userOfDueRowKey, userOfRowKey } from '../../shared/userId.ts';
import type { Services } from './startServices.ts';

/**
 * How many of the users were given one token, have a new cache stored, and stand in time exactly once, later than
 * `now`.
 */
export function countServed(services: Services, users: readonly UserId[], now: Date): number {
  const dueAt = new Map<UserId, unknown>();
  const dueRows = new Map<UserId, string[]>();
  for (const row of services.rows.all()) {
    const user = userOfRowKey(row.RowKey);
    if (user !== undefined) dueAt.set(user, row.dueAt);
    const due = userOfDueRowKey(row.RowKey);
    if (due !== undefined) dueRows.set(due, [...(dueRows.get(due) ?? []), row.RowKey]);
  }
  const served = (user: UserId): boolean => {
    const at = new Date(String(dueAt.get(user)));
    const keys = dueRows.get(user) ?? [];
    return (
      services.grants.get(partsOf(user).oid) === 1 &&
      services.blobs.get(`token-cache/${user}`)?.version === 2 &&
      at > now &&
      keys.length === 1 &&
      keys[0] === dueRowKey(at, user)
    );
  };
  return users.filter(served).length;
}
