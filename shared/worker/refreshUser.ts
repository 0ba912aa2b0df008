import { changeAccount } from '../account/changeAccount.ts';
import { confirmFailure } from '../account/confirmFailure.ts';
import { removeCache, takeBack } from '../account/endAccount.ts';
import { decideCheck, retireAt } from '../account/schedule.ts';
import {
  failed,
  isSameConnection,
  postponed,
  refreshed,
  tombstoneOf,
  waitingUntil,
} from '../account/transitions.ts';
import { ConflictError, type Failure, UserTokenError } from '../errors.ts';
import { nameOfError, type UserOutcome } from '../log.ts';
import type { Account, AccountFields, Operation, UserToken } from '../ports.ts';
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

/** How many times a check decides, if the account changes in the meantime. */
const DECISIONS = 5;
/** The reason of a check that would have ended an account, if this machine's clock were right. */
export const CLOCK_DIFFERS = 'clock-differs';
const MAX_CLOCK_DIFFERENCE_MS = 300_000;
/** The only `misconfigured` code that may concern a single cache. */
export const UNKNOWN_KEY = 'cache_unknown_key';

/**
 * Runs one check of a leased account, from the decision to the settled account. If the account changes in the meantime
 * (the user came back), the check decides again.
 * @throws {UnavailableError} a store cannot be reached. The lease then ends by itself.
 */
export async function refreshUser(app: App, operation: Operation, lease: Lease): Promise<Check> {
  let held = lease;
  try {
    for (let decision = 0; decision < DECISIONS; decision += 1) {
      const result = await decideAndAct(app, operation, held);
      if ('outcome' in result) return result;
      if (!isHeld(lease, result.changed)) return { outcome: 'superseded' };
      held = { ...lease, account: result.changed };
    }
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
  return { outcome: 'superseded', reason: 'too-many-conflicts' };
}

/** With a wrong clock every account looks old, so nothing is retired or erased by it. */
const clockDiffers = ({ accounts }: App): boolean =>
  Math.abs(accounts.clockAheadMs?.() ?? 0) > MAX_CLOCK_DIFFERENCE_MS;

/** True as long as the run has the lease, on the same connection. */
const isHeld = ({ account }: Lease, now: Account | undefined): now is Account =>
  isSameConnection(account, now) && now.runId === account.runId;

/** The account as another operation wrote it before the check could settle it; undefined if it no longer exists. */
type Changed = { changed: Account | undefined };

async function decideAndAct(app: App, operation: Operation, lease: Lease): Promise<Check | Changed> {
  const { account } = lease;
  const { signal } = operation;
  const decision = decideCheck(account, app.clock.now(), app.schedule, lease.cooldownUntil);
  switch (decision.action) {
    case 'wait':
    case 'remove-cache':
      if (decision.action === 'remove-cache') await removeCache(app, account.userId, signal);
      return settle(app, operation, account, waitingUntil(account, decision.until), {
        outcome: 'waiting',
        reason: decision.reason,
      });
    case 'retire':
    case 'erase': {
      if (clockDiffers(app)) return { ...(await release(app, lease)), reason: CLOCK_DIFFERS };
      const end = decision.action === 'retire' ? retire : erase;
      return end(app, operation, account, decision.reason);
    }
    case 'refresh': {
      const acquired = await acquire(app, operation, account, decision.forceRefresh);
      return 'failure' in acquired
        ? settleFailure(app, operation, lease, acquired.failure)
        : settleToken(app, operation, lease, acquired, decision.reason);
    }
    default:
      return decision satisfies never;
  }
}

/** Writes `to`, unless the account is no longer what the check decided on. */
async function settle(
  app: App,
  { signal }: Operation,
  account: Account,
  to: AccountFields,
  check: Check,
): Promise<Check | Changed> {
  const change = await changeAccount(
    app,
    account.userId,
    (now) => (now?.etag === account.etag ? to : 'keep'),
    { known: account, signal },
  );
  return change.changed ? check : { changed: change.account };
}

/** Settles the account with the token, whatever a request wrote in the meantime, if the run still has the lease. */
async function settleToken(
  app: App,
  { signal }: Operation,
  lease: Lease,
  token: UserToken,
  reason: string,
): Promise<Check> {
  const { clock, schedule } = app;
  const { userId } = lease.account;
  const [now, random] = [clock.now(), clock.random()];
  const { before, account, changed } = await changeAccount(
    app,
    userId,
    (current) => {
      if (!isHeld(lease, current)) return 'keep';
      // A request that wrote the account in the meantime has the newer home account id.
      const isFirst = current.etag === lease.account.etag;
      const homeAccountId = isFirst ? token.homeAccountId : (current.homeAccountId ?? token.homeAccountId);
      return refreshed(current, { ...token, homeAccountId }, now, schedule, random);
    },
    { known: lease.account, signal },
  );
  if (changed && account !== undefined) {
    const outcome = token.source === 'network' ? 'refreshed' : 'from-cache';
    const isFirst = before?.etag === lease.account.etag;
    return { outcome, reason: isFirst ? reason : 'settled-again', got: { token, account } };
  }
  // If the account ended while the token was requested, the cache that the check stored must not stay.
  if (token.written !== undefined && !isSameConnection(lease.account, account)) {
    await takeBack(app, userId, token.written, signal);
  }
  return { outcome: 'superseded' };
}

async function settleFailure(
  app: App,
  operation: Operation,
  lease: Lease,
  failure: Failure,
): Promise<Check | Changed> {
  const { clock, schedule } = app;
  const { account } = lease;
  const { kind, code, unsure } = failure;
  const [now, random] = [clock.now(), clock.random()];
  // The run is ending, so the failure says nothing about the account.
  if (operation.signal?.aborted) return release(app, lease);
  if (kind === 'misconfigured') {
    // Operators must correct it, so nothing is recorded for the account.
    if (code !== UNKNOWN_KEY && !unsure) return { ...(await release(app, lease)), failure };
    // It may concern only this account or tenant. The next check is postponed, or every run would meet it first.
    const to = postponed(account, kind, now, schedule, random);
    return settle(app, operation, account, to, { outcome: 'released', failure });
  }
  // Nothing was ever stored for this account, so there is no cache that could have been lost.
  if (kind === 'cache-lost' && account.state === 'pending') {
    const to = waitingUntil(account, retireAt(account, schedule));
    return settle(app, operation, account, to, { outcome: 'waiting', reason: 'never-exchanged' });
  }
  const to = failed(account, failure, now, schedule, random);
  return settle(app, operation, account, to, { outcome: 'failed', failure });
}

/** Writes the tombstone first. An operation that stores a cache now meets the tombstone and deletes that cache. */
async function retire(
  app: App,
  operation: Operation,
  account: Account,
  reason: string,
): Promise<Check | Changed> {
  const { userId } = account;
  const to = tombstoneOf(userId, 'retired', app.clock.now());
  const result = await settle(app, operation, account, to, { outcome: 'retired', reason });
  if ('outcome' in result) await removeCache(app, userId, operation.signal);
  return result;
}

/** Deletes the cache first, so that no cache is left without an account. */
async function erase(
  app: App,
  { signal }: Operation,
  account: Account,
  reason: string,
): Promise<Check | Changed> {
  const { userId } = account;
  await removeCache(app, userId, signal);
  try {
    await app.accounts.erase(account, signal);
    return { outcome: 'erased', reason };
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return { changed: await app.accounts.read(userId, signal) };
  }
}

/**
 * Gives a lease back: the account is due as before, unless another run has the lease by now. The run's signal does not
 * stop this, because a run that ends must give its leases back.
 */
export async function release(app: App, lease: Lease): Promise<Check> {
  try {
    const { changed } = await changeAccount(
      app,
      lease.account.userId,
      (now) => (isHeld(lease, now) ? waitingUntil(now, lease.dueSince) : 'keep'),
      { known: lease.account },
    );
    return { outcome: changed ? 'released' : 'superseded' };
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return { outcome: 'superseded' };
  }
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
