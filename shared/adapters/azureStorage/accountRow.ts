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
 * The account as a row. An empty column is `''`, because a merge does not change a column that it gets no value for.
 * `failure` and `history` are JSON. What does not fit is left out: the claims of the failure, and the oldest entries of
 * the history.
 *
 * A tombstone has only its keys, `state`, `dueAt`, `runId` and `lastActivity`. It must replace the row, not be merged
 * into it, so that the other columns are deleted.
 */
export function toRow(account: AccountFields): AccountRow {
  const { userId, state } = account;
  const tombstone = {
    partitionKey: shardOf(userId),
    rowKey: userRowKey(userId),
    state,
    dueAt: wholeSecond(account.dueAt),
    runId: account.runId ?? '',
    lastActivity: account.lastActivity,
  };
  if (isTombstone(state)) return tombstone;
  const { tid, oid } = partsOf(userId);
  return {
    ...tombstone,
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
 * Reads a row. It accepts a row that a person or a later version has changed, because such a row must not stop a sweep.
 * An unknown state becomes `needs-user`, and an unreadable time becomes 1970. An account whose last activity is unreadable
 * is damaged: by that time alone it would be erased.
 */
export function fromRow(userId: UserId, row: Record<string, unknown>, etag: string): Account {
  const lastActivity = timeOf(row.lastActivity);
  return {
    userId,
    homeAccountId: textOf(row.accountIdentifier),
    userPrincipalName: textOf(row.userPrincipalName),
    lastActivity: lastActivity ?? new Date(0),
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
    ...(lastActivity === undefined && { damaged: true }),
  };
}

type StoredKind = { kind: Exclude<FailureKind, 'consent'>; suberror?: string };

/**
 * An earlier release does not know the kind `consent`, and would ignore the whole failure. Therefore it is stored as
 * `needs-user`, as that release itself stores a missing consent.
 */
const stored = (kind: FailureKind): StoredKind =>
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

/** True if both are stored as the same row. */
export const isSameRow = (one: AccountFields, other: AccountFields): boolean =>
  JSON.stringify(toRow(one)) === JSON.stringify(toRow(other));

/** The column has no `askedBy`: this code says that Graph made the challenge, as in the previous release. */
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

/** Reads a column's `Date`, or the text that JSON has for a date. */
function timeOf(value: unknown): Date | undefined {
  if (!(value instanceof Date) && textOf(value) === undefined) return undefined;
  const time = new Date(value as Date | string);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const isKeyOf = <K extends string>(record: Record<K, true>, key: unknown): key is K =>
  typeof key === 'string' && Object.hasOwn(record, key);
