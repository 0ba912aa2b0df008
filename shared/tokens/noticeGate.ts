import type { Clock } from '../clock.ts';

/** How many notices are being delivered at once, at most. */
const AT_ONCE = 8;
const LONGEST_TURN_MS = 1_000;
const FIRST_PAUSE_MS = 60_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** Leaves a receiver of notices alone after a failure, in this process only. */
export type NoticeGate = {
  /**
   * Resolves when a delivery ends, or after a second, if as many are on their way as may be and the receiver seems well. So
   * hundreds who lose their connection together are told in one run, and nobody waits long for a receiver that hangs.
   * @returns undefined if there is nothing to wait for
   */
  turn(): Promise<void> | undefined;
  /** @returns undefined if a notice may be delivered now, and then `leave` must follow; or else until when it may not. */
  enter(): Date | undefined;
  /**
   * @param result `unknown` if the run ended before the receiver answered: that says nothing about the receiver
   * @param id of the notice
   * @param retryAfterSeconds how long the receiver asks to be left alone, if it failed and said so
   */
  leave(result: 'accepted' | 'failed' | 'unknown', id: string, retryAfterSeconds?: number): void;
};

/**
 * After a failure nothing is delivered for a minute, and for twice as long after each further one, up to an hour. Then one
 * notice is tried alone. One notice that fails again and again keeps the others waiting for no more than a minute, unless the
 * receiver itself asks for more. So thousands of accounts do not wait for one receiver that hangs, each for itself.
 */
export function createNoticeGate(clock: Clock): NoticeGate {
  let inside = 0;
  let failures = 0;
  let pausedUntil = 0;
  let lastFailed: string | undefined;
  /** Until somebody has waited for a turn in vain, or a delivery has failed. */
  let seemsWell = true;
  const waiting = new Set<() => void>();
  /** A clock that was ahead must not close the gate for longer than any pause lasts. */
  const isPaused = (now: number): boolean => now < pausedUntil && pausedUntil - now <= LONGEST_PAUSE_MS;

  return {
    turn() {
      if (inside < AT_ONCE || !seemsWell) return undefined;
      return new Promise((resolve) => {
        const end = () => {
          cancel();
          waiting.delete(end);
          resolve();
        };
        const cancel = clock.after(LONGEST_TURN_MS, () => {
          seemsWell = false;
          end();
        });
        waiting.add(end);
      });
    },

    enter() {
      const now = clock.now().getTime();
      if (isPaused(now)) return new Date(pausedUntil);
      if (inside >= (failures === 0 ? AT_ONCE : 1)) return new Date(now + FIRST_PAUSE_MS);
      if (inside === 0) seemsWell = true;
      inside += 1;
      return undefined;
    },

    leave(result, id, retryAfterSeconds = 0) {
      inside -= 1;
      const [first] = waiting;
      first?.();
      if (result === 'unknown') return;
      if (result === 'accepted') {
        seemsWell = true;
        failures = 0;
        lastFailed = undefined;
        return;
      }
      seemsWell = false;
      for (const end of waiting) end();
      const now = clock.now().getTime();
      const asked = now + Math.min(LONGEST_PAUSE_MS, retryAfterSeconds * 1_000);
      // Those that were sent together fail together, and count as one failure.
      if (isPaused(now)) {
        pausedUntil = Math.max(pausedUntil, asked);
        return;
      }
      // Perhaps its receiver never takes this one, and takes all others.
      const times = id === lastFailed ? 0 : failures;
      const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(times, 16));
      pausedUntil = Math.max(now + pause, asked);
      if (id !== lastFailed) failures += 1;
      lastFailed = id;
    },
  };
}
