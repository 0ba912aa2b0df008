import { isRecord } from '../../isRecord.ts';
import type { SweepSummary } from '../../log.ts';
import type { AuditProgress, LastRun, Retirement, RunRecord } from '../../sharedState.ts';
import { jsonIn, timeIn } from './tableColumns.ts';

const COUNTS = [
  'due',
  'claimed',
  'refreshed',
  'fromCache',
  'waiting',
  'retired',
  'erased',
  'released',
  'superseded',
  'oldKey',
  'brokenOff',
  'shardsFailed',
  'lagMs',
  'ms',
] as const satisfies readonly (keyof SweepSummary)[];

type Columns = Record<string, string | number | Date>;

/**
 * The columns that a run writes when it ends. An empty column is `''`, because a merge does not change a column that it
 * gets no value for. `auditNext` contains a user id, so it must not be logged.
 */
export function runColumns(
  endedAt: Date,
  summary: SweepSummary,
  { audit, retired, unansweredRuns }: RunRecord,
): Columns {
  return {
    endedAt,
    summary: JSON.stringify(summary),
    ...(audit && {
      auditNext: audit.next ?? '',
      auditAccounts: audit.accounts,
      auditConnected: audit.connected,
      lastPassAccounts: audit.lastPass?.accounts ?? '',
      lastPassConnected: audit.lastPass?.connected ?? '',
      lastPassEndedAt: audit.lastPass?.endedAt ?? '',
    }),
    ...(retired && { retiredCount: retired.count, retiredSince: retired.since }),
    ...(unansweredRuns !== undefined && { unansweredRuns }),
  };
}

export function retirementColumns(retirement: Retirement): Columns {
  const { order } = retirement;
  return {
    retirementOrder: order,
    retirementAt: order === 'confirmed' ? '' : retirement.at,
    retirementUntil: order === 'confirmed' ? retirement.until : '',
  };
}

/** Reads the row. What cannot be read counts as absent. */
export function lastRunOf(row: Record<string, unknown>): LastRun {
  const at = timeIn(row.endedAt);
  const summary = summaryIn(row.summary);
  const retirement = retirementIn(row);
  const count = countIn(row.retiredCount);
  const since = timeIn(row.retiredSince);
  const unansweredRuns = countIn(row.unansweredRuns);
  return {
    ...(at && summary && { ended: { at, summary } }),
    audit: auditIn(row),
    ...(count !== undefined && since && { retired: { count, since } }),
    ...(retirement && { retirement }),
    ...(unansweredRuns !== undefined && { unansweredRuns }),
  };
}

/**
 * Since when no run has ended, as far as the row says. A time counts although the summary beside it cannot be read.
 * `awaitedSince` is what a visit has written that found no other time. The previous release does not read it.
 */
export const silentSinceIn = (row: Record<string, unknown>): Date | undefined =>
  timeIn(row.endedAt) ?? timeIn(row.begunAt) ?? timeIn(row.awaitedSince);

function auditIn(row: Record<string, unknown>): AuditProgress {
  const { auditNext: next } = row;
  const accounts = countIn(row.lastPassAccounts);
  const connected = countIn(row.lastPassConnected);
  const endedAt = timeIn(row.lastPassEndedAt);
  const lastPass = accounts !== undefined &&
    connected !== undefined &&
    endedAt && { accounts, connected, endedAt };
  return {
    // A pass that begins anew has seen no account yet.
    ...(typeof next === 'string' && next !== ''
      ? { next, accounts: countIn(row.auditAccounts) ?? 0, connected: countIn(row.auditConnected) ?? 0 }
      : { accounts: 0, connected: 0 }),
    ...(lastPass && { lastPass }),
  };
}

function retirementIn({
  retirementOrder: order,
  retirementAt,
  retirementUntil,
}: Record<string, unknown>): Retirement | undefined {
  const [at, until] = [timeIn(retirementAt), timeIn(retirementUntil)];
  // A stop holds even if its time cannot be read.
  if (order === 'stopped') return { order, at: at ?? new Date(0) };
  if (order === 'confirmed' && until) return { order, until };
  if (order === 'resumed' && at) return { order, at };
  return undefined;
}

/** A summary that lacks a member, or has another kind of value in it, is no summary. */
function summaryIn(column: unknown): SweepSummary | undefined {
  const value = jsonIn(column);
  if (!isRecord(value) || typeof value.runId !== 'string' || typeof value.stoppedBy !== 'string')
    return undefined;
  const { tasks, failed } = value;
  const counts = [
    ...COUNTS.map((name) => value[name]),
    ...(isRecord(tasks) ? [tasks.done, tasks.failed] : ['']),
  ];
  return isRecord(failed) && counts.every((count) => countIn(count) !== undefined)
    ? (value as SweepSummary)
    : undefined;
}

const countIn = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
