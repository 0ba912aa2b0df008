import type { Services } from '../ports.ts';
import type { UserId } from '../userId.ts';
import type { Stored } from './account.ts';
import { changeAccount } from './changeAccount.ts';
import { nowByStore } from './nowByStore.ts';
import { woken } from './transitions.ts';

/** One user is woken at most once within this time, by all instances together. */
const WAKE_USER_EVERY_MS = 60_000;

/**
 * `woken`: the next run meets the account, within a minute, and checks it unless the user was here just now or there is a
 * cooldown. Otherwise nothing changed. `too-soon`: somebody woke the user within the last minute. `being-checked`: a run is at
 * work for the user. `needs-user`: no check helps before their visit. `not-connected`: there is no connection.
 */
export type WakeResult = 'woken' | 'too-soon' | 'being-checked' | 'needs-user' | 'not-connected';

/**
 * Makes one account due now. The account itself has the time of the last wake, so the limit holds for all instances.
 * @throws {ConflictError} the account changed on every try.
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function wakeUser(
  services: Pick<Services, 'accounts' | 'clock'>,
  userId: UserId,
  signal?: AbortSignal,
): Promise<WakeResult> {
  let result: WakeResult = 'not-connected';
  await changeAccount(
    services,
    userId,
    (account) => {
      const now = nowByStore(services);
      result = decide(account, now);
      const isWaiting = account?.state === 'pending' || account?.state === 'active';
      return result === 'woken' && isWaiting ? woken(account, now) : 'keep';
    },
    { signal },
  );
  return result;
}

function decide(account: Stored | undefined, now: Date): WakeResult {
  switch (account?.state) {
    case undefined:
    case 'damaged':
    case 'disconnected':
    case 'retired':
      return 'not-connected';
    case 'needs-user':
      return 'needs-user';
    case 'pending':
    case 'active': {
      // The run that has the lease decides the next check when it settles. If it has died, the account is due soon.
      if (account.lease !== undefined) return 'being-checked';
      // A time ahead of the clock was written by a wrong clock.
      const sinceMs = now.getTime() - (account.wokenAt?.getTime() ?? Number.NEGATIVE_INFINITY);
      return sinceMs >= 0 && sinceMs < WAKE_USER_EVERY_MS ? 'too-soon' : 'woken';
    }
    default:
      return account satisfies never;
  }
}
