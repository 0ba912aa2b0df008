import { readUserId, type UserId } from '../../userId.ts';
import { wholeSecond } from '../wholeSecond.ts';

/** A range of row keys. Neither end belongs to it. */
export type RowKeyRange = { after: string; before: string };

/** The row key of the account: `user|<tid>_<oid>`. */
export function userRowKey(user: UserId): string {
  return `user|${rowSuffix(user)}`;
}

/** The row keys of all accounts, or of one tenant's. */
export function userRowKeyRange(tid?: string): RowKeyRange {
  // In ASCII, "`" follows "_", and "}" follows "|".
  return tid === undefined
    ? { after: 'user|', before: 'user}' }
    : { after: `user|${tid}_`, before: `user|${tid}\u0060` };
}

/** The user of an account's row key; undefined for another row key. */
export function userOfRowKey(rowKey: string): UserId | undefined {
  const [kind, suffix = ''] = rowKey.split('|');
  return kind === 'user' ? userOfSuffix(suffix) : undefined;
}

/** The row key of the account's entry in the index: `due|<UTC second>|<tid>_<oid>`. */
export function dueRowKey(at: Date, user: UserId): string {
  return `due|${utcSecond(at)}|${rowSuffix(user)}`;
}

/** The row keys of the entries that are due at `now`. */
export function dueRowKeyRange(now: Date): RowKeyRange {
  const nextSecond = new Date(Math.floor(now.getTime() / 1000) * 1000 + 1000);
  return { after: 'due|', before: `due|${utcSecond(nextSecond)}` };
}

/** The user of an entry's row key; undefined for another row key. */
export function userOfDueRowKey(rowKey: string): UserId | undefined {
  const [kind, , suffix = ''] = rowKey.split('|');
  return kind === 'due' ? userOfSuffix(suffix) : undefined;
}

/** The time of an entry's row key; undefined if it cannot be read. */
export function timeOfDueRowKey(rowKey: string): Date | undefined {
  const time = new Date(rowKey.split('|')[1] ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** The row key of a damaged account, in the place of its entry: `damaged|<tid>_<oid>`. No run reads it. */
export function damagedRowKey(user: UserId): string {
  return `damaged|${rowSuffix(user)}`;
}

const utcSecond = (at: Date): string => `${wholeSecond(at).toISOString().slice(0, 19)}Z`;
const rowSuffix = (user: UserId): string => user.replace('/', '_');

function userOfSuffix(suffix: string): UserId | undefined {
  const user = readUserId(suffix.replace('_', '/'));
  return user !== undefined && rowSuffix(user) === suffix ? user : undefined;
}
