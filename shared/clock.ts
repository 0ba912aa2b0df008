import { randomUUID } from 'node:crypto';

/**
 * Everything in an application that differs from one run to the next: the time, timers, ids and chance. Nothing else
 * may ask the platform for them, so a test or a simulation that replaces the clock decides all of it.
 */
export type Clock = {
  now(): Date;
  /** Milliseconds since some moment. It never goes back, so it is for durations. */
  elapsed(): number;
  /** Calls `act` once, after so many milliseconds; the function that it returns cancels that. */
  after(ms: number, act: () => void): () => void;
  /** A signal that ends after so many milliseconds, and keeps no process alive. */
  timeout(ms: number): AbortSignal;
  /** A new UUID. */
  newId(): string;
  /** Uniform in [0, 1). */
  random(): number;
};

export const systemClock: Clock = {
  now: () => new Date(),
  elapsed: () => performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
  timeout: (ms) => AbortSignal.timeout(ms),
  newId: randomUUID,
  random: Math.random,
};

/** Resolves after so many milliseconds. */
export function sleep(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(ms, resolve);
  });
}

/**
 * Runs an operation with a signal that ends after `ms`, or with the caller's own; nothing of it is left when the
 * operation is over. `AbortSignal.any` over a run's signal keeps a little of every operation until the run ends, and
 * `AbortSignal.timeout` a timer until its time: too much for a run over a hundred thousand users.
 */
export async function withTimeout<T>(
  clock: Clock,
  ms: number,
  operation: (signal: AbortSignal) => Promise<T>,
  callers?: AbortSignal,
): Promise<T> {
  const ending = new AbortController();
  const cancel = clock.after(ms, () => ending.abort(new DOMException('It took too long.', 'TimeoutError')));
  const onAbort = () => ending.abort(callers?.reason);
  if (callers?.aborted) onAbort();
  callers?.addEventListener('abort', onAbort);
  try {
    return await operation(ending.signal);
  } finally {
    cancel();
    callers?.removeEventListener('abort', onAbort);
  }
}
