import type { Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { WorkerRun } from '../wire.ts';
import type { Task } from './defineTask.ts';
import { plan } from './plan.ts';
import type { RunLimits } from './run.ts';
import { sweep } from './sweep.ts';

/** At most one run of all instances begins by HTTP within this time. While the timer is on time, none does. */
const WAKE_EVERY_MS = 60_000;

/**
 * Does one run of the worker for an application that may ask for it, unless some run began within the last minute. The timer
 * needs no permission to begin, so its runs are never held up.
 * @throws the errors of `verifyAppToken`
 * @throws {TooManyRequestsError} the application asks too often.
 * @throws {UnavailableError} storage cannot be reached, so nobody knows whether a run has begun.
 */
export async function wakeWorker(
  app: App,
  operation: Operation,
  accessToken: string,
  tasks: readonly Task[],
  limits: RunLimits,
): Promise<WorkerRun> {
  const { principalId, clientId } = await app.verifyAppToken(accessToken);
  app.limits.wakes.take(principalId);
  if (!(await app.sharedState.beginPlan(WAKE_EVERY_MS, operation.signal))) return { ran: false };
  operation.log({ event: 'worker.woken', client: clientId });
  const summary = await sweep(app, operation, tasks, await plan(app, operation, true), limits);
  const { due, refreshed, fromCache, brokenOff, shardsFailed, stoppedBy, ms } = summary;
  const failed = Object.values(summary.failed).reduce((sum, count) => sum + count, 0);
  return { ran: true, due, refreshed, fromCache, failed, brokenOff, shardsFailed, stoppedBy, ms };
}
