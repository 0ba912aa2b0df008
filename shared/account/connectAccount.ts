import type { Caller, Services } from '../ports.ts';
import { type Account, isConnected, type Stored } from './account.ts';
import { changeAccount } from './changeAccount.ts';
import { nowByStore } from './nowByStore.ts';
import { isDueTooLate } from './schedule.ts';
import { connected, dueNow, ended, seenDisconnected } from './transitions.ts';

const PROLONG_EVERY_MS = 86_400_000;

/**
 * Reads the account of a user who is present. Creates it at the first visit. Connects it anew when it is retired or
 * damaged, or when it is disconnected and `reconnect` is true.
 *
 * Callers do this before they store a secret, for two reasons: every secret has an account, and an operation that is
 * about to erase a tombstone meets a conflict because the user is back.
 * @returns the account: connected, or disconnected. `was`: `unknown` if there was no account, `ended` if there was a
 * tombstone or a damaged account and it was replaced
 * @throws {ConflictError} the account changed on every try.
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function connectAccount(
  services: Pick<Services, 'accounts' | 'schedule' | 'clock'>,
  caller: Caller,
  { reconnect }: { reconnect: boolean },
): Promise<{ account: Stored<Account>; was: 'unknown' | 'ended' | 'unchanged' }> {
  const { clock, schedule } = services;
  const { userId } = caller;
  const newConnection = () => connected(caller, clock.newId(), nowByStore(services), schedule);
  const { before, account, changed } = await changeAccount(services, userId, (now) => {
    if (now === undefined) return newConnection();
    switch (now.state) {
      case 'retired':
        return newConnection();
      case 'disconnected':
        return reconnect ? newConnection() : 'keep';
      case 'damaged':
        // What the user asked for holds, whatever happened to the row.
        return now.wasDisconnected && !reconnect
          ? ended(userId, 'disconnected', nowByStore(services))
          : newConnection();
      case 'pending':
      case 'active':
      case 'needs-user':
        // Writing the account as it is restores its entry in the index.
        if (!reconnect) return 'keep';
        return isDueTooLate(now, nowByStore(services), schedule) ? dueNow(now, nowByStore(services)) : now;
      default:
        return now satisfies never;
    }
  });
  if (account === undefined || account.state === 'damaged') {
    throw new TypeError('The store changed an account and did not return it.');
  }
  if (changed && isConnected(account) && !(before !== undefined && isConnected(before))) {
    return { account, was: before === undefined ? 'unknown' : 'ended' };
  }
  // A visit extends the disconnection, at most once a day. It must not end while the user keeps visiting.
  const at = nowByStore(services);
  if (account.state === 'disconnected' && at.getTime() - account.since.getTime() >= PROLONG_EVERY_MS) {
    const extend = (now: Stored | undefined) =>
      now?.state === 'disconnected' ? seenDisconnected(now, at) : 'keep';
    await changeAccount(services, userId, extend, { known: account });
  }
  return { account, was: 'unchanged' };
}
