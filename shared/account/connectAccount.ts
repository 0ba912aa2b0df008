import type { Caller, Services } from '../ports.ts';
import { type Account, isConnected, type Stored, type Tombstone } from './account.ts';
import { changeAccount } from './changeAccount.ts';
import { nowByStore } from './nowByStore.ts';
import { isDueTooLate } from './schedule.ts';
import { connected, dueNow, ended, seenDisconnected } from './transitions.ts';

const PROLONG_EVERY_MS = 86_400_000;

type Needed = Pick<Services, 'accounts' | 'schedule' | 'clock'>;

/** `unknown` if there was no account, `ended` if there was a tombstone or a damaged account and it was replaced. */
type Was = 'unknown' | 'ended' | 'unchanged';

/** Who is connected if they are not: everybody, everybody but those who have disconnected, or nobody. */
type Whom = 'everybody' | 'not-disconnected' | 'nobody';

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
  services: Needed,
  caller: Caller,
  { reconnect }: { reconnect: boolean },
): Promise<{ account: Stored<Account>; was: Was }> {
  const { account, was } = await readOrConnect(
    services,
    caller,
    reconnect ? 'everybody' : 'not-disconnected',
  );
  if (account === undefined) throw new TypeError('The store created an account and did not return it.');
  return { account, was };
}

/**
 * Reads the account of a user who is present, and connects nobody. A connection whose row is damaged is one that the user
 * has asked for, so it is made anew.
 * @returns the account: connected or a tombstone; undefined if there is none
 * @throws the errors of {@link connectAccount}.
 */
export const findAccount = (
  services: Needed,
  caller: Caller,
): Promise<{ account: Stored<Account> | undefined; was: Was }> => readOrConnect(services, caller, 'nobody');

async function readOrConnect(
  services: Needed,
  caller: Caller,
  whom: Whom,
): Promise<{ account: Stored<Account> | undefined; was: Was }> {
  const { clock, schedule } = services;
  const { userId } = caller;
  const newConnection = () => connected(caller, clock.newId(), nowByStore(services), schedule);
  const connects = (was: Tombstone['state'] | 'unknown'): boolean =>
    whom === 'everybody' || (whom === 'not-disconnected' && was !== 'disconnected');
  const { before, account, changed } = await changeAccount(services, userId, (now) => {
    if (now === undefined) return connects('unknown') ? newConnection() : 'keep';
    switch (now.state) {
      case 'retired':
      case 'disconnected':
        return connects(now.state) ? newConnection() : 'keep';
      case 'damaged':
        // What the user asked for holds, whatever happened to the row.
        return now.was === 'connected' || connects(now.was)
          ? newConnection()
          : ended(userId, now.was, nowByStore(services));
      case 'pending':
      case 'active':
      case 'needs-user':
        // Writing the account as it is restores its entry in the index.
        if (whom !== 'everybody') return 'keep';
        return isDueTooLate(now, nowByStore(services), schedule) ? dueNow(now, nowByStore(services)) : now;
      default:
        return now satisfies never;
    }
  });
  if (account === undefined) return { account, was: 'unchanged' };
  if (account.state === 'damaged') {
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
