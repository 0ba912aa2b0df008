import {
  type Account,
  type AlikeChecks,
  type Damaged,
  failureOf,
  type HistoryEntry,
  isConnected,
  type Stored,
  tokensOf,
} from '../account/account.ts';
import { changeAccount } from '../account/changeAccount.ts';
import { checksOf } from '../account/checks.ts';
import { connectAccount } from '../account/connectAccount.ts';
import { endAccount } from '../account/endAccount.ts';
import { gainsByLink, type Keeping, keepingOf, linkedUntil } from '../account/keeping.ts';
import { nowByStore } from '../account/nowByStore.ts';
import { pausedUntil, pauseFault } from '../account/pause.ts';
import { openMemory, type Told, toldIn } from '../account/taskMemory.ts';
import { paused, resumed } from '../account/transitions.ts';
import type { Api } from '../api.ts';
import { NotConnectedError, RequestMalformedError, UnavailableError } from '../errors.ts';
import type { Caller, Grant, Operation, Permissions, ScheduleSettings } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Connection, ConnectionChecks, ConnectionEvent } from '../wire.ts';
import { readWish } from './readWish.ts';
import { storedPermissions } from './storedPermissions.ts';
import { type LinkTask, tasksToTurnOn } from './tasksToTurnOn.ts';
import { unavailableIfBusy } from './unavailableIfBusy.ts';

/** The tasks of this deployment, by name: what users call each of them, and which ones they turn on by a link. */
export type TasksByName = ReadonlyMap<string, LinkTask>;

/**
 * Reads the caller's own connection. It is not a visit: a page that shows the connection must not delay the worker.
 *
 * All three functions of this file throw what verification throws, and {@link UnavailableError} if the accounts cannot be
 * reached. The two that change the connection also throw {@link TooManyRequestsError}.
 */
export async function getConnection(
  app: App,
  operation: Operation,
  accessToken: string,
  tasks: TasksByName,
): Promise<{ connection: Connection; user: string }> {
  const { caller, user } = await callerOf(app, accessToken);
  const account = await app.accounts.read(caller.userId);
  return { connection: await answer(app, operation, account, tasks), user };
}

/**
 * Connects a caller who is not connected. For every caller it also clears what this process remembers, so their next
 * profile request exchanges their access token again: the reason of an earlier refusal may have gone.
 */
export async function connect(
  app: App,
  operation: Operation,
  accessToken: string,
  tasks: TasksByName,
): Promise<{ connection: Connection; user: string }> {
  const { caller, user } = await callerOf(app, accessToken);
  app.limits.changes.take(caller.userId);
  return { connection: await connectCaller(app, operation, caller, tasks), user };
}

/**
 * Does what a caller asks for (`readWish.ts`): connects them, as {@link connect} does, or changes the pause of their tasks.
 * A pause connects nobody, because a page that does not know of a disconnection yet would then undo it.
 * @param read reads the JSON that the caller sent. It is called once it is known who they are.
 * @throws {RequestMalformedError} they ask for something else, or for a pause that is over or too long.
 * @throws {NotConnectedError} they are not connected, so there is nothing to pause.
 */
export async function changeConnection(
  app: App,
  operation: Operation,
  accessToken: string,
  tasks: TasksByName,
  read: () => Promise<unknown>,
): Promise<{ connection: Connection; user: string }> {
  const { caller, user } = await callerOf(app, accessToken);
  app.limits.changes.take(caller.userId);
  const asked = readWish(await read());
  switch (asked.wish) {
    case 'connect':
      return { connection: await connectCaller(app, operation, caller, tasks), user };
    case 'pause':
      return {
        connection: await answer(app, operation, await pause(app, caller, asked.until), tasks),
        user,
      };
    default:
      return asked satisfies never;
  }
}

async function connectCaller(
  app: App,
  operation: Operation,
  caller: Caller,
  tasks: TasksByName,
): Promise<Connection> {
  const { log } = operation;
  const user = app.logId(caller.userId);
  const { account, was } = await unavailableIfBusy(() => connectAccount(app, caller, { reconnect: true }));
  if (was !== 'unchanged') {
    log({ event: was === 'unknown' ? 'account.seen-first' : 'account.reconnected', user });
  }
  // The remembered exchange may come from the time of the disconnection, and the remembered refusal may have passed.
  app.memo.forget(caller.userId);
  return answer(app, operation, account, tasks);
}

/** @param until null to end the pause */
async function pause(app: App, { userId }: Caller, until: Date | null): Promise<Stored<Account>> {
  const fault = until === null ? undefined : pauseFault(until, nowByStore(app));
  if (fault !== undefined) throw new RequestMalformedError(fault);
  const { account } = await unavailableIfBusy(() =>
    changeAccount(app, userId, (now) => {
      if (now === undefined || !isConnected(now)) return 'keep';
      if (now.tasksPausedUntil?.getTime() === until?.getTime()) return 'keep';
      return until === null ? resumed(now) : paused(now, until);
    }),
  );
  if (account !== undefined && isConnected(account)) return account;
  throw new NotConnectedError('You are not connected, so there is nothing to pause. Connect first.');
}

/** Erases what Stead keeps of the caller. Nothing is kept until they connect again. */
export async function disconnect(
  app: App,
  { log }: Operation,
  accessToken: string,
): Promise<{ user: string }> {
  const { caller, user } = await callerOf(app, accessToken);
  app.limits.changes.take(caller.userId);
  // It is logged before the cache is deleted, which may fail: the log must have every end that is stored.
  const onEnded = () => log({ event: 'account.ended', user, as: 'disconnected' });
  // If nothing is kept of anybody who does not ask for it, there is no wish to remember of a user without an account.
  const evenUnknown = app.connectWhen === 'visit';
  await unavailableIfBusy(() => endAccount(app, caller.userId, 'disconnected', { evenUnknown, onEnded }));
  app.memo.forget(caller.userId);
  return { user };
}

async function callerOf(
  { memo, verifyAccessToken, logId }: App,
  accessToken: string,
): Promise<{ caller: Caller; user: string }> {
  const caller = await memo.verified(accessToken, () => verifyAccessToken(accessToken));
  return { caller, user: logId(caller.userId) };
}

async function answer(
  app: App,
  operation: Operation,
  account: Account | Damaged | undefined,
  tasks: TasksByName,
): Promise<Connection> {
  const [told, permissions] =
    account && isConnected(account)
      ? await Promise.all([
          openMemory(app, operation.log, account).then(({ told }) => toldIn(checksOf(account), told)),
          storedPermissions(app, operation, account),
        ])
      : [[], undefined];
  const notConnected = app.connectWhen === 'ask' ? 'not-connected' : 'none';
  const { schedule } = app;
  const linked = app.link === undefined ? undefined : app.graph;
  return toConnection(account, {
    now: nowByStore(app),
    schedule,
    byName: tasks,
    told,
    permissions,
    notConnected,
    linked,
  });
}

/** What an answer needs beside the account. */
type Beside = {
  now: Date;
  schedule: ScheduleSettings;
  /** The API whose permissions a link asks for; undefined if users cannot link. */
  linked: Api | undefined;
  byName: TasksByName;
  told: readonly Told[];
  permissions: Permissions | undefined;
  /** The state of a user for whom nothing is kept. */
  notConnected: 'none' | 'not-connected';
};

function toConnection(account: Account | Damaged | undefined, beside: Beside): Connection {
  switch (account?.state) {
    case undefined:
    case 'retired':
      return { state: beside.notConnected, history: [] };
    case 'damaged':
      return { state: DAMAGED_STATES[account.was] ?? beside.notConnected, history: [] };
    case 'disconnected':
      return { state: 'disconnected', lastActivity: account.since.toISOString(), history: [] };
    case 'pending':
    case 'active':
    case 'needs-user': {
      const { state, lastActivity, history } = account;
      const { lastRefreshed, expiresOn } = tokensOf(account);
      const failure = failureOf(account);
      const pause = pausedUntil(account, beside.now);
      const keeping = keepingOf(account, beside.now, beside.schedule);
      // It keeps the connection for longer, or brings the consent without which there is no token.
      const wantsLink =
        gainsByLink(account, beside.now, beside.schedule) ||
        state === 'pending' ||
        failure?.kind === 'consent';
      const turnedOn = beside.linked ? tasksToTurnOn(beside.linked, beside.byName, beside.permissions) : [];
      const isWaiting = state !== 'needs-user' && account.lease === undefined;
      return {
        state,
        lastActivity: lastActivity.toISOString(),
        ...(lastRefreshed && { lastRefreshed: lastRefreshed.toISOString() }),
        ...(expiresOn && { expiresOn: expiresOn.toISOString() }),
        ...toGoesOn(keeping),
        ...(beside.linked &&
          wantsLink && {
            canLink: true as const,
            linkUntil: linkedUntil(beside.now, beside.schedule).toISOString(),
          }),
        ...(isWaiting && { nextCheckAt: later(account.nextCheckAt, beside.now).toISOString() }),
        ...(beside.permissions && { permissions: beside.permissions }),
        ...(turnedOn.length > 0 && { tasks: turnedOn }),
        ...(pause && { tasksPausedUntil: pause.toISOString() }),
        ...(failure && { failure: { kind: failure.kind, code: failure.code, at: failure.at.toISOString() } }),
        history: history.map(toEvent),
        checks: checksOf(account).map((checks) => toChecks(checks, beside)),
      };
    }
    default:
      return account satisfies never;
  }
}

function toGoesOn(keeping: Keeping | undefined): Pick<Connection, 'staysConnected' | 'endsAt'> {
  if (keeping?.endsAt === undefined) return {};
  const { by, endsAt, isEstimate } = keeping;
  const until = endsAt.toISOString();
  return by === 'link' ? { staysConnected: { until, ...(isEstimate && { isEstimate }) } } : { endsAt: until };
}

/** The next visit makes a damaged connection anew. */
const DAMAGED_STATES = { connected: 'none', disconnected: 'disconnected', retired: undefined } as const;

/** An overdue check comes with the next run, so its time is now. */
const later = (one: Date, other: Date): Date => (one > other ? one : other);

const KEPT_BY = { code: 'link', exchange: 'sign-in' } as const satisfies Record<Grant, Keeping['by']>;
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

function toChecks(
  { first, last, times, outcome, kind, code, grant, grantEndsAt, tasks }: AlikeChecks,
  { byName, told }: Beside,
): ConnectionChecks {
  return {
    first: first.toISOString(),
    last: last.toISOString(),
    times,
    outcome,
    ...(outcome !== 'failed' && { source: SOURCES[outcome] }),
    ...(kind && { kind }),
    ...(code && { code }),
    ...(grant && { keptBy: KEPT_BY[grant] }),
    ...(grantEndsAt && { endsAt: grantEndsAt.toISOString() }),
    tasks: tasks.map((one) => {
      const { task } = one;
      const title = byName.get(task)?.title;
      const said = told.find(({ at, task: of }) => of === task && at.getTime() === first.getTime());
      return {
        task,
        ...(title !== undefined && { title }),
        outcome: one.outcome,
        ...(one.kind && { kind: one.kind }),
        ...(one.code && { code: one.code }),
        last: one.last.toISOString(),
        times: one.times,
        ...(said?.count !== undefined && { count: said.count }),
        ...(said?.summary !== undefined && { summary: said.summary }),
      };
    }),
  };
}
