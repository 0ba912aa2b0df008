import type { Services } from '../ports.ts';
import { clocksDiffer } from './clocksDiffer.ts';

/**
 * The time that is written down of a visit or of an end. Whoever reads it retires or erases the account by it, and their
 * clock may be right. So if this machine's clock may be wrong, the store's time counts.
 */
export function nowByStore({ accounts, clock }: Pick<Services, 'accounts' | 'clock'>): Date {
  const now = clock.now();
  return clocksDiffer(accounts) ? new Date(now.getTime() + (accounts.clockAheadMs?.() ?? 0)) : now;
}
