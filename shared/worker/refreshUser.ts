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

/** A user who was claimed, and what the run knows that the row does not. */
export type Lease = {
  account: Account;
  /** Where the user stood in time before. */
  dueSince: Date;
  /** When their tenant is left in peace: no token is asked for before. */
  notBefore?: Date | undefined;
};

export type Check = {
  outcome: UserOutcome;
  reason?: string;
  failure?: Failure;
  /** What was had for the user, and the row as it was settled with it. */
  got?: { token: UserToken; account: Account };
};

const SETTLE_TRIES = 5;
/** The code of the one fault of ours that is about single caches. */
export const UNKNOWN_KEY = 'cache_unknown_key';

/**
 * One claimed user's turn, from decision to settle. If the row changes under it (the user came back), it is read
 * again and decided again.
 * @throws {UnavailableError} a store cannot be reached; the lease then ends by itself.
 */
export async function refreshUser(app: App, operation: Operation, lease: Lease): Promise<Check> {
  const { accounts, clock, schedule } = app;
  const { signal } = operation;
  const { userId, runId } = lease.account;
  let account: Account | undefined = lease.account;
  let token: UserToken | undefined;
  for (let attempt = 0; attempt < SETTLE_TRIES; attempt += 1) {
    if (!isSameConnection(lease.account, account)) {
      // Signed off while the token was under way: what was stored must not outlive that.
      if (token?.written !== undefined) await takeBack(app, userId, token.written, signal);
      return { outcome: 'superseded' };
    }
    if (account.runId !== runId) return { outcome: 'superseded' };
    try {
      if (token !== undefined) {
        // Whoever wrote the row meanwhile knows better which home account it is of.
        const known = { ...token, homeAccountId: account.homeAccountId ?? token.homeAccountId };
        return await settleToken(app, operation, account, known, 'settled-again');
      }
      const decision = decideCheck(account, clock.now(), schedule, lease.notBefore);
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
          const got = await acquire(app, operation, account, decision.forceRefresh);
          if ('failure' in got)
            return await settleFailure(app, operation, account, got.failure, lease.dueSince);
          token = got;
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
 * Puts a claimed user back to where they stood, unless somebody else has them by now. Not ended by the run's signal:
 * it is what an ending run does.
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

/** A failure that is not about the token at all counts as passing: it marks nobody, and it is told by name. */
async function acquire(
  { userTokens, clock, logId }: App,
  operation: Operation,
  account: Account,
  forceRefresh: boolean,
): Promise<UserToken | { failure: Failure }> {
  const { userId, homeAccountId, generation } = account;
  try {
    const token = await userTokens.silent(operation, { userId, homeAccountId, generation, forceRefresh });
    // The old refresh token is still the stored one: what it can be traded for must be had again, and soon.
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
  // The run is ending, which is nobody's failure.
  if (signal?.aborted) return release(app, { account, dueSince });
  if (kind === 'misconfigured') {
    // Ours to mend: nothing is written down against the user.
    if (code !== UNKNOWN_KEY && !failure.unsure)
      return { ...(await release(app, { account, dueSince })), failure };
    // What may concern this user or tenant alone is put off all the same, or every run would meet it first.
    const attempts = account.attempts + 1;
    const dueAt = nextCheckAfterFailure({ ...account, attempts }, kind, now, schedule, clock.random());
    await accounts.move(account, { ...account, attempts, dueAt, runId: undefined }, signal);
    return { outcome: 'released', failure };
  }
  // First seen, and nothing was ever stored: there is nothing to act with, and nothing to mend.
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

/** The tombstone first: whoever is writing a cache right now then sees it, and takes back what it wrote. */
async function retire(app: App, { signal }: Operation, account: Account): Promise<Check> {
  const { userId } = account;
  await app.accounts.move(account, tombstoneOf(userId, 'retired', app.clock.now()), signal);
  await removeCache(app, userId, signal);
  return { outcome: 'retired', reason: 'retention' };
}
