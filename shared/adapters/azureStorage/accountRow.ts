import {
  type Account,
  type AlikeChecks,
  type AlikeTask,
  attemptsOf,
  type Connected,
  dueAt,
  failureOf,
  type HistoryEntry,
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
import type { FailureKind } from '../../errors.ts';
import { isRecord } from '../../isRecord.ts';
import { readClaims } from '../../tokens/challenge.ts';
import { CONSENT_REQUIRED } from '../../tokens/failures.ts';
import { partsOf, type UserId } from '../../userId.ts';
import { shardOf } from '../shards.ts';
import { wholeSecond } from '../wholeSecond.ts';
import { userRowKey } from './rowKeys.ts';
import { jsonIn } from './tableColumns.ts';

type Column = string | number | boolean | Date;
export type AccountRow = Record<string, Column> & { partitionKey: string; rowKey: string };

const MAX_HISTORY_LENGTH = 16_000;
/** A column holds 64 KiB of UTF-16 (https://learn.microsoft.com/azure/storage/tables/scalability-targets). */
const MAX_FAILURE_LENGTH = 32_000;

const KINDS: Record<FailureKind, true> = {
  'needs-user': true,
  consent: true,
  throttled: true,
  tenant: true,
  transient: true,
  'cache-lost': true,
  misconfigured: true,
};
const CHECK_OUTCOMES: Record<AlikeChecks['outcome'], true> = {
  refreshed: true,
  'from-cache': true,
  failed: true,
};
const TASK_OUTCOMES: Record<AlikeTask['outcome'], true> = { done: true, failed: true };
const NOTICES: Record<NoticeKind, true> = { 'needs-user': true, expiring: true, recovered: true };
const OUTCOMES: Record<HistoryEntry['outcome'], true> = {
  refreshed: true,
  'from-cache': true,
  failed: true,
  'task-done': true,
  'task-failed': true,
};

/**
 * The account as a row. An empty column is `''`, because a merge does not change a column that it gets no value for.
 * `failure`, `history`, `checks` and `notice` are JSON. What does not fit is left out: the claims of the failure, and the oldest entries of
 * the history.
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
      ...(lease && { nextCheckAt: wholeSecond(nextCheckAt) }),
      lastActivity: account.since,
    };
  }
  const { tid, oid } = partsOf(userId);
  const { expiresOn, lastRefreshed, refreshTokenExpiresOn, grant } = tokensOf(account);
  const failure = failureOf(account);
  return {
    ...scheduled,
    nextCheckAt: lease ? wholeSecond(nextCheckAt) : '',
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
    grant: grant === 'code' ? grantColumn(refreshTokenExpiresOn) : '',
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
  nextCheckAt: wholeSecond(account.nextCheckAt),
});

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
    ...(isGrantUntil(row.grant, refreshTokenExpiresOn) && { grant: 'code' as const }),
  };
}

/**
 * It names the end of the refresh token. An earlier release that renews the account, or connects it anew, writes that end and not
 * this column. Then it is not known which grant the end is of, and the next renewal says it again.
 */
const grantColumn = (end: Date | undefined): string =>
  end === undefined ? '' : `code until ${end.toISOString()}`;

const isGrantUntil = (column: unknown, end: Date | undefined): boolean =>
  end !== undefined && column === grantColumn(end);

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

type StoredKind = { kind: Exclude<FailureKind, 'consent'>; suberror?: string };

/**
 * An earlier release does not know the kind `consent`, and would ignore the whole failure. Therefore it is stored as
 * `needs-user`, as that release itself stores a missing consent.
 */
const storedKind = (kind: FailureKind): StoredKind =>
  kind === 'consent' ? { kind: 'needs-user', suberror: CONSENT_REQUIRED } : { kind };

/** Recognises a missing consent, also in rows that the earlier release wrote. A failure with a challenge is not one. */
const kindOf = ({
  kind,
  code,
  suberror,
  claims,
}: Record<string, unknown> & { kind: FailureKind }): FailureKind =>
  kind === 'needs-user' &&
  claims === undefined &&
  (suberror === CONSENT_REQUIRED || code === CONSENT_REQUIRED || code === 'AADSTS65001')
    ? 'consent'
    : kind;

/** The column has no `askedBy`: this code says that Graph made the challenge, as in the previous release. */
const ASKED_BY_GRAPH = 'graph_401';

function failureColumn(failure: StoredFailure): string {
  const { claims, askedBy: _, ...rest } = { ...failure, ...storedKind(failure.kind) };
  const whole = JSON.stringify({ ...rest, claims });
  return whole.length <= MAX_FAILURE_LENGTH ? whole : JSON.stringify(rest);
}

/** The columns of lists that were read or written. Lists never change, so an account whose list is the same has the same text. */
const writtenAs = new WeakMap<readonly unknown[], string>();

function historyColumn(history: readonly HistoryEntry[]): string {
  return columnOf(history, () => {
    const kept = history.map((entry) =>
      entry.kind === undefined ? entry : { ...entry, ...storedKind(entry.kind) },
    );
    return newestOf(kept, JSON.stringify);
  });
}

function columnOf(list: readonly unknown[], write: () => string): string {
  const text = writtenAs.get(list) ?? write();
  writtenAs.set(list, text);
  return text;
}

/** A list that was not read whole is written anew. */
function rememberColumn(list: readonly unknown[], all: unknown, column: unknown): void {
  if (Array.isArray(all) && all.length === list.length && typeof column === 'string') {
    writtenAs.set(list, column);
  }
}

/** The text of the newest entries that fit. */
function newestOf<T>(entries: readonly T[], write: (kept: readonly T[]) => string): string {
  const kept = [...entries];
  for (;;) {
    const text = write(kept);
    if (text.length <= MAX_HISTORY_LENGTH || kept.length === 0) return text;
    kept.shift();
  }
}

/**
 * The generation says to which connection the checks belong. The previous release does not know the column, so it stays when
 * that release connects a damaged account anew.
 */
function checksColumn({ checks, generation }: Connected): string {
  if (checks === undefined) return '';
  return `${checksBegin(generation)}${columnOf(checks, () => newestOf(checks, JSON.stringify))}}`;
}

function checksIn(column: unknown, generation: string): AlikeChecks[] | undefined {
  const value = jsonIn(column);
  if (!isRecord(value) || value.generation !== generation || !Array.isArray(value.checks)) return undefined;
  const checks = value.checks.flatMap((check: unknown) => {
    if (!isRecord(check)) return [];
    const { outcome, tasks } = check;
    const [first, last, times] = [timeOf(check.first), timeOf(check.last), countOf(check.times)];
    if (!first || !last || !times || !isKeyOf(CHECK_OUTCOMES, outcome) || !Array.isArray(tasks)) return [];
    return [{ first, last, times, outcome, ...whyIn(check), tasks: tasks.flatMap(alikeTaskIn) }];
  });
  const begin = checksBegin(generation);
  if (typeof column === 'string' && column.startsWith(begin)) {
    rememberColumn(checks, value.checks, column.slice(begin.length, -1));
  }
  return checks;
}

const checksBegin = (generation: string): string => `{"generation":${JSON.stringify(generation)},"checks":`;

/** It has the generation for the same reason as the checks. */
const pauseColumn = ({ tasksPausedUntil, generation }: Connected): string =>
  tasksPausedUntil === undefined ? '' : JSON.stringify({ generation, until: tasksPausedUntil });

const pauseIn = (value: unknown, generation: string): Date | undefined =>
  isRecord(value) && value.generation === generation ? timeOf(value.until) : undefined;

function alikeTaskIn(value: unknown): AlikeTask[] {
  if (!isRecord(value)) return [];
  const { task, outcome } = value;
  const [last, times] = [timeOf(value.last), countOf(value.times)];
  if (typeof task !== 'string' || !isKeyOf(TASK_OUTCOMES, outcome) || !last || !times) return [];
  return [{ task, outcome, ...whyIn(value), last, times }];
}

/** It has the generation for the same reason as the checks: a notice of an earlier connection is not one of this. */
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

const whyIn = ({ kind, code }: Record<string, unknown>) => ({
  ...(isKeyOf(KINDS, kind) ? { kind } : {}),
  ...(typeof code === 'string' ? { code } : {}),
});

const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;

function failureIn(value: unknown): StoredFailure | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, code, suberror } = value;
  // Earlier releases stored challenges that cannot be read. Without one, the user's next visit is an ordinary exchange.
  const claims = readClaims(value.claims);
  const at = timeOf(value.at);
  if (!isKeyOf(KINDS, kind) || typeof code !== 'string' || at === undefined) return undefined;
  return {
    kind: kindOf({ ...value, kind }),
    code,
    ...(typeof suberror === 'string' ? { suberror } : {}),
    ...(claims === undefined ? {} : { claims }),
    ...(code === ASKED_BY_GRAPH ? { askedBy: 'graph' } : {}),
    at,
  };
}

function historyIn(column: unknown): HistoryEntry[] {
  const value = jsonIn(column);
  const history = (Array.isArray(value) ? value : []).flatMap((entry: unknown): HistoryEntry[] => {
    if (!isRecord(entry)) return [];
    const { outcome, kind, code, task } = entry;
    const at = timeOf(entry.at);
    if (!isKeyOf(OUTCOMES, outcome) || at === undefined) return [];
    return [
      {
        at,
        outcome,
        ...(isKeyOf(KINDS, kind) ? { kind: kindOf({ ...entry, kind }) } : {}),
        ...(typeof code === 'string' ? { code } : {}),
        ...(typeof task === 'string' ? { task } : {}),
      },
    ];
  });
  rememberColumn(history, value, column);
  return history;
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** What JSON has for a date. `Date` itself would read almost any text, `1` included. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
/** Stead is younger, and no account lives so long: a time outside of this was not written by Stead. */
const EARLIEST = new Date('2020-01-01T00:00:00Z');
const LATEST = new Date('2200-01-01T00:00:00Z');

/** Reads a column's `Date`, or the text that JSON has for a date. */
function timeOf(value: unknown): Date | undefined {
  const text = textOf(value);
  if (!(value instanceof Date) && (text === undefined || !ISO_TIME.test(text))) return undefined;
  const time = new Date(value as Date | string);
  if (!(time >= EARLIEST && time < LATEST)) return undefined;
  // A Date would read the 31st of February as the 3rd of March.
  const isReal = text === undefined || time.toISOString().slice(0, 19) === text.slice(0, 19);
  return isReal ? time : undefined;
}

const isKeyOf = <K extends string>(record: Record<K, true>, key: unknown): key is K =>
  typeof key === 'string' && Object.hasOwn(record, key);
