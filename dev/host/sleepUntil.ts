import { setTimeout as delay } from 'node:timers/promises';

/** Node takes a longer delay for 1 ms. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Resolves at `at`, at once when that is in the past, however far away it is.
 * @throws AbortError when `signal` aborts first.
 */
export async function sleepUntil(at: Date, signal: AbortSignal): Promise<void> {
  for (;;) {
    const leftMs = at.getTime() - Date.now();
    await delay(Math.min(Math.max(leftMs, 0), MAX_DELAY_MS), undefined, { signal });
    if (leftMs <= MAX_DELAY_MS) return;
  }
}
