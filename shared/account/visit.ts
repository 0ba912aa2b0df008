import { ConflictError, UnavailableError } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type { Account, AccountFields, Caller, Operation, Services, UserToken } from '../ports.ts';
import { connectAccount } from './connectAccount.ts';
import { isSameConnection, takeBack } from './endAccount.ts';
import { firstCheckAt, refreshTokenEndsAt } from './schedule.ts';

const TOUCH_EVERY_MS = 60_000;
const RECORD_TRIES = 5;

/** The caller's row, see {@link connectAccount}; undefined when the rows cannot be reached. */
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

/** Whether nobody signed the user off since; no, when the rows cannot be reached. */
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

/** Writes down that the user was here and, after a network exchange, that they can be acted for again. */
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
        // Signed off while we were at work: what we stored must not outlive that.
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
    throw new ConflictError('The row changed on every try.');
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
  // Whoever is kept warm, is due sooner or is claimed right now keeps the place they have.
  const stays = account.state === 'active' || account.dueAt <= firstCheck || account.runId !== undefined;
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
    ...(stays ? {} : { dueAt: firstCheck }),
  };
}
