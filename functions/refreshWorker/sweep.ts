import { randomUUID } from 'node:crypto';
import { UnavailableError } from '../../shared/errors.ts';
import { nameOfError, type SweepSummary } from '../../shared/log.ts';
import type { DueRow } from '../../shared/ports.ts';
import { SHARDS, timeOfDueRowKey } from '../../shared/userId.ts';
import { type RefreshUserDeps, refreshUser, type Turn } from './refreshUser.ts';

export type SweepLimits = {
  /** Users at a time. */
  concurrency: number;
  /** After this no further user is claimed; those begun are finished. */
  runForMs: number;
  /** How long a claim holds if its run dies. Longer than any run. */
  leaseForMs: number;
};

/**
 * One run: every shard's due rows, page by page, each user claimed, taken their turn and settled. One user's
 * failure stops nobody else's turn; a fault of our own stops the run and marks nobody.
 * Memory does not grow with the number of users.
 */
export async function sweep(
  deps: RefreshUserDeps,
  limits: SweepLimits,
  signal: AbortSignal,
): Promise<SweepSummary> {
  const begunAt = deps.now().getTime();
  const elapsed = () => deps.now().getTime() - begunAt;
  const summary: SweepSummary = {
    runId: randomUUID(),
    claimed: 0,
    refreshed: 0,
    fromCache: 0,
    failed: {},
    waiting: 0,
    retired: 0,
    erased: 0,
    released: 0,
    oldKey: 0,
    lagMs: 0,
    stoppedBy: 'done',
    ms: 0,
  };
  const stopped = () => {
    if (summary.stoppedBy === 'done' && (elapsed() >= limits.runForMs || signal.aborted)) {
      summary.stoppedBy = 'deadline';
    }
    return summary.stoppedBy !== 'done';
  };

  async function* dueRows(): AsyncGenerator<DueRow> {
    // Begun anywhere: a backlog in one shard must not keep the same others waiting in every run.
    const first = Math.floor(deps.random() * SHARDS.length);
    for (const shard of [...SHARDS.slice(first), ...SHARDS.slice(0, first)]) {
      try {
        for await (const due of deps.accounts.due(shard, deps.now(), signal)) {
          if (stopped()) return;
          yield due;
        }
      } catch (error) {
        if (stopped()) return;
        deps.log({ event: 'sweep.shard-failed', shard, error: nameOfError(error) });
      }
    }
  }

  async function take(due: DueRow): Promise<void> {
    if (stopped()) return;
    const begun = performance.now();
    const user = deps.logId(due.userId);
    try {
      const lease = { runId: summary.runId, until: new Date(deps.now().getTime() + limits.leaseForMs) };
      const account = await deps.accounts.claim(due, lease, signal);
      if (account === undefined) return;
      summary.claimed += 1;
      const stoodAt = timeOfDueRowKey(due.rowKey) ?? deps.now();
      summary.lagMs = Math.max(summary.lagMs, begunAt - stoodAt.getTime());
      const turn = await refreshUser(deps, account, stoodAt, signal);
      count(summary, turn);
      const { outcome, source, failure, reason } = turn;
      deps.log({
        event: 'user.turn-ended',
        user,
        outcome,
        ms: Math.round(performance.now() - begun),
        ...(source === undefined ? {} : { source }),
        ...(failure === undefined ? {} : failure),
        ...(reason === undefined ? {} : { reason }),
      });
      if (failure?.kind === 'misconfigured' && summary.stoppedBy !== 'misconfigured') {
        summary.stoppedBy = 'misconfigured';
        deps.log({ event: 'sweep.stopped', why: misconfigured(failure.code) });
      }
    } catch (error) {
      // The lease ends by itself, and then the user is due again.
      if (!(error instanceof UnavailableError && signal.aborted)) {
        deps.log({ event: 'user.failed-unexpectedly', user, error: nameOfError(error) });
      }
    }
  }

  // So many at a time draw from one stream: nothing is held of those who had their turn.
  const rows = dueRows();
  const draw = async () => {
    for await (const due of rows) await take(due);
  };
  await Promise.all(Array.from({ length: limits.concurrency }, draw));
  summary.ms = elapsed();
  deps.log({ event: 'sweep.ended', ...summary });
  return summary;
}

function count(summary: SweepSummary, turn: Turn): void {
  if (turn.oldKey) summary.oldKey += 1;
  switch (turn.outcome) {
    case 'failed': {
      const kind = turn.failure?.kind ?? 'transient';
      summary.failed[kind] = (summary.failed[kind] ?? 0) + 1;
      return;
    }
    case 'from-cache':
      summary.fromCache += 1;
      return;
    case 'superseded':
    case 'released':
      summary.released += 1;
      return;
    case 'refreshed':
    case 'waiting':
    case 'retired':
    case 'erased':
      summary[turn.outcome] += 1;
      return;
    default:
      turn.outcome satisfies never;
  }
}

const misconfigured = (code: string): string =>
  code === 'cache_unknown_key'
    ? 'A cache is sealed with a key that TOKEN_CACHE_KEYS lacks. Put that key back; nobody was marked.'
    : `Entra refuses this application's own credential (${code}). Renew ENTRA_CLIENT_SECRET; nobody was marked.`;
