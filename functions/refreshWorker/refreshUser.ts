import { ConflictError, type Failure, UserTokenError } from '../../shared/errors.ts';
import { type Log, nameOfError, type UserOutcome } from '../../shared/log.ts';
import type {
  Account,
  AccountFields,
  AccountStore,
  HistoryEntry,
  TokenCacheStore,
  UserToken,
  UserTokens,
} from '../../shared/ports.ts';
import {
  decideLook,
  isTombstone,
  nextLookAfterFailure,
  nextLookAfterSuccess,
  refreshTokenEndsAt,
  retireAt,
  type ScheduleSettings,
  tombstoneEndsAt,
} from '../../shared/rules/schedule.ts';
import type { LogId } from '../../shared/userId.ts';

export type RefreshUserDeps = {
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  userTokens: UserTokens;
  schedule: ScheduleSettings;
  logId: LogId;
  log: Log;
  now: () => Date;
  /** Uniform in [0, 1). */
  random: () => number;
};

export type Turn = {
  outcome: UserOutcome;
  source?: UserToken['source'];
  failure?: Pick<Failure, 'kind' | 'code'>;
  reason?: string;
  oldKey?: boolean;
};

const SETTLE_TRIES = 5;

/**
 * One claimed user's turn, from decision to settle. If the row changes under it (the user came back), it is read
 * again and decided again.
 * @param stoodAt where the user stood in time before the claim
 * @throws {UnavailableError} a store cannot be reached; the lease then ends by itself.
 */
export async function refreshUser(
  deps: RefreshUserDeps,
  claimed: Account,
  stoodAt: Date,
  signal: AbortSignal,
): Promise<Turn> {
  const { accounts } = deps;
  let account: Account | undefined = claimed;
  let token: UserToken | undefined;
  for (let attempt = 0; attempt < SETTLE_TRIES; attempt += 1) {
    const gone = account === undefined || (isTombstone(account.state) && !isTombstone(claimed.state));
    if (account === undefined || gone || account.runId !== claimed.runId) {
      // Disconnected or erased while the token was under way: what was stored must not outlive that.
      if (gone && token !== undefined) await deps.tokenCache.remove(claimed.userId, signal);
      return { outcome: 'superseded' };
    }
    try {
      if (token !== undefined) return await settleToken(deps, account, token, 'settled-again', signal);
      const look = decideLook(account, deps.now(), deps.schedule);
      switch (look.action) {
        case 'wait':
          await accounts.move(account, { ...account, dueAt: look.until, runId: undefined }, signal);
          return { outcome: 'waiting', reason: look.reason };
        case 'retire':
          return await retire(deps, account, signal);
        case 'erase':
          await deps.tokenCache.remove(account.userId, signal);
          await accounts.erase(account, signal);
          return { outcome: 'erased', reason: look.reason };
        case 'refresh': {
          const { forceRefresh } = look;
          const got = await acquire(deps, account, forceRefresh, signal);
          if ('failure' in got) return await settleFailure(deps, account, got.failure, stoodAt, signal);
          token = got;
          return await settleToken(deps, account, token, look.reason, signal);
        }
        default:
          return look satisfies never;
      }
    } catch (error) {
      if (!(error instanceof ConflictError)) throw error;
      account = await accounts.read(claimed.userId, signal);
    }
  }
  return { outcome: 'superseded', reason: 'too-many-conflicts' };
}

/** A failure that is not about the token at all counts as passing: it marks nobody, and it is told by name. */
async function acquire(
  deps: RefreshUserDeps,
  account: Account,
  forceRefresh: boolean,
  signal: AbortSignal,
): Promise<UserToken | { failure: Failure }> {
  const { userId, homeAccountId } = account;
  try {
    const token = await deps.userTokens.silent({ userId, homeAccountId, forceRefresh, signal });
    // The old refresh token is still the stored one: what it can be traded for must be had again, and soon.
    return token.stored ? token : { failure: { kind: 'transient', code: 'token_cache_not_written' } };
  } catch (error) {
    if (error instanceof UserTokenError) return { failure: error.failure };
    deps.log({ event: 'user.failed-unexpectedly', user: deps.logId(userId), error: nameOfError(error) });
    return { failure: { kind: 'transient', code: 'unexpected' } };
  }
}

async function settleToken(
  deps: RefreshUserDeps,
  account: Account,
  token: UserToken,
  reason: string,
  signal: AbortSignal,
): Promise<Turn> {
  const now = deps.now();
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
  const dueAt = nextLookAfterSuccess(settled, now, deps.schedule, deps.random());
  await deps.accounts.move(account, { ...settled, dueAt }, signal);
  return { outcome, source: token.source, reason, oldKey: token.oldKey };
}

async function settleFailure(
  deps: RefreshUserDeps,
  account: Account,
  failure: Failure,
  stoodAt: Date,
  signal: AbortSignal,
): Promise<Turn> {
  const { kind, code, suberror, claims, retryAfterSeconds } = failure;
  const now = deps.now();
  // Ours to mend, not the user's; or the run is ending: the user goes back to where they stood.
  if (kind === 'misconfigured' || signal.aborted) {
    await deps.accounts.move(account, { ...account, dueAt: stoodAt, runId: undefined });
    return { outcome: 'released', failure: { kind, code } };
  }
  // First seen, and nothing was ever stored: there is nothing to act with, and nothing to mend.
  if (kind === 'cache-lost' && account.state === 'pending') {
    const dueAt = retireAt(account, deps.schedule);
    await deps.accounts.move(account, { ...account, dueAt, runId: undefined }, signal);
    return { outcome: 'waiting', reason: 'never-exchanged' };
  }
  const attempts = account.attempts + 1;
  const failed: AccountFields = {
    ...account,
    runId: undefined,
    attempts,
    failure: {
      kind,
      code,
      at: now,
      ...(suberror === undefined ? {} : { suberror }),
      ...(claims === undefined ? {} : { claims }),
    },
    history: [...account.history, { at: now, outcome: 'failed' as const, kind, code }],
  };
  const settled: AccountFields =
    kind === 'needs-user' || kind === 'cache-lost'
      ? { ...failed, state: 'needs-user', dueAt: retireAt(account, deps.schedule) }
      : {
          ...failed,
          dueAt: nextLookAfterFailure(failed, kind, now, deps.schedule, deps.random(), retryAfterSeconds),
        };
  await deps.accounts.move(account, settled, signal);
  return { outcome: 'failed', failure: { kind, code } };
}

/** The tombstone first: whoever is writing a cache right now then sees it, and deletes what it wrote. */
async function retire(deps: RefreshUserDeps, account: Account, signal: AbortSignal): Promise<Turn> {
  const dueAt = tombstoneEndsAt(deps.now());
  await deps.accounts.move(account, { ...account, state: 'retired', dueAt, runId: undefined }, signal);
  await deps.tokenCache.remove(account.userId, signal);
  return { outcome: 'retired', reason: 'retention' };
}
