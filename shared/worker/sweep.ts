import { withTimeout } from '../clock.ts';
import type { SweepSummary } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Task } from './defineTask.ts';
import type { Plan } from './plan.ts';
import { beginRun, endIfOver, logMissingKeys, type RunLimits } from './run.ts';
import { sweepShard } from './sweepShard.ts';

/**
 * Sweeps the shards of a plan at the same time. The plan may hold all shards, or one of them if others are swept elsewhere.
 * @returns the summary of the run, which is also logged
 */
export async function sweep(
  app: App,
  operation: Operation,
  tasks: readonly Task[],
  { begunAt, shards, shardsFailed }: Plan,
  limits: RunLimits,
): Promise<SweepSummary> {
  return withTimeout(
    app.clock,
    limits.endAfterMs,
    async (signal) => {
      const run = beginRun(app, { ...operation, signal }, tasks, begunAt, limits);
      run.summary.shardsFailed = shardsFailed;
      await Promise.all(shards.map((shard) => sweepShard(run, shard)));
      // If the last check was aborted, nobody has recorded the deadline yet.
      if (signal.aborted) endIfOver(run);
      logMissingKeys(run);
      await run.leftovers.remove();
      const summary = { ...run.summary, ms: app.clock.now().getTime() - run.begunAt.getTime() };
      operation.log({ event: 'sweep.ended', ...summary });
      return summary;
    },
    operation.signal,
  );
}
