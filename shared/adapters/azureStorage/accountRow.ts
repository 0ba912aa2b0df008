import {
  type Account,
  attemptsOf,
  type Connected,
  dueAt,
  failureOf,
  isTombstone,
  type Lease,
  type Notice,
  type NoticeKind,
  type PendingLink,
  type Stored,
  type StoredFailure,
  type Tombstone,
  type Trouble,
  tokensOf,
} from '../../account/account.ts';
import { isRecord } from '../../isRecord.ts';
import { partsOf, type UserId } from '../../userId.ts';
import { shardOf } from '../shards.ts';
import { wholeSecond } from '../wholeSecond.ts';
import { failureColumn, failureIn } from './accountFailureColumn.ts';
import { checksColumn, checksIn, historyColumn, historyIn } from './accountHistoryColumns.ts';
import { userRowKey } from './rowKeys.ts';
import { countOf, EARLIEST, isKeyOf, jsonIn, textOf, timeOf } from './tableColumns.ts';

type Column = string | number | boolean | Date;
export type AccountRow = Record<string, Column> & { partitionKey: string; rowKey: string };

const NOTICES: Record<NoticeKind, true> = { 'needs-user': true, expiring: true, recovered: true };

/**
 * The account as a row. An empty column is `''`, because a merge does not change a column that it gets no value for.
 * `failure`, `history`, `checks`, `pause`, `notice` and `link` are JSON. What does not fit is left out: the claims of the failure,
 * and the oldest entries of the history and of the checks.
 *
 * `dueAt` is the time of the account's entry in the index: the end of the lease or, without one, the next check. Only a
 * leased account has `nextCheckAt`, too.
 *
 * A tombstone has only its keys, the columns of its time and lease, `state` and `lastActivity`. It must replace the row,
 * not be merged into it, so that the other columns are deleted.
 */
export function toRow(account: Account): AccountRow {
  const { userId, state, lease, nextCheckAt } = account;
  const scheduled = { ...scheduleColumns(account), state };
  if (isTombstone(account)) {
    return {
      ...scheduled,
      ...(lease && { nextCheckAt: nextCheckColumn(nextCheckAt) }),
      lastActivity: account.since,
    };
  }
  const { tid, oid } = partsOf(userId);
  const { expiresOn, lastRefreshed, refreshTokenExpiresOn, grant, isEndTold } = tokensOf(account);
  const failure = failureOf(account);
  return {
    ...scheduled,
    nextCheckAt: lease ? nextCheckColumn(nextCheckAt) : '',
    lastActivity: account.lastActivity,
    generation: account.generation,
    connectedAt: account.connectedAt ?? '',
    accountCacheKey: userId,
    accountIdentifier: account.homeAccountId ?? '',
    accountObjectId: oid,
    accountTenantId: tid,
    userPrincipalName: account.userPrincipalName ?? '',
    failedToAcquireToken: state === 'needs-user',
    failure: failure === undefined ? '' : failureColumn(failure),
    attempts: attemptsOf(account),
    lastRefreshed: lastRefreshed ?? '',
    expiresOn: expiresOn ?? '',
    refreshTokenExpiresOn: refreshTokenExpiresOn ?? '',
    grant: grantColumn({ grant, isEndTold }, refreshTokenExpiresOn),
    history: historyColumn(account.history),
    checks: checksColumn(account),
    pause: pauseColumn(account),
    memory: account.memory ?? '',
    notice: noticeColumn(account),
    wokenAt: account.wokenAt ?? '',
    link: account.link === undefined ? '' : JSON.stringify(account.link),
  };
}

/** The columns that a lease changes. A merge of them leaves all others as they are. */
export const toLeaseRow = (account: Account): AccountRow => ({
  ...scheduleColumns(account),
  nextCheckAt: nextCheckColumn(account.nextCheckAt),
});

/**
 * An unreadable time was read as 1970, which cannot be read back. The account would then be due at the end of its lease once a run
 * has given it back, and not at once.
 */
const nextCheckColumn = (at: Date): Date => wholeSecond(at < EARLIEST ? EARLIEST : at);

const scheduleColumns = (account: Account) => ({
  partitionKey: shardOf(account.userId),
  rowKey: userRowKey(account.userId),
  dueAt: wholeSecond(dueAt(account)),
  runId: account.lease?.runId ?? '',
});

/** True if both are stored as the same row. */
export const isSameRow = (one: Account, other: Account): boolean =>
  JSON.stringify(toRow(one)) === JSON.stringify(toRow(other));

/**
 * Reads a row. It accepts a row that a person or a later version has changed, because such a row must not stop a sweep.
 * An unreadable time of the next check becomes 1970, and an unknown state `needs-user`. An account whose last activity is
 * unreadable is damaged. The worker retires an account by that time alone, so the time must not be guessed.
 */
export function fromRow(userId: UserId, row: Record<string, unknown>, etag: string): Stored {
  const { state } = row;
  const scheduled = { userId, ...scheduleIn(row), etag };
  const lastActivity = timeOf(row.lastActivity);
  if (lastActivity === undefined) {
    return { ...scheduled, state: 'damaged', was: isEnd(state) ? state : 'connected' };
  }
  if (isEnd(state)) return { ...scheduled, state, since: lastActivity };
  const connectedAt = timeOf(row.connectedAt);
  const homeAccountId = textOf(row.accountIdentifier);
  const userPrincipalName = textOf(row.userPrincipalName);
  const memory = textOf(row.memory);
  const link = linkIn(jsonIn(row.link));
  const generation = textOf(row.generation) ?? '';
  const checks = checksIn(row.checks, generation);
  const tasksPausedUntil = pauseIn(jsonIn(row.pause), generation);
  const notice = noticeIn(jsonIn(row.notice), generation);
  const wokenAt = timeOf(row.wokenAt);
  const connection = {
    ...scheduled,
    generation,
    ...(connectedAt && { connectedAt }),
    ...(homeAccountId !== undefined && { homeAccountId }),
    ...(userPrincipalName !== undefined && { userPrincipalName }),
    lastActivity,
    history: historyIn(row.history),
    ...(checks && { checks }),
    ...(tasksPausedUntil && { tasksPausedUntil }),
    ...(memory !== undefined && { memory }),
    ...(notice && { notice }),
    ...(wokenAt && { wokenAt }),
    ...(link && { link }),
  };
  const { expiresOn, ...refreshes } = tokensIn(row);
  const failure = failureIn(jsonIn(row.failure));
  if (state === 'pending' || state === 'active') {
    const trouble = troubleIn(row, failure);
    const waiting = { ...connection, ...(trouble && { trouble }) };
    // Only a user without a stored cache has no end of an access token. If somebody deleted the time, the next check finds
    // the cache all the same, and writes the time again.
    return state === 'pending' || expiresOn === undefined
      ? { ...waiting, state: 'pending' }
      : { ...waiting, state, expiresOn, ...refreshes };
  }
  const code = state === 'needs-user' ? 'unknown' : 'unknown_state';
  return {
    ...connection,
    ...(expiresOn && { expiresOn }),
    ...refreshes,
    state: 'needs-user',
    failure: failure ?? { kind: 'needs-user', code, at: lastActivity },
  };
}

const isEnd = (state: unknown): state is Tombstone['state'] =>
  state === 'disconnected' || state === 'retired';

function scheduleIn(row: Record<string, unknown>): { nextCheckAt: Date; lease?: Lease } {
  const due = timeOf(row.dueAt) ?? new Date(0);
  const runId = textOf(row.runId);
  if (runId === undefined) return { nextCheckAt: due };
  // A previous release leases without writing `nextCheckAt`. The column is then missing, or it has stayed from an earlier
  // lease. A check that comes too early does no harm, so the earlier time counts.
  const nextCheckAt = timeOf(row.nextCheckAt) ?? due;
  return { nextCheckAt: nextCheckAt < due ? nextCheckAt : due, lease: { runId, until: due } };
}

function tokensIn(row: Record<string, unknown>) {
  const expiresOn = timeOf(row.expiresOn);
  const lastRefreshed = timeOf(row.lastRefreshed);
  const refreshTokenExpiresOn = timeOf(row.refreshTokenExpiresOn);
  return {
    ...(expiresOn && { expiresOn }),
    ...(lastRefreshed && { lastRefreshed }),
    ...(refreshTokenExpiresOn && { refreshTokenExpiresOn }),
    ...(refreshTokenExpiresOn &&
      GRANTS.find((known) => row.grant === grantColumn(known, refreshTokenExpiresOn))),
  };
}

/**
 * It names the end of the refresh token. An earlier release that renews the account, or connects it anew, writes that end and not
 * this column. Then it is not known which grant the end is of, and the next renewal says it again.
 */
function grantColumn({ grant, isEndTold }: OfGrant, end: Date | undefined): string {
  if (end === undefined || (grant === undefined && !isEndTold)) return '';
  return `${grant ?? 'exchange'} until ${end.toISOString()}${isEndTold ? ', told' : ''}`;
}

type OfGrant = { grant?: 'code' | undefined; isEndTold?: true | undefined };
const GRANTS = [
  { grant: 'code' },
  { grant: 'code', isEndTold: true },
  { isEndTold: true },
] as const satisfies OfGrant[];

/** A link that cannot be read is one that nobody can finish. */
function linkIn(value: unknown): PendingLink | undefined {
  if (!isRecord(value)) return undefined;
  const { id, step } = value;
  const until = timeOf(value.until);
  if (typeof id !== 'string' || (step !== 'asked' && step !== 'opened') || !until) return undefined;
  return { id, step, until };
}

function troubleIn(
  { attempts }: Record<string, unknown>,
  failure: StoredFailure | undefined,
): Trouble | undefined {
  const failed = typeof attempts === 'number' && attempts > 0 ? attempts : 0;
  if (failed === 0 && failure === undefined) return undefined;
  return { attempts: failed, ...(failure && { failure }) };
}

/** It has the generation for the same reason as the checks (`accountHistoryColumns.ts`). */
const pauseColumn = ({ tasksPausedUntil, generation }: Connected): string =>
  tasksPausedUntil === undefined ? '' : JSON.stringify({ generation, until: tasksPausedUntil });

const pauseIn = (value: unknown, generation: string): Date | undefined =>
  isRecord(value) && value.generation === generation ? timeOf(value.until) : undefined;

/** It has the generation for the same reason: a notice of an earlier connection is not one of this. */
const noticeColumn = ({ notice, generation }: Connected): string =>
  notice === undefined ? '' : JSON.stringify({ generation, ...notice });

function noticeIn(value: unknown, generation: string): Notice | undefined {
  if (!isRecord(value) || value.generation !== generation) return undefined;
  const { id, what, attempts } = value;
  const [since, nextTryAt] = [timeOf(value.since), timeOf(value.nextTryAt)];
  if (typeof id !== 'string' || !isKeyOf(NOTICES, what) || since === undefined) return undefined;
  return {
    id,
    what,
    since,
    attempts: countOf(attempts) ?? 0,
    ...(value.again === true && { again: true }),
    ...(nextTryAt && { nextTryAt }),
  };
}
