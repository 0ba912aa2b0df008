import type { TimerHandler } from '@azure/functions';
import { logOf } from '../../shared/http.ts';
import type { Log } from '../../shared/log.ts';
import { type SweepDeps, type SweepLimits, sweep } from '../../shared/worker/sweep.ts';
import { tasks } from './tasks.ts';

/** A timer does not overlap itself: a run that is not over within a minute makes the next ones wait. */
export const LIMITS: SweepLimits = { concurrency: 16, runForMs: 50_000, leaseForMs: 300_000 };
/** For what was begun within the run's time and hangs. */
const ABORT_AFTER_MS = 65_000;

/** The timer's turn: acts for every user who is due. */
export function createRefreshWorkerHandler(
  deps: Omit<SweepDeps, 'log' | 'correlationId' | 'userTokens' | 'tasks'> & {
    userTokens: (log: Log, correlationId: string) => SweepDeps['userTokens'];
  },
): TimerHandler {
  return async (_timer, context) => {
    const log = logOf(context);
    const correlationId = context.invocationId;
    const bound = { ...deps, tasks, log, correlationId, userTokens: deps.userTokens(log, correlationId) };
    await sweep(bound, LIMITS, AbortSignal.timeout(ABORT_AFTER_MS));
  };
}
