import { changeAccount } from '../account/changeAccount.ts';
import { retried } from '../account/transitions.ts';
import { ConflictError } from '../errors.ts';
import type { Account, Services } from '../ports.ts';
import type { UserId } from '../userId.ts';

/** The account is due now, or why it is not. `busy`: it changed on every try. */
export type RetryResult =
  | { retried: true }
  | { retried: false; why: 'unknown' | 'busy' | 'damaged' }
  | { retried: false; why: 'ended'; state: Account['state'] }
  | { retried: false; why: 'needs-user'; code: string | undefined }
  | { retried: false; why: 'leased'; until: Date };

/**
 * Makes an account due now.
 * @param force also if it needs the user, as after an outage of our own that marked it wrongly
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function retryAccount(
  services: Pick<Services, 'accounts' | 'clock'>,
  userId: UserId,
  force: boolean,
): Promise<RetryResult> {
  let result: RetryResult = { retried: true };
  try {
    await changeAccount(services, userId, (account) => {
      const now = services.clock.now();
      result = decide(account, now, force);
      return account !== undefined && result.retried ? retried(account, now) : 'keep';
    });
    return result;
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return { retried: false, why: 'busy' };
  }
}

function decide(account: Account | undefined, now: Date, force: boolean): RetryResult {
  if (account === undefined) return { retried: false, why: 'unknown' };
  // By its last activity, which is not a time, the next run would retire it.
  if (account.damaged) return { retried: false, why: 'damaged' };
  const { state, failure, runId, dueAt } = account;
  switch (state) {
    case 'disconnected':
    case 'retired':
      return { retried: false, why: 'ended', state };
    case 'needs-user':
      return force ? { retried: true } : { retried: false, why: 'needs-user', code: failure?.code };
    case 'pending':
    case 'active':
      // A change would take the account from a run that may be requesting a token for it now.
      return runId !== undefined && dueAt > now
        ? { retried: false, why: 'leased', until: dueAt }
        : { retried: true };
    default:
      return state satisfies never;
  }
}
