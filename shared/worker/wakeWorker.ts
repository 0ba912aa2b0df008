import { TokenInvalidError } from '../errors.ts';
import type { LogEvent } from '../log.ts';
import type { HandOver, Operation, RunPart } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { isFreshTicket } from '../tokens/heartbeat.ts';
import type { WorkerRun } from '../wire.ts';
import type { Task } from './defineTask.ts';
import { plan } from './plan.ts';
import type { RunLimits } from './run.ts';
import { sweepOrSplit } from './splitRun.ts';

/** At most one run of all instances begins by HTTP within this time. While the timer is on time, none does. */
const WAKE_EVERY_MS = 60_000;

/** By what a caller may ask for a run: the access token of an application, or the ticket of a visit. */
export type WakePermit = { accessToken: string } | { ticket: string };

/**
 * Does one run of the worker for an application that may ask for it, or for a visit that found the worker silent, unless some
 * run began within the last minute. The timer needs no permission to begin, so its runs are never held up.
 * @throws the errors of `verifyAppToken`
 * @throws {TokenInvalidError} the ticket is not one of this deployment, or it is too old.
 * @throws {TooManyRequestsError} the application asks too often.
 * @throws {UnavailableError} storage cannot be reached, so nobody knows whether a run has begun.
 */
export async function wakeWorker(
  app: App,
  operation: Operation,
  permit: WakePermit,
  tasks: readonly Task[],
  how: { limits: RunLimits; handOver?: HandOver | undefined },
): Promise<WorkerRun> {
  const woken = 'ticket' in permit ? await byVisit(app, permit.ticket) : await byApp(app, permit.accessToken);
  const begun = await app.sharedState.beginPlan(WAKE_EVERY_MS, operation.signal);
  if (!begun.begun) return { ran: false };
  operation.log(woken);
  const planned = await plan(app, operation, begun);
  let parts = 0;
  const { limits } = how;
  const handOver =
    how.handOver &&
    ((given: readonly RunPart[]) => {
      parts = given.length;
      how.handOver?.(given);
    });
  const summary = await sweepOrSplit(app, operation, tasks, planned, { limits, handOver });
  const { refreshed, fromCache, brokenOff, shardsFailed, stoppedBy, ms } = summary;
  const failed = Object.values(summary.failed).reduce((sum, count) => sum + count, 0);
  // What was handed over is not in the summary.
  const due = parts > 0 ? Math.max(planned.due ?? 0, summary.due) : summary.due;
  const counts = { due, refreshed, fromCache, failed, brokenOff, shardsFailed };
  return { ran: true, ...counts, stoppedBy, ms, ...(parts > 0 && { parts }) };
}

type Woken = Extract<LogEvent, { event: 'worker.woken' }>;

async function byApp(app: App, accessToken: string): Promise<Woken> {
  const { principalId, clientId } = await app.verifyAppToken(accessToken);
  app.limits.wakes.take(principalId);
  return { event: 'worker.woken', by: 'application', client: clientId };
}

/** A ticket may be used again until it is old. Then it begins no run, because one has just begun. */
async function byVisit({ linkSealer, clock }: App, ticket: string): Promise<Woken> {
  const content = await linkSealer.open('run', ticket);
  if (content === undefined || !isFreshTicket(content, clock.now())) {
    throw new TokenInvalidError('The ticket is not valid.');
  }
  return { event: 'worker.woken', by: 'visit' };
}
