import { isTombstone } from '../../account/schedule.ts';
import type { FailureKind } from '../../errors.ts';
import { isRecord } from '../../isRecord.ts';
import type { Account, AccountFields, AccountState, HistoryEntry, StoredFailure } from '../../ports.ts';
import { readClaims } from '../../tokens/challenge.ts';
import { CONSENT_REQUIRED } from '../../tokens/failures.ts';
import { partsOf, shardOf, type UserId, userRowKey, wholeSecond } from '../../userId.ts';

type Column = string | number | boolean | Date;
export type AccountRow = Record<string, Column> & { partitionKey: string; rowKey: string };

const MAX_HISTORY = 20;
const MAX_HISTORY_LENGTH = 16_000;
/** A column holds 64 KiB of UTF-16 (https://learn.microsoft.com/azure/storage/tables/scalability-targets). */
const MAX_FAILURE_LENGTH = 32_000;

const STATES: Record<AccountState, true> = {
  pending: true,
  active: true,
  'needs-user': true,
  disconnected: true,
  retired: true,
};
const KINDS: Record<FailureKind, true> = {
  'needs-user': true,
  consent: true,
  throttled: true,
  tenant: true,
  transient: true,
  'cache-lost': true,
  misconfigured: true,
};
const OUTCOMES: Record<HistoryEntry['outcome'], true> = {
  refreshed: true,
  'from-cache': true,
  failed: true,
  'task-done': true,
  'task-failed': true,
};

/**
 * The user's row. An empty column is `''`, because a merge leaves alone what it is given no value for. `failure`
 * and `history` are JSON; what does not fit is left out: the challenge of a failure, the oldest of the history.
 *
 * A tombstone is no more than its keys, its state, where it stands in time and when the user was last there. It
 * must replace the row, not be merged into it.
 */
export function toRow(account: AccountFields): AccountRow {
  const { userId, state } = account;
  const bones = {
    partitionKey: shardOf(userId),
    rowKey: userRowKey(userId),
    state,
    dueAt: wholeSecond(account.dueAt),
    runId: account.runId ?? '',
    lastActivity: account.lastActivity,
  };
  if (isTombstone(state)) return bones;
  const { tid, oid } = partsOf(userId);
  return {
    ...bones,
    generation: account.generation,
    accountCacheKey: userId,
    accountIdentifier: account.homeAccountId ?? '',
    accountObjectId: oid,
    accountTenantId: tid,
    userPrincipalName: account.userPrincipalName ?? '',
    failedToAcquireToken: state === 'needs-user',
    failure: account.failure === undefined ? '' : failureColumn(account.failure),
    attempts: account.attempts,
    lastRefreshed: account.lastRefreshed ?? '',
    expiresOn: account.expiresOn ?? '',
    refreshTokenExpiresOn: account.refreshTokenExpiresOn ?? '',
    history: historyColumn(account.history),
  };
}

/**
 * Reads a row tolerantly: one that a hand or a later version has written must not stop a sweep. An unknown state
 * waits for the user, a time that is not one is long ago.
 */
export function fromRow(userId: UserId, row: Record<string, unknown>, etag: string): Account {
  return {
    userId,
    homeAccountId: textOf(row.accountIdentifier),
    userPrincipalName: textOf(row.userPrincipalName),
    lastActivity: timeOf(row.lastActivity) ?? new Date(0),
    state: isKeyOf(STATES, row.state) ? row.state : 'needs-user',
    generation: textOf(row.generation) ?? '',
    dueAt: timeOf(row.dueAt) ?? new Date(0),
    runId: textOf(row.runId),
    failure: failureOf(parsed(row.failure)),
    attempts: typeof row.attempts === 'number' && row.attempts > 0 ? row.attempts : 0,
    lastRefreshed: timeOf(row.lastRefreshed),
    expiresOn: timeOf(row.expiresOn),
    refreshTokenExpiresOn: timeOf(row.refreshTokenExpiresOn),
    history: historyOf(parsed(row.history)),
    etag,
  };
}

type StoredKind = { kind: Exclude<FailureKind, 'consent'>; suberror?: string };

/**
 * A release before this one knows no `consent`: it would drop the kind, and with it the whole failure. To it this is a
 * user who is needed, which is what it said of them itself.
 */
const stored = (kind: FailureKind): StoredKind =>
  kind === 'consent' ? { kind: 'needs-user', suberror: CONSENT_REQUIRED } : { kind };

/** Known again also from what that release keeps of it, and from what it wrote by itself. A challenge goes before. */
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

/** Whether both are stored as the same row. */
export const isSameRow = (one: AccountFields, other: AccountFields): boolean =>
  JSON.stringify(toRow(one)) === JSON.stringify(toRow(other));

/** The column has no `askedBy`, because the previous release knows a challenge of Graph's by its code. */
const ASKED_BY_GRAPH = 'graph_401';

function failureColumn(failure: StoredFailure): string {
  const { claims, askedBy: _, ...rest } = { ...failure, ...stored(failure.kind) };
  const whole = JSON.stringify({ ...rest, claims });
  return whole.length <= MAX_FAILURE_LENGTH ? whole : JSON.stringify(rest);
}

function historyColumn(history: readonly HistoryEntry[]): string {
  const kept = history
    .slice(-MAX_HISTORY)
    .map((entry) => (entry.kind === undefined ? entry : { ...entry, ...stored(entry.kind) }));
  while (JSON.stringify(kept).length > MAX_HISTORY_LENGTH) kept.shift();
  return JSON.stringify(kept);
}

function failureOf(value: unknown): StoredFailure | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, code, suberror } = value;
  // Earlier versions kept challenges that nobody can read: without one the user's next visit is an ordinary exchange.
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

function historyOf(value: unknown): HistoryEntry[] {
  return (Array.isArray(value) ? value : []).flatMap((entry: unknown) => {
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
}

function parsed(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : undefined;
  } catch {
    return undefined;
  }
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** A column's `Date`, or the text that JSON makes of one. */
function timeOf(value: unknown): Date | undefined {
  if (!(value instanceof Date) && textOf(value) === undefined) return undefined;
  const time = new Date(value as Date | string);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const isKeyOf = <K extends string>(record: Record<K, true>, key: unknown): key is K =>
  typeof key === 'string' && Object.hasOwn(record, key);
