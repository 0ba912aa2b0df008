import type { TimerHandler } from '@azure/functions';
import type { Log } from '../../shared/log.ts';
import { logOf } from '../http.ts';
import type { RefreshUserDeps } from './refreshUser.ts';
import { type SweepLimits, sweep } from './sweep.ts';

/** A timer does not overlap itself: a run that is not over within a minute makes the next ones wait. */
const LIMITS: SweepLimits = { concurrency: 16, runForMs: 50_000, leaseForMs: 300_000 };
/** For what was begun within the run's time and hangs. */
const ABORT_AFTER_MS = 65_000;

/** The timer's turn: acts for every user who is due. */
export function createRefreshWorkerHandler(
  deps: Omit<RefreshUserDeps, 'log' | 'userTokens'> & {
    userTokens: (log: Log) => RefreshUserDeps['userTokens'];
  },
): TimerHandler {
  return async (_timer, context) => {
    const log = logOf(context);
    const bound = { ...deps, log, userTokens: deps.userTokens(log) };
    await sweep(bound, LIMITS, AbortSignal.timeout(ABORT_AFTER_MS));
  };
}
