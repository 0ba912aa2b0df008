import { ConflictError } from '../errors.ts';
import type { Account, AccountFields, Services } from '../ports.ts';
import type { UserId } from '../userId.ts';
import { isTombstone, removeCacheAt } from './schedule.ts';

const TRIES = 8;

/**
 * Signs a user off: first the tombstone, then the cache. Whoever is storing a cache meanwhile writes the row after
 * it, meets the tombstone and takes back what it stored. Whoever dies in between leaves it to the worker's first look.
 *
 * `disconnected` is the user's own word and is remembered even of a user nobody has seen; `retired`, an operator's,
 * ends with their next visit. Answers whether there was anything to end.
 * @throws {ConflictError} the row changed on every try.
 * @throws {UnavailableError} a store cannot be reached; asked again, it goes on from where it was.
 */
export async function endAccount(
  services: Pick<Services, 'accounts' | 'tokenCache' | 'clock'>,
  userId: UserId,
  as: 'disconnected' | 'retired',
  signal?: AbortSignal,
): Promise<boolean> {
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const account = await services.accounts.read(userId, signal);
    try {
      const ends = account !== undefined && account.state !== as;
      const tombstone = tombstoneOf(userId, as, services.clock.now());
      if (account === undefined) {
        if (as === 'disconnected') await services.accounts.create(tombstone, signal);
      } else if (ends) {
        await services.accounts.move(account, tombstone, signal);
      }
      const removed = await removeCache(services, userId, signal);
      return ends || removed;
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  throw new ConflictError('The account changed on every try.');
}

/**
 * Deletes the cache of a user who is signed off, and not one that was stored since they came back: the row is read
 * after the cache, and only the version that was read before it goes. Answers whether there was one.
 * @throws {UnavailableError}
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
    if (account !== undefined && !isTombstone(account.state)) return false;
    if (await takeBack(services, userId, stored.etag, signal)) return true;
  }
  throw new ConflictError('The token cache changed on every try.');
}

/**
 * Deletes one version of a cache. False when another is stored: whoever stored it looks at the row themselves.
 * @throws {UnavailableError}
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

/** Whether a row that was read later still is the connection that it was: nobody signed the user off in between. */
export function isSameConnection(begun: Account, later: Account | undefined): later is Account {
  return (
    later !== undefined &&
    later.generation === begun.generation &&
    isTombstone(later.state) === isTombstone(begun.state)
  );
}

/** A row of no more than its keys, its state and its times. `lastActivity` is when it was set. */
export function tombstoneOf(userId: UserId, state: 'disconnected' | 'retired', now: Date): AccountFields {
  return {
    userId,
    state,
    dueAt: removeCacheAt(now),
    lastActivity: now,
    generation: '',
    runId: undefined,
    homeAccountId: undefined,
    userPrincipalName: undefined,
    failure: undefined,
    attempts: 0,
    lastRefreshed: undefined,
    expiresOn: undefined,
    refreshTokenExpiresOn: undefined,
    history: [],
  };
}
