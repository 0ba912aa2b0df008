import type { Clock } from '../clock.ts';
import { TooManyRequestsError } from '../errors.ts';
import type { UserId } from '../userId.ts';

export type TokenBucketOptions = {
  clock: Clock;
  /** How many times a user may do it at once. */
  capacity: number;
  /** After this time, in milliseconds, the user may do it once more. */
  refillEveryMs: number;
  /** The most users that are remembered. Beyond it, the oldest one is removed and has a full bucket. Default 5,000. */
  maxUsers?: number;
};

/** A token bucket for each user, in this process only. */
export type TokenBuckets = {
  /** @throws {TooManyRequestsError} the user's bucket is empty. */
  take(userId: UserId): void;
};

const MAX_USERS = 5_000;

export function createTokenBuckets(options: TokenBucketOptions): TokenBuckets {
  const { clock, capacity, refillEveryMs, maxUsers = MAX_USERS } = options;
  /**
   * When each user's bucket is full again. A user who is not in this map has a full bucket. It is not counted by the time of
   * day: once that is set back, the user would wait for as long.
   */
  const fullAt = new Map<UserId, number>();

  return {
    take(userId) {
      const at = clock.elapsed();
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
