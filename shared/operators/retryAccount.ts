import { type AccountState, isConnected, type Stored } from '../account/account.ts';
import { changeAccount } from '../account/changeAccount.ts';
import { clocksDiffer } from '../account/clocksDiffer.ts';
import { nowByStore } from '../account/nowByStore.ts';
import { isDueTooLate } from '../account/schedule.ts';
import { dueNow, retried } from '../account/transitions.ts';
import { ConflictError } from '../errors.ts';
import type { Services } from '../ports.ts';
import type { UserId } from '../userId.ts';

/** The account is due now, or why it is not. `busy`: it changed on every try. */
export type RetryResult =
  | { retried: true }
  | { retried: false; why: 'unknown' | 'busy' | 'damaged' }
  | { retried: false; why: 'ended'; state: AccountState }
  | { retried: false; why: 'needs-user'; code: string }
  | { retried: false; why: 'leased'; until: Date };

/**
 * Makes an account due now.
 * @param force also if it needs the user, as after an outage of our own that marked it wrongly
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function retryAccount(
  services: Pick<Services, 'accounts' | 'clock' | 'schedule'>,
  userId: UserId,
  force: boolean,
): Promise<RetryResult> {
  let result: RetryResult = { retried: true };
  try {
    await changeAccount(services, userId, (account) => {
      const now = nowByStore(services);
      const isLate =
        account !== undefined &&
        account.state !== 'damaged' &&
        !clocksDiffer(services.accounts) &&
        isDueTooLate(account, now, services.schedule);
      // Such a lease was taken by a machine with a wrong clock.
      const sound = isLate ? dueNow(account, now) : account;
      result = decide(sound, now, force);
      return result.retried && sound !== undefined && isConnected(sound) ? retried(sound, now) : 'keep';
    });
    return result;
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return { retried: false, why: 'busy' };
  }
}

function decide(account: Stored | undefined, now: Date, force: boolean): RetryResult {
  switch (account?.state) {
    case undefined:
      return { retried: false, why: 'unknown' };
    case 'damaged':
      return { retried: false, why: 'damaged' };
    case 'disconnected':
    case 'retired':
      return { retried: false, why: 'ended', state: account.state };
    case 'needs-user':
      return force ? { retried: true } : { retried: false, why: 'needs-user', code: account.failure.code };
    case 'pending':
    case 'active': {
      const { lease } = account;
      // The run sets the next check anew when it settles the account, so a retry would have no effect.
      return lease !== undefined && lease.until > now
        ? { retried: false, why: 'leased', until: lease.until }
        : { retried: true };
    }
    default:
      return account satisfies never;
  }
}
