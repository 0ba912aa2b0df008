import { ConflictError } from '../errors.ts';
import type { Services } from '../ports.ts';
import type { UserId } from '../userId.ts';
import { isTombstone, type Stored } from './account.ts';
import { changeAccount } from './changeAccount.ts';
import { nowByStore } from './nowByStore.ts';
import { ended } from './transitions.ts';

const TRIES = 8;

type EndOptions = {
  /** When the account ended, if that was earlier and has been lost. Default: now. */
  since?: Date;
  /** Decides whether an account that is there may be ended, from what it is now. Default: it may. */
  mayEnd?: (now: Stored) => boolean;
  /** Whether a disconnection is recorded even for a user without an account. Default: it is. */
  evenUnknown?: boolean;
  /** Called when the tombstone is stored. The cache may still be there. */
  onEnded?: () => void;
  signal?: AbortSignal;
};

/**
 * Ends an account: writes the tombstone, then deletes the cache. An operation that stores a cache at the same time
 * writes the row afterwards, meets the tombstone and deletes the cache that it stored. If this process dies between the
 * two steps, the first check of the tombstone deletes the cache.
 * @param as `disconnected` is the user's own wish, so it may be recorded even for a user without an account; `retired` ends
 * at the user's next visit
 * @returns whether there was anything to end
 * @throws {ConflictError} the account or its cache changed on every try.
 * @throws {UnavailableError} a store cannot be reached. A second call continues where the first one stopped.
 */
export async function endAccount(
  services: Pick<Services, 'accounts' | 'tokenCache' | 'clock'>,
  userId: UserId,
  as: 'disconnected' | 'retired',
  { since, mayEnd = () => true, evenUnknown = true, onEnded, signal }: EndOptions = {},
): Promise<boolean> {
  const { before, changed } = await changeAccount(
    services,
    userId,
    (now) => {
      const ends = now === undefined ? evenUnknown && as === 'disconnected' : now.state !== as && mayEnd(now);
      return ends ? ended(userId, as, nowByStore(services), since) : 'keep';
    },
    { signal },
  );
  if (changed) onEnded?.();
  const removed = await removeCache(services, userId, signal);
  return (changed && before !== undefined) || removed;
}

/**
 * Deletes the cache of a user whose account has ended or does not exist. A cache that was stored after the user came
 * back must stay. Therefore the row is read after the cache, and only the version that was read before it is deleted.
 * @returns whether there was a cache to delete
 * @throws {ConflictError} the cache changed on every try.
 * @throws {UnavailableError} a store cannot be reached.
 */
export async function removeCache(
  services: Pick<Services, 'accounts' | 'tokenCache'>,
  userId: UserId,
  signal?: AbortSignal,
): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const stored = await services.tokenCache.read(userId, signal);
    if (stored === undefined) return false;
    const account = await services.accounts.read(userId, signal);
    if (account !== undefined && !isTombstone(account)) return false;
    if (await takeBack(services, userId, stored.etag, signal)) return true;
  }
  throw new ConflictError('The token cache changed on every try.');
}

/**
 * Deletes one version of a cache.
 * @param written the ETag of that version
 * @returns false if another version is stored; the operation that stored it reads the row itself
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function takeBack(
  services: Pick<Services, 'tokenCache'>,
  userId: UserId,
  written: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await services.tokenCache.remove(userId, written, signal);
    return true;
  } catch (error) {
    if (error instanceof ConflictError) return false;
    throw error;
  }
}
