import type { Clock } from '../clock.ts';
import { createTokenBuckets, type TokenBuckets } from './tokenBuckets.ts';

/** What one user may cause in this process, whatever their requests ask for: `docs/http.md`. */
export type RequestLimits = {
  /** Requests to the token endpoint on their behalf. */
  exchanges: TokenBuckets;
  /** Connecting and disconnecting. */
  changes: TokenBuckets;
};

export function createRequestLimits(clock: Clock): RequestLimits {
  return {
    // Some devices, each with a token of its own, and a challenge or two: far more than that.
    exchanges: createTokenBuckets({ clock, capacity: 20, refillEveryMs: 3_000 }),
    // A change of mind, and back. Each connection that follows a disconnection costs an exchange.
    changes: createTokenBuckets({ clock, capacity: 4, refillEveryMs: 15_000 }),
  };
}
