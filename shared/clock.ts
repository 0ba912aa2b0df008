import { randomUUID } from 'node:crypto';

/**
 * Everything in an application that differs from one run to the next: the time, timers, ids and random numbers. No other
 * code may ask the platform for them, so a test or a simulation that replaces the clock controls all of them.
 */
export type Clock = {
  now(): Date;
  /** Milliseconds since an arbitrary moment. They never go back, so use them for durations. */
  elapsed(): number;
  /** Calls `act` once, after `ms` milliseconds. Returns a function that cancels the call. */
  after(ms: number, act: () => void): () => void;
  /** A signal that aborts after `ms` milliseconds with a `TimeoutError`. It does not keep the process alive. */
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

/**
 * Resolves after `ms` milliseconds. Rejects with the signal's reason as soon as the signal aborts. However it ends, its
 * timer and its listener are removed.
 */
export function sleep(clock: Clock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const cancel = clock.after(ms, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    function onAbort(): void {
      cancel();
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/**
 * Runs an operation with a signal that aborts after `ms` milliseconds, or when the caller's signal aborts. When the
 * operation ends, its timer and listener are removed. `AbortSignal.any` over a run's signal would keep a little memory
 * for every operation until the run ends, and `AbortSignal.timeout` would keep every timer until its time. That is too
 * much for a run over a hundred thousand accounts.
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

/** Rejects with the signal's reason as soon as the signal aborts. It never resolves. */
export function endOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}
