import type { Clock } from '../clock.ts';
import { createTokenBuckets, type TokenBuckets } from './tokenBuckets.ts';

/**
 * How often one user, or one application, may cause something in this process, however many access tokens they have:
 * `docs/http.md`.
 */
export type RequestLimits = {
  /** Requests to the token endpoint on their behalf. */
  exchanges: TokenBuckets;
  /** Connecting, pausing and disconnecting, together. */
  changes: TokenBuckets;
  /** Questions of an application for a run of the worker. */
  wakes: TokenBuckets;
};

export function createRequestLimits(clock: Clock): RequestLimits {
  return {
    // A user with several devices and a few challenges needs far fewer than this.
    exchanges: createTokenBuckets({ clock, capacity: 20, refillEveryMs: 3_000 }),
    // Enough for a user who disconnects and reconnects twice. Each new connection costs an exchange.
    changes: createTokenBuckets({ clock, capacity: 4, refillEveryMs: 15_000 }),
    // A webhook of Azure tries six times within 75 s, every five minutes.
    wakes: createTokenBuckets({ clock, capacity: 10, refillEveryMs: 10_000 }),
  };
}
