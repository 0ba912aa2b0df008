import type { Account, Caller, Services } from '../ports.ts';
import { changeAccount } from './changeAccount.ts';
import { connected, seen, tombstoneOf } from './transitions.ts';

const PROLONG_EVERY_MS = 86_400_000;

/**
 * Reads the account of a user who is present. Creates it at the first visit. Connects it anew when it is retired, or
 * when it is disconnected and `reconnect` is true.
 *
 * Callers do this before they store a secret, for two reasons: every secret has an account, and an operation that is
 * about to erase a tombstone meets a conflict because the user is back.
 * @returns `was`: `unknown` if there was no account, `ended` if there was a tombstone and it was replaced
 * @throws {ConflictError} the account changed on every try.
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function connectAccount(
  services: Pick<Services, 'accounts' | 'schedule' | 'clock'>,
  caller: Caller,
  { reconnect }: { reconnect: boolean },
): Promise<{ account: Account; was: 'unknown' | 'ended' | 'unchanged' }> {
  const { clock, schedule } = services;
  const { before, account, changed } = await changeAccount(services, caller.userId, (now) => {
    const isOver = now === undefined || now.state === 'retired';
    if (isOver || (now.state === 'disconnected' ? reconnect : now.damaged)) {
      return connected(caller, clock.newId(), clock.now(), schedule);
    }
    // What the user asked for holds, whatever happened to the row.
    return now.damaged ? tombstoneOf(caller.userId, 'disconnected', clock.now()) : 'keep';
  });
  if (account === undefined) throw new TypeError('The store created an account and did not return it.');
  if (changed && account.state === 'pending')
    return { account, was: before === undefined ? 'unknown' : 'ended' };
  // A visit extends the disconnection, at most once a day. It must not end while the user keeps visiting.
  const at = clock.now();
  if (account.state === 'disconnected' && at.getTime() - account.lastActivity.getTime() >= PROLONG_EVERY_MS) {
    const extend = (now: Account | undefined) => (now?.state === 'disconnected' ? seen(now, at) : 'keep');
    await changeAccount(services, account.userId, extend, { known: account });
  }
  return { account, was: 'unchanged' };
}
