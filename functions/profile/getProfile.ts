import { ConflictError, UnavailableError, UserTokenError } from '../../shared/errors.ts';
import { type Log, nameOfError } from '../../shared/log.ts';
import type {
  Account,
  AccountFields,
  AccountStore,
  Caller,
  ReadProfile,
  TokenCacheStore,
  UserToken,
  UserTokens,
  VerifyAccessToken,
} from '../../shared/ports.ts';
import { firstLookAt, type ScheduleSettings } from '../../shared/rules/schedule.ts';
import type { LogId } from '../../shared/userId.ts';
import type { Profile } from '../../shared/wire.ts';

export type GetProfileDeps = {
  verifyAccessToken: VerifyAccessToken;
  userTokens: UserTokens;
  readProfile: ReadProfile;
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  schedule: ScheduleSettings;
  logId: LogId;
  log: Log;
  now: () => Date;
};

const TOUCH_EVERY_MS = 60_000;
const RECORD_TRIES = 5;

/**
 * Answers the caller's profile, and leaves behind what the worker needs to go on for them: the sealed token
 * cache and the activity row. Bookkeeping that fails never fails the caller.
 * @throws {TokenInvalidError | ForbiddenError | UnavailableError} from verification.
 * @throws {UserTokenError} no token for Graph, or none that Graph accepts.
 */
export async function getProfile(
  deps: GetProfileDeps,
  bearerToken: string,
): Promise<{ profile: Profile; user: string; source: UserToken['source'] }> {
  const caller = await deps.verifyAccessToken(bearerToken);
  // The row comes first, so that no secret is ever kept that no row accounts for.
  const account = await seen(deps, caller);
  const token = await exchange(deps, caller, account);
  const recorded = record(deps, caller, account, token);
  try {
    const profile = await readProfile(deps, caller, account, token);
    return { profile, user: deps.logId(caller.userId), source: token.source };
  } finally {
    await recorded;
  }
}

/** The caller's row, made if this is the first time; undefined when the rows cannot be reached. */
async function seen(deps: GetProfileDeps, caller: Caller): Promise<Account | undefined> {
  try {
    return (await deps.accounts.read(caller.userId)) ?? (await firstSight(deps, caller));
  } catch (error) {
    if (!(error instanceof UnavailableError)) throw error;
    deps.log({ event: 'account.not-recorded', user: deps.logId(caller.userId), error: nameOfError(error) });
    return undefined;
  }
}

async function firstSight(deps: GetProfileDeps, caller: Caller): Promise<Account | undefined> {
  try {
    const created = await deps.accounts.create(pendingAccount(deps, caller));
    deps.log({ event: 'account.seen-first', user: deps.logId(caller.userId) });
    return created;
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return deps.accounts.read(caller.userId);
  }
}

function pendingAccount(deps: GetProfileDeps, caller: Caller): AccountFields {
  const lastActivity = deps.now();
  return {
    userId: caller.userId,
    homeAccountId: undefined,
    userPrincipalName: caller.userPrincipalName,
    lastActivity,
    state: 'pending',
    dueAt: firstLookAt(lastActivity, deps.schedule),
    runId: undefined,
    failure: undefined,
    attempts: 0,
    lastRefreshed: undefined,
    expiresOn: undefined,
    refreshTokenExpiresOn: undefined,
    history: [],
  };
}

/** After the worker was refused, only the token endpoint's word counts; its own challenge, or else the kept one. */
async function exchange(
  deps: GetProfileDeps,
  caller: Caller,
  account: Account | undefined,
  claims?: string,
): Promise<UserToken> {
  try {
    return await deps.userTokens.onBehalfOf({
      caller,
      skipCache: account?.state === 'needs-user' || account?.state === 'retired',
      persist: account !== undefined && account.state !== 'disconnected',
      claims,
    });
  } catch (error) {
    if (!(error instanceof UserTokenError) || error.failure.kind !== 'needs-user') throw error;
    const kept = account?.state === 'needs-user' ? account.failure?.claims : undefined;
    if (error.failure.claims !== undefined || kept === undefined) throw error;
    throw new UserTokenError({ ...error.failure, claims: kept }, { cause: error });
  }
}

/** Graph may ask for more than the token holds: then one exchange with its claims, and one more try. */
async function readProfile(
  deps: GetProfileDeps,
  caller: Caller,
  account: Account | undefined,
  token: UserToken,
): Promise<Profile> {
  try {
    return await deps.readProfile(token.accessToken);
  } catch (error) {
    if (!(error instanceof UserTokenError) || error.failure.claims === undefined) throw error;
    const renewed = await exchange(deps, caller, account, error.failure.claims);
    return deps.readProfile(renewed.accessToken);
  }
}

/** Writes down that the user was here and, after a network exchange, that they can be acted for again. */
async function record(
  deps: GetProfileDeps,
  caller: Caller,
  begun: Account | undefined,
  token: UserToken,
): Promise<void> {
  if (begun === undefined || begun.state === 'disconnected') return;
  const { accounts } = deps;
  try {
    if (!token.stored || (token.source === 'cache' && begun.state === 'active')) {
      const now = deps.now();
      if (now.getTime() - begun.lastActivity.getTime() >= TOUCH_EVERY_MS)
        await accounts.touch(begun.userId, now);
      return;
    }
    let account: Account | undefined = begun;
    for (let attempt = 0; attempt < RECORD_TRIES; attempt += 1) {
      if (account === undefined || (isTombstone(account) && account.state !== begun.state)) {
        // Disconnected or forgotten while we were at work: what we stored must not outlive that.
        await deps.tokenCache.remove(begun.userId);
        return;
      }
      try {
        await accounts.move(account, activeAccount(deps, caller, account, token));
        if (account.state === 'needs-user')
          deps.log({ event: 'account.healed', user: deps.logId(begun.userId) });
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        account = await accounts.read(begun.userId);
      }
    }
    throw new ConflictError('The row changed on every try.');
  } catch (error) {
    deps.log({ event: 'account.not-recorded', user: deps.logId(begun.userId), error: nameOfError(error) });
  }
}

const isTombstone = (account: Account): boolean =>
  account.state === 'disconnected' || account.state === 'retired';

function activeAccount(
  deps: GetProfileDeps,
  caller: Caller,
  account: Account,
  token: UserToken,
): AccountFields {
  const lastActivity = deps.now();
  const firstLook = firstLookAt(lastActivity, deps.schedule);
  // Whoever is kept warm, is due sooner or is claimed right now keeps the place they have.
  const stays = account.state === 'active' || account.dueAt <= firstLook || account.runId !== undefined;
  return {
    ...account,
    homeAccountId: token.homeAccountId,
    userPrincipalName: caller.userPrincipalName,
    lastActivity,
    state: 'active',
    failure: undefined,
    attempts: 0,
    expiresOn: token.expiresOn,
    // An exchange brings a refresh token of its own; what was known of the old one says nothing of it.
    refreshTokenExpiresOn:
      token.source === 'network' ? token.refreshTokenExpiresOn : account.refreshTokenExpiresOn,
    ...(stays ? {} : { dueAt: firstLook }),
  };
}
