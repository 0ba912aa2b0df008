import type { Services, UserToken } from '../ports.ts';
import { clocksDiffer } from './clocksDiffer.ts';

type Clocks = Pick<Services, 'clock'> & { accounts: Pick<Services['accounts'], 'clockAheadMs'> };

/**
 * The time that is written down, and that is compared with what is written down. Whoever reads it retires, erases or checks
 * the account by it, and their clock may be right. So if this machine's clock may be wrong, the store's time counts.
 */
export const nowByStore = (clocks: Clocks): Date => byStore(clocks, clocks.clock.now());

/** A time that was counted from this machine's clock, as {@link nowByStore} would have counted it. */
export function byStore({ accounts }: Pick<Clocks, 'accounts'>, time: Date): Date {
  return clocksDiffer(accounts) ? new Date(time.getTime() + (accounts.clockAheadMs?.() ?? 0)) : time;
}

/**
 * A token whose end may be written down. The token endpoint says how long tokens last, so it was counted from this machine's
 * clock. A cached token has the end that was counted when it was issued, perhaps by another machine. The end of the grant is
 * left alone: it is read from what is stored, too, so who gets the token has dated it by the store (`UserToken`).
 */
export function tokenByStore(clocks: Pick<Clocks, 'accounts'>, token: UserToken): UserToken {
  if (token.source === 'cache') return token;
  return { ...token, expiresOn: byStore(clocks, token.expiresOn) };
}
