import { createHmac } from 'node:crypto';

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

/** A GUID that no tenant, no application and no user has. */
export const NOBODYS_ID = '00000000-0000-0000-0000-000000000000';

/** A user that no tenant has. Reading their account tries a store, and finds nothing. */
export const NOBODY: UserId = toUserId({ tid: NOBODYS_ID, oid: NOBODYS_ID });

/** The `tid` and `oid` of a user id. */
export function partsOf(user: UserId): { tid: string; oid: string } {
  const slash = user.indexOf('/');
  return { tid: user.slice(0, slash), oid: user.slice(slash + 1) };
}

/** Reads a user id from a text in any case; undefined if it is no text, or not a user id. */
export function readUserId(text: unknown): UserId | undefined {
  if (typeof text !== 'string') return undefined;
  const [tid, oid, ...more] = text.split('/');
  return isGuid(tid) && isGuid(oid) && more.length === 0 ? toUserId({ tid, oid }) : undefined;
}

/** Gives the log id of a user: the 16 hex digits that logs and operators see. */
export type LogId = (user: UserId) => string;

/** As many users as one process serves at a time, and more. Beyond it, the one that was asked for first is forgotten. */
const REMEMBERED_LOG_IDS = 5_000;

/**
 * Uses HMAC-SHA-256 and not a plain hash, because anyone with a list of users could reverse a plain hash. It remembers the
 * log ids of some thousand users, because one request asks for its user's several times.
 */
export function createLogId(key: Uint8Array): LogId {
  const known = new Map<UserId, string>();
  return (user) => {
    const remembered = known.get(user);
    if (remembered !== undefined) return remembered;
    const logId = createHmac('sha256', key).update(user).digest('hex').slice(0, 16);
    known.set(user, logId);
    if (known.size > REMEMBERED_LOG_IDS) known.delete(known.keys().next().value ?? user);
    return logId;
  };
}
