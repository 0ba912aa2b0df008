import { ConflictError, UnavailableError } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type { Account, AccountFields, Caller, Operation, Services, UserToken } from '../ports.ts';
import { connectAccount } from './connectAccount.ts';
import { isSameConnection, takeBack } from './endAccount.ts';
import { firstCheckAt, refreshTokenEndsAt } from './schedule.ts';

const TOUCH_EVERY_MS = 60_000;
const RECORD_TRIES = 5;

/**
 * The caller's account, from {@link connectAccount}. Undefined if it could not be read or written: the caller still gets
 * an answer, and nothing is stored.
 */
export async function seeAccount(
  services: Services,
  { log }: Operation,
  caller: Caller,
): Promise<Account | undefined> {
  const user = services.logId(caller.userId);
  try {
    const { account, was } = await connectAccount(services, caller, { reconnect: false });
    if (was === 'unknown') log({ event: 'account.seen-first', user });
    if (was === 'ended') log({ event: 'account.reconnected', user });
    return account;
  } catch (error) {
    if (!(error instanceof UnavailableError || error instanceof ConflictError)) throw error;
    log({ event: 'account.not-recorded', user, error: nameOfError(error) });
    return undefined;
  }
}

/** True if the account is still the connection that it was. False if the store cannot be reached. */
export async function isStillConnected(
  { accounts }: Pick<Services, 'accounts'>,
  begun: Account,
): Promise<boolean> {
  try {
    return isSameConnection(begun, await accounts.read(begun.userId));
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    return false;
  }
}

/**
 * Records the time of the visit and, after an exchange over the network, that the account is active. Errors are logged
 * and not thrown.
 */
export async function recordVisit(
  services: Services,
  { log }: Operation,
  caller: Caller,
  begun: Account | undefined,
  token: UserToken,
): Promise<void> {
  if (begun === undefined || begun.state === 'disconnected') return;
  const { accounts, clock, logId } = services;
  try {
    if (!token.stored || (token.source === 'cache' && begun.state === 'active')) {
      const now = clock.now();
      if (now.getTime() - begun.lastActivity.getTime() >= TOUCH_EVERY_MS)
        await accounts.touch(begun.userId, now);
      return;
    }
    let account: Account | undefined = begun;
    for (let attempt = 0; attempt < RECORD_TRIES; attempt += 1) {
      if (!isSameConnection(begun, account)) {
        // The account ended during this operation, so the cache that the operation stored must not stay.
        if (token.written !== undefined) await takeBack(services, begun.userId, token.written);
        return;
      }
      try {
        await accounts.move(account, activeAccount(services, caller, account, token));
        if (account.state === 'needs-user') log({ event: 'account.healed', user: logId(begun.userId) });
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        account = await accounts.read(begun.userId);
      }
    }
    throw new ConflictError('The account changed on every try.');
  } catch (error) {
    log({ event: 'account.not-recorded', user: logId(begun.userId), error: nameOfError(error) });
  }
}

function activeAccount(
  { clock, schedule }: Services,
  caller: Caller,
  account: Account,
  token: UserToken,
): AccountFields {
  const lastActivity = clock.now();
  const firstCheck = firstCheckAt(lastActivity, schedule);
  // An account that is active, due sooner or leased keeps the time that it has.
  const keepsDueAt = account.state === 'active' || account.dueAt <= firstCheck || account.runId !== undefined;
  return {
    ...account,
    homeAccountId: token.homeAccountId,
    userPrincipalName: caller.userPrincipalName,
    lastActivity,
    state: 'active',
    failure: undefined,
    attempts: 0,
    expiresOn: token.expiresOn,
    refreshTokenExpiresOn: refreshTokenEndsAt(token, account.refreshTokenExpiresOn, lastActivity),
    ...(keepsDueAt ? {} : { dueAt: firstCheck }),
  };
}
