import { type Clock, sleep } from '../clock.ts';
import { ConflictError, ForeignEntryError, UnavailableError } from '../errors.ts';
import { type Log, nameOfError } from '../log.ts';
import type { OpenedCache, Sealer } from '../ports.ts';
import type { StoredCache, TokenCacheStore } from '../tokenCacheStore.ts';
import type { LogId, UserId } from '../userId.ts';
import { GRANTS } from './grants.ts';
import { type CacheWriter, mergeCache } from './mergeCache.ts';

/**
 * The largest stored cache: 1 MiB. MSAL's cache of one user has about 5 kB; with 200 tokens it has 0.5 MiB when sealed.
 * Stead does not write a larger cache, and does not read one, because it cannot be Stead's.
 */
export const MAX_SEALED_BYTES = 1_048_576;

export type CacheContext = {
  store: TokenCacheStore;
  sealer: Sealer;
  logId: LogId;
  log: Log;
  clock: Clock;
};

/** One user's stored cache as it was when the operation began. */
export type CacheSnapshot =
  | { state: 'absent'; base: ''; etag: undefined; oldKey: false }
  | { state: 'open'; base: string; etag: string; oldKey: boolean }
  /**
   * `corrupt`: no key opens it. `superseded`: it belongs to an earlier connection of the user. A request of the user may
   * replace exactly this version.
   */
  | { state: 'corrupt' | 'superseded'; base: ''; etag: string; oldKey: false }
  /** This operation must not overwrite it. `overtaken`: it belongs to a later connection of the user. */
  | NotOurs;

type NotOurs = {
  state: 'unknown-key' | 'newer' | 'unreachable' | 'overtaken';
  base: '';
  etag: undefined;
  oldKey: false;
};

export const ABSENT: CacheSnapshot = { state: 'absent', base: '', etag: undefined, oldKey: false };

const WRITE_TRIES = 6;
const BACK_OFF_BASE_MS = 20;

export type ReadOptions = {
  /**
   * Whether the row still has this generation. If it has, a cache of another generation belongs to an earlier
   * connection; otherwise it belongs to a later one. Default: it has.
   */
  isCurrent?: (() => Promise<boolean>) | undefined;
  /** What the store has, if reading it has begun already. */
  begun?: Promise<StoredCache | undefined> | undefined;
  signal?: AbortSignal | undefined;
};

/**
 * Fetches a user's cache. An operation does this once, before it sends anything. MSAL reads the cache again after the
 * token request. If it were fetched then, the operation would start from another operation's write and overwrite it
 * without a conflict.
 */
export async function readSnapshot(
  context: CacheContext,
  userId: UserId,
  generation: string,
  { isCurrent = async () => true, begun, signal }: ReadOptions = {},
): Promise<CacheSnapshot> {
  let stored: StoredCache | undefined;
  try {
    stored = await (begun ?? context.store.read(userId, signal));
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    context.log({ event: 'cache.not-read', user: context.logId(userId), why: nameOfError(error) });
    return { state: 'unreachable', base: '', etag: undefined, oldKey: false };
  }
  if (stored === undefined) return ABSENT;
  const opened = await context.sealer.open(userId, stored.sealed);
  if (opened.ok && opened.generation === generation) {
    return { state: 'open', base: opened.cache, etag: stored.etag, oldKey: opened.oldKey };
  }
  const whyOtherGeneration = async () => ((await isCurrent()) ? 'superseded' : 'overtaken');
  const why = opened.ok ? await whyOtherGeneration() : opened.reason;
  const kid = opened.ok || opened.kid === undefined ? {} : { kid: opened.kid };
  context.log({ event: 'cache.not-read', user: context.logId(userId), why, ...kid });
  return why === 'corrupt' || why === 'superseded'
    ? { state: why, base: '', etag: stored.etag, oldKey: false }
    : { state: why, base: '', etag: undefined, oldKey: false };
}

export type CacheWrite = {
  userId: UserId;
  generation: string;
  snapshot: CacheSnapshot;
  /** MSAL's serialized cache after the operation. */
  mine: string;
  homeAccountId: string;
  writer: CacheWriter;
  /** Called before anything is written, when the cache is known to hold entries of this user alone. */
  onChecked?: (() => void) | undefined;
  signal?: AbortSignal | undefined;
};

/** What was stored: the new ETag, and MSAL's serialized cache with what others wrote in the meantime. */
export type WrittenCache = { etag: string; cache: string };

/**
 * Stores the cache of an operation, merged with what other operations wrote in the meantime.
 * @returns undefined if the cache was not stored, which is logged. An error of the store is not thrown,
 * because the caller has its token all the same.
 * @throws {ForeignEntryError} the cache holds entries of another account, because an MSAL client was shared. Nothing is
 * written.
 */
export async function writeCache(
  context: CacheContext,
  write: CacheWrite,
): Promise<WrittenCache | undefined> {
  const { userId, generation, snapshot, homeAccountId, signal } = write;
  const giveUp = (why: string): undefined => {
    context.log({ event: 'cache.not-written', user: context.logId(userId), why });
  };
  const mine = keepOnlyOwnEntries(context, write);
  if (isNotOurs(snapshot)) return giveUp(snapshot.state);
  write.onChecked?.();

  let next = mine;
  let etag: string | undefined = snapshot.etag;
  for (let attempt = 0; ; attempt += 1) {
    try {
      const sealed = await context.sealer.seal(userId, next, generation);
      if (Buffer.byteLength(sealed) > MAX_SEALED_BYTES) return giveUp('too-large');
      return { etag: await context.store.write(userId, sealed, etag, signal), cache: next };
    } catch (error) {
      if (!(error instanceof ConflictError)) return giveUp(nameOfError(error));
    }
    if (attempt + 1 === WRITE_TRIES) return giveUp('too-many-conflicts');
    await sleep(context.clock, context.clock.random() * BACK_OFF_BASE_MS * 2 ** attempt);
    let theirs: StoredCache | undefined;
    try {
      theirs = await context.store.read(userId, signal);
    } catch (error) {
      return giveUp(nameOfError(error));
    }
    // The cache was deleted during this operation because the account ended. It must stay deleted.
    if (theirs === undefined) return giveUp('deleted');
    const opened: OpenedCache = await context.sealer.open(userId, theirs.sealed);
    if (opened.ok && opened.generation !== generation) return giveUp('superseded');
    // The user came back with another home account id, and that request removed the entries of the old one.
    if (opened.ok && write.writer === 'worker' && !isAllOf(opened.cache, homeAccountId)) {
      return giveUp('superseded');
    }
    // Only a request, with the user present, replaces a cache that no key opens.
    if (!opened.ok && (opened.reason !== 'corrupt' || write.writer !== 'request'))
      return giveUp(opened.reason);
    const merged = opened.ok ? mergeCache(snapshot.base, opened.cache, mine, write.writer) : mine;
    // The worker may have renewed entries of a former home account id in the meantime. They must not come back.
    next = onlyOf(merged, homeAccountId);
    etag = theirs.etag;
  }
}

const NOT_OURS: ReadonlySet<CacheSnapshot['state']> = new Set<NotOurs['state']>([
  'unknown-key',
  'newer',
  'unreachable',
  'overtaken',
]);
const isNotOurs = (snapshot: CacheSnapshot): snapshot is NotOurs => NOT_OURS.has(snapshot.state);

type Sections = Record<string, Record<string, { home_account_id?: string } | undefined> | undefined>;
const OWNED_SECTIONS = ['Account', 'IdToken', 'AccessToken', 'RefreshToken', GRANTS] as const;

/** The home account ids whose tokens a serialized cache holds. */
export function homeAccountIdsOf(cache: string): Set<string> {
  if (cache === '') return new Set();
  const sections = JSON.parse(cache) as Sections;
  return new Set(
    OWNED_SECTIONS.flatMap((name) =>
      Object.values(sections[name] ?? {}).flatMap((entry) => entry?.home_account_id ?? []),
    ),
  );
}

/**
 * Refuses a cache with entries of another account, because its MSAL client was shared. There is one exception: an entry
 * that this user's own sealed cache already held. Then the same verified user has a new home account id (a guest's
 * redemption was reset), and a request, with the user present, removes the old entries.
 */
function keepOnlyOwnEntries(context: CacheContext, write: CacheWrite): string {
  const { userId, snapshot, homeAccountId, writer } = write;
  if (isAllOf(write.mine, homeAccountId)) return write.mine;
  const mine = withoutFormerGrants(write);
  const foreign = [...homeAccountIdsOf(mine)].filter((id) => id !== homeAccountId);
  if (foreign.length === 0) return mine;
  const former = homeAccountIdsOf(snapshot.base);
  if (writer !== 'request' || !foreign.every((id) => former.has(id))) {
    context.log({ event: 'cache.foreign-entry', user: context.logId(userId) });
    throw new ForeignEntryError('The token cache holds entries of another account. It was not written.');
  }
  context.log({ event: 'cache.former-home-dropped', user: context.logId(userId) });
  return onlyOf(mine, homeAccountId);
}

/**
 * An earlier release that removes the entries of a former home account id does not know the section of the grants, so they
 * stay there. Nobody uses them.
 */
function withoutFormerGrants({ snapshot, mine, homeAccountId }: CacheWrite): string {
  const sections = JSON.parse(mine) as Sections;
  const former = (JSON.parse(snapshot.base || '{}') as Sections)[GRANTS] ?? {};
  for (const [key, entry] of Object.entries(sections[GRANTS] ?? {})) {
    if (entry?.home_account_id !== homeAccountId && Object.hasOwn(former, key))
      delete sections[GRANTS]?.[key];
  }
  return JSON.stringify(sections);
}

const isAllOf = (cache: string, homeAccountId: string): boolean =>
  [...homeAccountIdsOf(cache)].every((id) => id === homeAccountId);

function onlyOf(cache: string, homeAccountId: string): string {
  if (isAllOf(cache, homeAccountId)) return cache;
  const sections = JSON.parse(cache) as Sections;
  for (const name of OWNED_SECTIONS) {
    for (const [key, entry] of Object.entries(sections[name] ?? {})) {
      if (entry?.home_account_id !== homeAccountId) delete sections[name]?.[key];
    }
  }
  return JSON.stringify(sections);
}
