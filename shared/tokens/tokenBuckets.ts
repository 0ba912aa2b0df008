import type { Clock } from '../clock.ts';
import { TooManyRequestsError } from '../errors.ts';
import type { UserId } from '../userId.ts';

export type TokenBucketOptions = {
  clock: Clock;
  /** How often a user may do it at once. */
  capacity: number;
  /** After this long they may do it once more. */
  refillEveryMs: number;
  /** Users remembered at a time; beyond it the one who came first goes, and may do it as often as at the start. */
  maxUsers?: number;
};

/** A token bucket for each user, in this process alone. */
export type TokenBuckets = {
  /** @throws {TooManyRequestsError} the user's bucket is empty. */
  take(userId: UserId): void;
};

const MAX_USERS = 5_000;

export function createTokenBuckets(options: TokenBucketOptions): TokenBuckets {
  const { clock, capacity, refillEveryMs, maxUsers = MAX_USERS } = options;
  /** When each user's bucket is full again; whoever is not here has a full one. */
  const fullAt = new Map<UserId, number>();

  return {
    take(userId) {
      const at = clock.now().getTime();
      const full = Math.max(fullAt.get(userId) ?? at, at);
      const waitMs = full - at - (capacity - 1) * refillEveryMs;
      if (waitMs > 0) throw new TooManyRequestsError(Math.ceil(waitMs / 1_000));
      fullAt.delete(userId);
      fullAt.set(userId, full + refillEveryMs);
      const [oldest] = fullAt.keys();
      if (fullAt.size > maxUsers && oldest !== undefined) fullAt.delete(oldest);
    },
  };
}
