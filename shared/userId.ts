import { createHash, createHmac } from 'node:crypto';

/** `<tid>/<oid>` of a verified access token, lower case. The only identity Stead keys anything by. */
export type UserId = string & { readonly __brand: 'UserId' };

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isGuid = (value: unknown): value is string => typeof value === 'string' && GUID.test(value);

/**
 * Builds the user id from a verified token's `tid` and `oid`.
 *
 * Never pass MSAL's home account id (for a guest that is another tenant's `oid.tid`), an email or a UPN.
 * @throws {TypeError} when either is not a GUID.
 */
export function toUserId(of: { tid: string; oid: string }): UserId {
  if (!isGuid(of.tid)) throw new TypeError('tid is not a GUID');
  if (!isGuid(of.oid)) throw new TypeError('oid is not a GUID');
  return `${of.tid}/${of.oid}`.toLowerCase() as UserId;
}

/** The `tid` and `oid` a user id was built from. */
export function partsOf(user: UserId): { tid: string; oid: string } {
  const slash = user.indexOf('/');
  return { tid: user.slice(0, slash), oid: user.slice(slash + 1) };
}

/** Reads a user id that was written down, in whatever case; undefined for what is not one. */
export function readUserId(text: string): UserId | undefined {
  return userOfSuffix(text.toLowerCase().replace('/', '_'));
}

/** The 16 table partitions, by the first hex digit of SHA-256(user id). */
export const SHARDS: readonly string[] = [...'0123456789abcdef'];

export function shardOf(user: UserId): string {
  return createHash('sha256').update(user).digest('hex').slice(0, 1);
}

/** Maps a user id to the 16 hex digits that logs and operators see. */
export type LogId = (user: UserId) => string;

/** HMAC-SHA-256, not a plain hash: a plain hash of an id is reversed by anyone holding a list of users. */
export function createLogId(key: Uint8Array): LogId {
  return (user) => createHmac('sha256', key).update(user).digest('hex').slice(0, 16);
}

/** Table row key of the user's own row: `user|<tid>_<oid>`. */
export function userRowKey(user: UserId): string {
  return `user|${rowSuffix(user)}`;
}

/** The row keys of users: all, or those of one tenant; `to` is exclusive. */
export function userRowKeyRange(tid?: string): { from: string; to: string } {
  // "`" follows "_", and "}" follows "|".
  return tid === undefined
    ? { from: 'user|', to: 'user}' }
    : { from: `user|${tid}_`, to: `user|${tid}\u0060` };
}

/** The user a row stands for, or undefined for a key that is not one of ours. */
export function userOfRowKey(rowKey: string): UserId | undefined {
  const [kind, suffix = ''] = rowKey.split('|');
  return kind === 'user' ? userOfSuffix(suffix) : undefined;
}

/** Table row key of the user's place in time: `due|<UTC second>|<tid>_<oid>`. */
export function dueRowKey(at: Date, user: UserId): string {
  return `due|${utcSecond(at)}|${rowSuffix(user)}`;
}

/** The user a due row stands for, or undefined for a key that is not one of ours. */
export function userOfDueRowKey(rowKey: string): UserId | undefined {
  const [kind, , suffix = ''] = rowKey.split('|');
  return kind === 'due' ? userOfSuffix(suffix) : undefined;
}

/** The time a due row key names, or undefined for a key that is not one of ours. */
export function timeOfDueRowKey(rowKey: string): Date | undefined {
  const time = new Date(rowKey.split('|')[1] ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** Exclusive upper bound of the due row keys whose second is at or before `now`; the lower bound is `due|`. */
export function dueUpperBound(now: Date): string {
  return `due|${utcSecond(new Date(Math.floor(now.getTime() / 1000) * 1000 + 1000))}`;
}

/** Due times have whole seconds, rounded up: a user is never looked at early. */
export function wholeSecond(at: Date): Date {
  return new Date(Math.ceil(at.getTime() / 1000) * 1000);
}

const utcSecond = (at: Date): string => `${wholeSecond(at).toISOString().slice(0, 19)}Z`;
const rowSuffix = (user: UserId): string => user.replace('/', '_');

function userOfSuffix(suffix: string): UserId | undefined {
  const [tid = '', oid = ''] = suffix.split('_');
  if (!isGuid(tid) || !isGuid(oid)) return undefined;
  const user = toUserId({ tid, oid });
  return rowSuffix(user) === suffix ? user : undefined;
}
