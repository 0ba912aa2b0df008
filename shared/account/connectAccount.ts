import { ConflictError } from '../errors.ts';
import type { Account, AccountFields, Caller, Services } from '../ports.ts';
import { firstCheckAt } from './schedule.ts';

const TRIES = 5;
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
  const { accounts } = services;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const account = await accounts.read(caller.userId);
    try {
      if (account === undefined) {
        return { account: await accounts.create(pendingAccount(services, caller)), was: 'unknown' };
      }
      if (account.state === 'retired' || (account.state === 'disconnected' && reconnect)) {
        return { account: await accounts.move(account, pendingAccount(services, caller)), was: 'ended' };
      }
      const kept = account.state === 'disconnected' ? await stayDisconnected(services, account) : account;
      return { account: kept, was: 'unchanged' };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  throw new ConflictError('The account changed on every try.');
}

/** Extends the disconnection, at most once a day. It must not end while the user keeps visiting. */
async function stayDisconnected(
  { accounts, clock }: Pick<Services, 'accounts' | 'clock'>,
  account: Account,
): Promise<Account> {
  const at = clock.now();
  if (at.getTime() - account.lastActivity.getTime() >= PROLONG_EVERY_MS) {
    await accounts.touch(account.userId, at);
  }
  return account;
}

function pendingAccount(
  { clock, schedule }: Pick<Services, 'clock' | 'schedule'>,
  caller: Caller,
): AccountFields {
  const lastActivity = clock.now();
  return {
    userId: caller.userId,
    homeAccountId: undefined,
    userPrincipalName: caller.userPrincipalName,
    lastActivity,
    state: 'pending',
    generation: clock.newId(),
    dueAt: firstCheckAt(lastActivity, schedule),
    runId: undefined,
    failure: undefined,
    attempts: 0,
    lastRefreshed: undefined,
    expiresOn: undefined,
    refreshTokenExpiresOn: undefined,
    history: [],
  };
}
