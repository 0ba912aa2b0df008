import type { AccountStore } from '../accountStore.ts';

/** How much the clocks of two machines may differ, in milliseconds. */
export const MAX_CLOCK_DIFFERENCE_MS = 300_000;

/**
 * True if this machine's clock and the store's differ too much, by the store's latest answer. With a wrong clock every
 * account looks old, and every lease looks over or far too long. So nothing is retired, erased or rescheduled by it.
 */
export const clocksDiffer = (accounts: Pick<AccountStore, 'clockAheadMs'>): boolean =>
  Math.abs(accounts.clockAheadMs?.() ?? 0) > MAX_CLOCK_DIFFERENCE_MS;
