import { createHash, createHmac } from 'node:crypto';

/** `<tid>/<oid>` of a verified access token, in lower case. Everything that Stead stores of a user has this as its key. */
export type UserId = string & { readonly __brand: 'UserId' };

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const isGuid = (value: unknown): value is string => typeof value === 'string' && GUID.test(value);

/**
 * Builds the user id from the `tid` and `oid` of a verified access token.
 *
 * Never pass MSAL's home account id (for a guest it names another tenant), an email address or a UPN.
 * @throws {TypeError} `tid` or `oid` is not a GUID.
 */
export function toUserId(of: { tid: string; oid: string }): UserId {
  if (!isGuid(of.tid)) throw new TypeError('tid is not a GUID');
  if (!isGuid(of.oid)) throw new TypeError('oid is not a GUID');
  return `${of.tid}/${of.oid}`.toLowerCase() as UserId;
}

/** The `tid` and `oid` of a user id. */
export function partsOf(user: UserId): { tid: string; oid: string } {
  const slash = user.indexOf('/');
  return { tid: user.slice(0, slash), oid: user.slice(slash + 1) };
}

/** Reads a user id from a text in any case; undefined if the text is not a user id. */
export function readUserId(text: string): UserId | undefined {
  return userOfSuffix(text.toLowerCase().replace('/', '_'));
}

/** The 16 shards. A user's shard is the first hex digit of SHA-256(user id). */
export const SHARDS: readonly string[] = [...'0123456789abcdef'];

export function shardOf(user: UserId): string {
  return createHash('sha256').update(user).digest('hex').slice(0, 1);
}

/** Gives the log id of a user: the 16 hex digits that logs and operators see. */
export type LogId = (user: UserId) => string;

/** Uses HMAC-SHA-256 and not a plain hash, because anyone with a list of users could reverse a plain hash. */
export function createLogId(key: Uint8Array): LogId {
  return (user) => createHmac('sha256', key).update(user).digest('hex').slice(0, 16);
}

/** The row key of the account: `user|<tid>_<oid>`. */
export function userRowKey(user: UserId): string {
  return `user|${rowSuffix(user)}`;
}

/** The range of the row keys of all accounts, or of one tenant's. `to` is exclusive. */
export function userRowKeyRange(tid?: string): { from: string; to: string } {
  // In ASCII, "`" follows "_", and "}" follows "|".
  return tid === undefined
    ? { from: 'user|', to: 'user}' }
    : { from: `user|${tid}_`, to: `user|${tid}\u0060` };
}

/** The user of an account's row key; undefined for another row key. */
export function userOfRowKey(rowKey: string): UserId | undefined {
  const [kind, suffix = ''] = rowKey.split('|');
  return kind === 'user' ? userOfSuffix(suffix) : undefined;
}

/** The row key of the due row: `due|<UTC second>|<tid>_<oid>`. */
export function dueRowKey(at: Date, user: UserId): string {
  return `due|${utcSecond(at)}|${rowSuffix(user)}`;
}

/** The row key of a damaged account, in the place of its due row: `damaged|<tid>_<oid>`. No run reads it. */
export function damagedRowKey(user: UserId): string {
  return `damaged|${rowSuffix(user)}`;
}

/** The user of a due row's key; undefined for another row key. */
export function userOfDueRowKey(rowKey: string): UserId | undefined {
  const [kind, , suffix = ''] = rowKey.split('|');
  return kind === 'due' ? userOfSuffix(suffix) : undefined;
}

/** The time of a due row's key; undefined for another row key. */
export function timeOfDueRowKey(rowKey: string): Date | undefined {
  const time = new Date(rowKey.split('|')[1] ?? '');
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** The exclusive upper bound of the row keys that are due at `now`. The lower bound is `due|`. */
export function dueUpperBound(now: Date): string {
  return `due|${utcSecond(new Date(Math.floor(now.getTime() / 1000) * 1000 + 1000))}`;
}

/** Rounds up to a whole second. A due time has whole seconds, and no account is checked too early. */
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
