import { clocksDiffer } from '../account/clocksDiffer.ts';
import { withTimeout } from '../clock.ts';
import { nameOfError, type SweepSummary } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { RunRecord } from '../sharedState.ts';
import type { App } from '../tokens/app.ts';
import { auditPage } from './auditPage.ts';
import type { Task } from './defineTask.ts';
import type { Plan } from './plan.ts';
import { retiredWith } from './retirement.ts';
import { beginRun, endIfOver, logClock, logMissingKeys, logPutOff, type Run, type RunLimits } from './run.ts';
import { sweepShard } from './sweepShard.ts';

type Split = {
  /** The run of which this is a part. */
  part?: string;
  /** How long the account that has waited longest has been due, although this process does not sweep it. */
  lagMs?: number;
  unansweredRuns?: number;
};

/**
 * Sweeps the shards of a plan at the same time, and goes on with the audit if the plan says so. The plan may hold all
 * shards, or one of them if others are swept elsewhere.
 * @param split what is said of a run that was split, or of one of its parts
 * @returns the summary of the run, which is also logged
 */
export async function sweep(
  app: App,
  operation: Operation,
  tasks: readonly Task[],
  planned: Plan,
  limits: RunLimits,
  { part, lagMs = 0, unansweredRuns }: Split = {},
): Promise<SweepSummary> {
  return withTimeout(
    app.clock,
    limits.endAfterMs,
    async (signal) => {
      const run = beginRun(app, { ...operation, signal }, tasks, planned, limits);
      // The plan has just heard from the store. Times that a wrong clock writes are wrong, too, even if nothing is retired.
      if (clocksDiffer(app.accounts)) logClock(run);
      const audited = planned.audit && auditPage(run, planned.audit);
      await Promise.all(planned.shards.map((shard) => sweepShard(run, shard)));
      const audit = await audited;
      // If the last check was aborted, nobody has recorded the deadline yet.
      if (signal.aborted) endIfOver(run);
      logMissingKeys(run);
      logPutOff(run);
      const summary = {
        ...run.summary,
        ...(part !== undefined && { part }),
        lagMs: Math.max(lagMs, run.summary.lagMs),
        ms: app.clock.now().getTime() - run.begunAt.getTime(),
      };
      // The summary does not count an account that has ended if its cache could then not be deleted.
      const retired = retiredWith(planned, run.retirements, app.clock.now());
      await record(run, summary, { audit, retired, unansweredRuns });
      operation.log({ event: 'sweep.ended', ...summary });
      return summary;
    },
    operation.signal,
  );
}

/** The run's signal does not stop this, because a run that was stopped is recorded, too. */
async function record({ app, operation }: Run, summary: SweepSummary, more: RunRecord): Promise<void> {
  try {
    await app.sharedState.runEnded(summary, more);
  } catch (error) {
    operation.log({ event: 'sweep.not-recorded', error: nameOfError(error) });
  }
}
