import { ConflictError } from '../errors.ts';
import type { Account, AccountFields, Caller, Services } from '../ports.ts';
import { firstCheckAt } from './schedule.ts';

const TRIES = 5;
const PROLONG_EVERY_MS = 86_400_000;

/**
 * The row of a user who is here: made if this is the first time, made anew if they had been forgotten or, when they
 * `reconnect`, had disconnected. It comes before anything is stored for them, so that no secret is ever kept that no
 * row accounts for, and that whoever is about to erase a tombstone finds that the user is back.
 * @throws {ConflictError} the row changed on every try.
 * @throws {UnavailableError}
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
      const seen = account.state === 'disconnected' ? await stayDisconnected(services, account) : account;
      return { account: seen, was: 'unchanged' };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
    }
  }
  throw new ConflictError('The account changed on every try.');
}

/** Once a day a visit prolongs what was asked for: it must not end while the user keeps coming. */
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
