import type { Services } from '../ports.ts';
import type { UserId } from '../userId.ts';
import { changeAccount } from './changeAccount.ts';
import { clocksDiffer } from './clocksDiffer.ts';
import { isDueTooLate } from './schedule.ts';
import { dueNow } from './transitions.ts';

/**
 * Makes an account due now, if it is due later than any right clock can have written. It does nothing if this machine's own
 * clock may be wrong.
 * @returns whether it was
 * @throws {ConflictError} the account changed on every try.
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function rescheduleLate(
  services: Pick<Services, 'accounts' | 'schedule' | 'clock'>,
  userId: UserId,
  signal?: AbortSignal,
): Promise<boolean> {
  const { accounts, clock, schedule } = services;
  if (clocksDiffer(accounts)) return false;
  const { changed } = await changeAccount(
    services,
    userId,
    (account) => {
      if (account === undefined || account.state === 'damaged') return 'keep';
      const now = clock.now();
      return isDueTooLate(account, now, schedule) ? dueNow(account, now) : 'keep';
    },
    { signal },
  );
  return changed;
}
