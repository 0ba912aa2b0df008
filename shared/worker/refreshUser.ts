import { confirmFailure } from '../account/confirmFailure.ts';
import { isSameConnection, removeCache, takeBack, tombstoneOf } from '../account/endAccount.ts';
import { markNeedsUser, withFailure } from '../account/markNeedsUser.ts';
import {
  decideCheck,
  nextCheckAfterFailure,
  nextCheckAfterSuccess,
  refreshTokenEndsAt,
  retireAt,
} from '../account/schedule.ts';
import { ConflictError, type Failure, UserTokenError } from '../errors.ts';
import { nameOfError, type UserOutcome } from '../log.ts';
import type { Account, HistoryEntry, Operation, UserToken } from '../ports.ts';
import type { App } from '../tokens/app.ts';

/** A leased account, and what the run knows about it that the row does not say. */
export type Lease = {
  account: Account;
  /** When the account became due, before the lease. */
  dueSince: Date;
  /** The end of a cooldown that concerns the account. No token is requested before it. */
  cooldownUntil?: Date | undefined;
};

/** The result of one check. */
export type Check = {
  outcome: UserOutcome;
  reason?: string;
  failure?: Failure;
  /** The token that was obtained, and the account as it was settled. */
  got?: { token: UserToken; account: Account };
};

const SETTLE_TRIES = 5;
/** The only `misconfigured` code that may concern a single cache. */
export const UNKNOWN_KEY = 'cache_unknown_key';

/**
 * Runs one check of a leased account, from the decision to the settled row. If the row changes in the meantime (the user
 * came back), the check reads it and decides again.
 * @throws {UnavailableError} a store cannot be reached. The lease then ends by itself.
 */
export async function refreshUser(app: App, operation: Operation, lease: Lease): Promise<Check> {
  const { accounts, clock, schedule } = app;
  const { signal } = operation;
  const { userId, runId } = lease.account;
  let account: Account | undefined = lease.account;
  let token: UserToken | undefined;
  for (let attempt = 0; attempt < SETTLE_TRIES; attempt += 1) {
    if (!isSameConnection(lease.account, account)) {
      // The account ended while the token was requested, so the cache that the check stored must not stay.
      if (token?.written !== undefined) await takeBack(app, userId, token.written, signal);
      return { outcome: 'superseded' };
    }
    if (account.runId !== runId) return { outcome: 'superseded' };
    try {
      if (token !== undefined) {
        // The row was written by a request in the meantime, whose home account id is the newer one.
        const known = { ...token, homeAccountId: account.homeAccountId ?? token.homeAccountId };
        return await settleToken(app, operation, account, known, 'settled-again');
      }
      const decision = decideCheck(account, clock.now(), schedule, lease.cooldownUntil);
      switch (decision.action) {
        case 'wait':
          await accounts.move(account, { ...account, dueAt: decision.until, runId: undefined }, signal);
          return { outcome: 'waiting', reason: decision.reason };
        case 'remove-cache':
          await removeCache(app, userId, signal);
          await accounts.move(account, { ...account, dueAt: decision.until, runId: undefined }, signal);
          return { outcome: 'waiting', reason: decision.reason };
        case 'retire':
          return await retire(app, operation, account);
        case 'erase':
          await removeCache(app, userId, signal);
          await accounts.erase(account, signal);
          return { outcome: 'erased', reason: decision.reason };
        case 'refresh': {
          const acquired = await acquire(app, operation, account, decision.forceRefresh);
          if ('failure' in acquired)
            return await settleFailure(app, operation, account, acquired.failure, lease.dueSince);
          token = acquired;
          return await settleToken(app, operation, account, token, decision.reason);
        }
        default:
          return decision satisfies never;
      }
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      account = await accounts.read(userId, signal);
    }
  }
  return { outcome: 'superseded', reason: 'too-many-conflicts' };
}

/**
 * Gives a lease back: the account is due as before, unless another run has the lease by now. The run's signal does not
 * stop this, because a run that ends must give its leases back.
 */
export async function release({ accounts }: Pick<App, 'accounts'>, lease: Lease): Promise<Check> {
  let account: Account | undefined = lease.account;
  for (let attempt = 0; attempt < SETTLE_TRIES; attempt += 1) {
    if (!isSameConnection(lease.account, account) || account.runId !== lease.account.runId) break;
    try {
      await accounts.move(account, { ...account, dueAt: lease.dueSince, runId: undefined });
      return { outcome: 'released' };
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      account = await accounts.read(lease.account.userId);
    }
  }
  return { outcome: 'superseded' };
}

/** Requests a token. An unexpected error is logged by its name and counts as `transient`, which marks no user. */
async function acquire(
  { userTokens, clock, logId }: App,
  operation: Operation,
  account: Account,
  forceRefresh: boolean,
): Promise<UserToken | { failure: Failure }> {
  const { userId, homeAccountId, generation } = account;
  try {
    const token = await userTokens.silent(operation, { userId, homeAccountId, generation, forceRefresh });
    // The new refresh token was not saved, so retry soon with the old one.
    return token.stored ? token : { failure: { kind: 'transient', code: 'token_cache_not_written' } };
  } catch (error) {
    if (error instanceof UserTokenError) {
      return { failure: confirmFailure(error.failure, account, clock.now()) };
    }
    operation.log({ event: 'user.failed-unexpectedly', user: logId(userId), error: nameOfError(error) });
    return { failure: { kind: 'transient', code: 'unexpected' } };
  }
}

async function settleToken(
  { accounts, clock, schedule }: App,
  { signal }: Operation,
  account: Account,
  token: UserToken,
  reason: string,
): Promise<Check> {
  const now = clock.now();
  const outcome = token.source === 'network' ? 'refreshed' : 'from-cache';
  const settled = {
    ...account,
    state: 'active' as const,
    homeAccountId: token.homeAccountId,
    runId: undefined,
    failure: undefined,
    attempts: 0,
    lastRefreshed: token.source === 'network' ? now : account.lastRefreshed,
    expiresOn: token.expiresOn,
    refreshTokenExpiresOn: refreshTokenEndsAt(token, account.refreshTokenExpiresOn, now),
    history: [...account.history, { at: now, outcome } satisfies HistoryEntry],
  };
  const dueAt = nextCheckAfterSuccess(settled, now, schedule, clock.random());
  const moved = await accounts.move(account, { ...settled, dueAt }, signal);
  return { outcome, reason, got: { token, account: moved } };
}

async function settleFailure(
  app: App,
  { signal }: Operation,
  account: Account,
  failure: Failure,
  dueSince: Date,
): Promise<Check> {
  const { accounts, clock, schedule } = app;
  const { kind, code } = failure;
  const now = clock.now();
  // The run is ending, so the failure says nothing about the account.
  if (signal?.aborted) return release(app, { account, dueSince });
  if (kind === 'misconfigured') {
    // Operators must correct it, so nothing is recorded for the account.
    if (code !== UNKNOWN_KEY && !failure.unsure)
      return { ...(await release(app, { account, dueSince })), failure };
    // It may concern only this account or tenant. The next check is postponed, or every run would meet it first and stop.
    const attempts = account.attempts + 1;
    const dueAt = nextCheckAfterFailure({ ...account, attempts }, kind, now, schedule, clock.random());
    await accounts.move(account, { ...account, attempts, dueAt, runId: undefined }, signal);
    return { outcome: 'released', failure };
  }
  // Nothing was ever stored for this account, so there is no cache that could have been lost.
  if (kind === 'cache-lost' && account.state === 'pending') {
    const dueAt = retireAt(account, schedule);
    await accounts.move(account, { ...account, dueAt, runId: undefined }, signal);
    return { outcome: 'waiting', reason: 'never-exchanged' };
  }
  const failed = withFailure(account, failure, now);
  const settled =
    kind === 'needs-user' || kind === 'consent' || kind === 'cache-lost'
      ? markNeedsUser(account, failure, now, schedule)
      : {
          ...failed,
          dueAt: nextCheckAfterFailure(
            failed,
            kind,
            now,
            schedule,
            clock.random(),
            failure.retryAfterSeconds,
          ),
        };
  await accounts.move(account, settled, signal);
  return { outcome: 'failed', failure };
}

/** Writes the tombstone first. An operation that stores a cache now meets the tombstone and deletes that cache. */
async function retire(app: App, { signal }: Operation, account: Account): Promise<Check> {
  const { userId } = account;
  await app.accounts.move(account, tombstoneOf(userId, 'retired', app.clock.now()), signal);
  await removeCache(app, userId, signal);
  return { outcome: 'retired', reason: 'retention' };
}
