import { connectAccount } from '../account/connectAccount.ts';
import { endAccount } from '../account/endAccount.ts';
import { ConflictError, UnavailableError } from '../errors.ts';
import type { Account, Caller, HistoryEntry, Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Connection, ConnectionEvent } from '../wire.ts';

/**
 * The caller's own background connection. Asking is no activity: a page that shows it must not keep the worker away.
 * All three throw what verification throws, and {@link UnavailableError} when the rows cannot be reached; the two that
 * change it also {@link TooManyRequestsError}.
 */
export async function getConnection(
  app: App,
  accessToken: string,
): Promise<{ connection: Connection; user: string }> {
  const { caller, user } = await callerOf(app, accessToken);
  return { connection: toConnection(await app.accounts.read(caller.userId)), user };
}

/**
 * Ends a disconnection. The caller's next profile request exchanges their token anew, and stores what comes of it; so it
 * does for everybody who asks for it, since what they were refused for may have been mended.
 */
export async function connect(
  app: App,
  { log }: Operation,
  accessToken: string,
): Promise<{ connection: Connection; user: string }> {
  const { caller, user } = await callerOf(app, accessToken);
  app.limits.changes.take(caller.userId);
  const { account, was } = await settled(() => connectAccount(app, caller, { reconnect: true }));
  if (was !== 'unchanged') {
    log({ event: was === 'unknown' ? 'account.seen-first' : 'account.reconnected', user });
  }
  // What is remembered may have been exchanged when nothing was to be kept, or before a refusal that is now mended.
  app.memo.forget(caller.userId);
  return { connection: toConnection(account), user };
}

/** Erases what is kept of the caller, and keeps nothing until they connect again. */
export async function disconnect(
  app: App,
  { log }: Operation,
  accessToken: string,
): Promise<{ user: string }> {
  const { caller, user } = await callerOf(app, accessToken);
  app.limits.changes.take(caller.userId);
  const ended = await settled(() => endAccount(app, caller.userId, 'disconnected'));
  app.memo.forget(caller.userId);
  if (ended) log({ event: 'account.ended', user, as: 'disconnected' });
  return { user };
}

async function callerOf(
  { memo, verifyAccessToken, logId }: App,
  accessToken: string,
): Promise<{ caller: Caller; user: string }> {
  const caller = await memo.verified(accessToken, () => verifyAccessToken(accessToken));
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
    ...(state !== 'needs-user' && runId === undefined && { nextCheckAt: dueAt.toISOString() }),
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
