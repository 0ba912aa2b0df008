import type { SweepSummary } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { readCooldowns } from '../tokens/storedCooldowns.ts';
import type { Task } from './defineTask.ts';
import { plan } from './plan.ts';
import { beginRun, isOver, type RunLimits } from './run.ts';
import { sweepShard } from './sweepShard.ts';

/**
 * One run in one process: plans, and sweeps every shard in which accounts are due, side by side.
 * @returns what came of it, which it has logged
 */
export async function sweep(
  app: App,
  operation: Operation,
  tasks: readonly Task[],
  limits?: RunLimits,
): Promise<SweepSummary> {
  const run = beginRun(app, operation, tasks, limits);
  await readCooldowns(app, operation);
  const { shards, shardsFailed } = await plan(app, operation);
  run.summary.shardsFailed = shardsFailed;
  await Promise.all(shards.map((shard) => sweepShard(run, shard)));
  // A run whose last check was broken off has ended by its deadline, too.
  if (operation.signal?.aborted) isOver(run);
  await run.leftovers.remove();
  const summary = { ...run.summary, ms: app.clock.now().getTime() - run.begunAt.getTime() };
  operation.log({ event: 'sweep.ended', ...summary });
  return summary;
}
