import { connectAccount } from '../account/connectAccount.ts';
import { endAccount } from '../account/endAccount.ts';
import type { ScheduleSettings } from '../account/schedule.ts';
import { ConflictError, UnavailableError } from '../errors.ts';
import type { Log } from '../log.ts';
import type {
  Account,
  AccountStore,
  Caller,
  HistoryEntry,
  TokenCacheStore,
  VerifyAccessToken,
} from '../ports.ts';
import type { AssertionMemo } from '../tokens/assertionMemo.ts';
import type { RequestLimits } from '../tokens/requestLimits.ts';
import type { LogId } from '../userId.ts';
import type { Connection, ConnectionEvent } from '../wire.ts';

export type ConnectionDeps = {
  verifyAccessToken: VerifyAccessToken;
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  schedule: ScheduleSettings;
  memo: AssertionMemo;
  limits: RequestLimits;
  logId: LogId;
  log: Log;
  now: () => Date;
};

/**
 * The caller's own background connection. Asking is no activity: a page that shows it must not keep the worker away.
 * All three throw what verification throws, and {@link UnavailableError} when the rows cannot be reached; the two that
 * change it also {@link TooManyRequestsError}.
 */
export async function getConnection(
  deps: ConnectionDeps,
  bearerToken: string,
): Promise<{ connection: Connection; user: string }> {
  const { caller, user } = await callerOf(deps, bearerToken);
  return { connection: toConnection(await deps.accounts.read(caller.userId)), user };
}

/**
 * Ends a disconnection. The caller's next profile request exchanges their token anew, and stores what comes of it; so it
 * does for everybody who asks for it, since what they were refused for may have been mended.
 */
export async function connect(
  deps: ConnectionDeps,
  bearerToken: string,
): Promise<{ connection: Connection; user: string }> {
  const { caller, user } = await callerOf(deps, bearerToken);
  deps.limits.changes.take(caller.userId);
  const { account, was } = await settled(() => connectAccount(deps, caller, { reconnect: true }));
  if (was !== 'unchanged') {
    deps.log({ event: was === 'unknown' ? 'account.seen-first' : 'account.reconnected', user });
  }
  // What is remembered may have been exchanged when nothing was to be kept, or before a refusal that is now mended.
  deps.memo.forget(caller.userId);
  return { connection: toConnection(account), user };
}

/** Erases what is kept of the caller, and keeps nothing until they connect again. */
export async function disconnect(deps: ConnectionDeps, bearerToken: string): Promise<{ user: string }> {
  const { caller, user } = await callerOf(deps, bearerToken);
  deps.limits.changes.take(caller.userId);
  const ended = await settled(() => endAccount(deps, caller.userId, 'disconnected'));
  deps.memo.forget(caller.userId);
  if (ended) deps.log({ event: 'account.ended', user, as: 'disconnected' });
  return { user };
}

async function callerOf(
  { memo, verifyAccessToken, logId }: ConnectionDeps,
  bearerToken: string,
): Promise<{ caller: Caller; user: string }> {
  const caller = await memo.verified(bearerToken, () => verifyAccessToken(bearerToken));
  return { caller, user: logId(caller.userId) };
}

/** A row that changes on every try is busy, which is not the caller's fault: they may ask again. */
async function settled<T>(change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } catch (error) {
    if (error instanceof ConflictError) throw new UnavailableError('accounts', { cause: error });
    throw error;
  }
}

function toConnection(account: Account | undefined): Connection {
  if (account === undefined || account.state === 'retired') return { state: 'none', history: [] };
  const { state, lastActivity, lastRefreshed, expiresOn, dueAt, runId, failure, history } = account;
  if (state === 'disconnected') return { state, lastActivity: lastActivity.toISOString(), history: [] };
  return {
    state,
    lastActivity: lastActivity.toISOString(),
    ...(lastRefreshed && { lastRefreshed: lastRefreshed.toISOString() }),
    ...(expiresOn && { expiresOn: expiresOn.toISOString() }),
    // For one who is waited for it is no more than the end of retention, for one who is claimed that of the lease.
    ...(state !== 'needs-user' && runId === undefined && { nextLook: dueAt.toISOString() }),
    ...(failure && { failure: { kind: failure.kind, code: failure.code, at: failure.at.toISOString() } }),
    history: history.map(toEvent),
  };
}

const SOURCES = { refreshed: 'network', 'from-cache': 'cache' } as const;

function toEvent({ at, outcome, kind, code, task }: HistoryEntry): ConnectionEvent {
  return {
    at: at.toISOString(),
    outcome,
    ...((outcome === 'refreshed' || outcome === 'from-cache') && { source: SOURCES[outcome] }),
    ...(kind && { kind }),
    ...(code && { code }),
    ...(task && { task }),
  };
}
