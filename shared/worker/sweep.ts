import { randomUUID } from 'node:crypto';
import { afterCooling } from '../account/schedule.ts';
import { type Failure, UnavailableError } from '../errors.ts';
import { nameOfError, type SweepSummary } from '../log.ts';
import type { DueRow } from '../ports.ts';
import { heedFailure, readCooldowns } from '../tokens/storedCooldowns.ts';
import { partsOf, SHARDS, timeOfDueRowKey, type UserId } from '../userId.ts';
import { createLeftovers } from './leftovers.ts';
import { type RefreshUserDeps, refreshUser, release, type Turn, UNKNOWN_KEY } from './refreshUser.ts';
import { type RunTasksDeps, runTasks } from './runTasks.ts';

export type SweepLimits = {
  /** Users at a time. */
  concurrency: number;
  /** After this no further user is claimed; those begun are finished. */
  runForMs: number;
  /** How long a claim holds if its run dies. Longer than any run. */
  leaseForMs: number;
};

/** What a turn ends with before the cache is open. */
const UNOPENED = new Set([
  UNKNOWN_KEY,
  'cache_newer',
  'cache_corrupt',
  'no_tokens_found',
  'token_cache_unreachable',
  'unexpected',
]);

export type SweepDeps = RefreshUserDeps & RunTasksDeps;

/**
 * One run: every shard's due rows, page by page, each user claimed, taken their turn and settled. One user's
 * failure stops nobody else's turn; a fault of our own stops the run and marks nobody.
 * Memory does not grow with the number of users.
 */
export async function sweep(
  deps: SweepDeps,
  limits: SweepLimits,
  signal: AbortSignal,
): Promise<SweepSummary> {
  const begunAt = deps.now().getTime();
  const elapsed = () => deps.now().getTime() - begunAt;
  const summary = emptySummary();
  await readCooldowns(deps, signal);
  const faults = new Set<string>();
  const leftovers = createLeftovers(deps, signal);
  /** Whether any cache did, so that a key that is missing is missing for some alone. */
  let opened = false;
  /** True once Entra gave a token to our credential. A refusal that may be the credential's is then its tenant's. */
  let accepted = false;
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
          summary.due += 1;
          summary.lagMs = Math.max(
            summary.lagMs,
            begunAt - (timeOfDueRowKey(due.rowKey) ?? deps.now()).getTime(),
          );
          yield due;
        }
      } catch (error) {
        if (stopped()) return;
        summary.shardsFailed += 1;
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
      const claimed = await deps.accounts.claim(due, lease, signal);
      if (claimed === 'nobody') return leftovers.addDueRowOfNobody(due);
      if (claimed === undefined) return;
      const { account, abandonedBy } = claimed;
      if (abandonedBy !== undefined) deps.log({ event: 'lease.abandoned', user, runId: abandonedBy });
      const coolUntil = latestOf(
        deps.cooldowns.tenantUntil(partsOf(due.userId).tid),
        deps.cooldowns.throttledUntil(due.userId, 'token'),
      );
      const claim = {
        account,
        stoodAt: timeOfDueRowKey(due.rowKey) ?? deps.now(),
        notBefore: coolUntil === undefined ? undefined : afterCooling(coolUntil, deps.random()),
      };
      summary.claimed += 1;
      // The run may have ended while the claim was under way.
      const turn = stopped() ? await release(deps, claim) : await refreshUser(deps, claim, signal);
      const { outcome, reason, failure, got } = turn;
      deps.log({
        event: 'user.turn-ended',
        user,
        outcome,
        ms: Math.round(performance.now() - begun),
        ...(got && { source: got.token.source }),
        ...(failure && { kind: failure.kind, code: failure.code }),
        ...(reason === undefined ? {} : { reason }),
      });
      count(summary, turn);
      opened ||= got !== undefined || (failure !== undefined && !UNOPENED.has(failure.code));
      accepted ||= got?.token.source === 'network';
      await heed(due.userId, failure);
      if (got !== undefined && !stopped()) {
        const { done, failed, refusal } = await runTasks(deps, got.account, got.token, signal);
        summary.tasks.done += done;
        summary.tasks.failed += failed;
        await heed(due.userId, refusal);
      }
    } catch (error) {
      // The lease ends by itself, and then the user is due again.
      summary.brokenOff += 1;
      if (!(error instanceof UnavailableError && signal.aborted)) {
        deps.log({ event: 'user.failed-unexpectedly', user, error: nameOfError(error) });
      }
    }
  }

  /** What other users would meet too. */
  async function heed(userId: UserId, failure: Failure | undefined): Promise<void> {
    if (failure === undefined || (failure.kind === 'misconfigured' && stopFor(failure))) return;
    await heedFailure(deps, userId, failure, signal);
  }

  /**
   * Whether it concerns everybody. Without one cache's key the run goes on if other caches did open; with our credential
   * refused for one tenant, if it was accepted for others.
   */
  function stopFor({ code, unsure }: Failure): boolean {
    const stops = code === UNKNOWN_KEY ? !opened : !(unsure && accepted);
    if (faults.has(code) || summary.stoppedBy === 'misconfigured') return stops;
    faults.add(code);
    if (stops) summary.stoppedBy = 'misconfigured';
    deps.log({ event: 'sweep.misconfigured', code, remedy: remedyOf(code, stops), stops });
    return stops;
  }

  // So many at a time draw from one stream: nothing is held of those who had their turn.
  const rows = dueRows();
  const draw = async () => {
    for await (const due of rows) await take(due);
  };
  await Promise.all(Array.from({ length: limits.concurrency }, draw));
  // Whoever was put back with nobody drawn after them.
  if (signal.aborted) stopped();
  await leftovers.remove();
  summary.ms = elapsed();
  deps.log({ event: 'sweep.ended', ...summary });
  return summary;
}

const emptySummary = (): SweepSummary => ({
  runId: randomUUID(),
  due: 0,
  claimed: 0,
  refreshed: 0,
  fromCache: 0,
  failed: {},
  waiting: 0,
  retired: 0,
  erased: 0,
  released: 0,
  superseded: 0,
  tasks: { done: 0, failed: 0 },
  oldKey: 0,
  brokenOff: 0,
  shardsFailed: 0,
  lagMs: 0,
  stoppedBy: 'done',
  ms: 0,
});

function count(summary: SweepSummary, { outcome, failure, got }: Turn): void {
  if (got?.token.oldKey) summary.oldKey += 1;
  switch (outcome) {
    case 'failed': {
      const kind = failure?.kind ?? 'transient';
      summary.failed[kind] = (summary.failed[kind] ?? 0) + 1;
      return;
    }
    case 'from-cache':
      summary.fromCache += 1;
      return;
    case 'refreshed':
    case 'waiting':
    case 'retired':
    case 'erased':
    case 'released':
    case 'superseded':
      summary[outcome] += 1;
      return;
    default:
      outcome satisfies never;
  }
}

const latestOf = (...times: (Date | undefined)[]): Date | undefined =>
  times.reduce(
    (latest, time) => (latest === undefined || (time && time > latest) ? time : latest),
    undefined,
  );

function remedyOf(code: string, stops: boolean): string {
  if (code === UNKNOWN_KEY) {
    return 'A cache is sealed with a key that TOKEN_CACHE_KEYS lacks. Put that key back; nobody was marked.';
  }
  return stops
    ? `Entra refuses this application itself (${code}). Renew ENTRA_CLIENT_SECRET, or mend its registration if docs/runbook.md says so of this code; nobody was marked.`
    : `Entra refuses this application (${code}) in one tenant and accepts its credential elsewhere. Ask that tenant's administrators whether they removed or blocked it; nobody was marked.`;
}
