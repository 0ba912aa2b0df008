import { nowByStore } from '../account/nowByStore.ts';
import { nameOfError } from '../log.ts';
import type { LastRun, RetiredToday } from '../sharedState.ts';
import type { Plan } from './plan.ts';
import type { Run } from './run.ts';

/** In one day the worker may always retire this many accounts. */
const LEAST_CEILING = 20;
/** The part of the accounts that the worker may retire in one day. */
const CEILING = 0.05;
const DAY_MS = 86_400_000;
const ELSEWHERE_MS = 5 * 60_000;
const NO_CEILING = Number.MAX_SAFE_INTEGER;
const CHECK =
  'Check RETENTION_DAYS and the clock of this machine. Then run "npm run stead -- accounts retire --confirm" if these accounts are to be retired, or "npm run stead -- accounts retire --resume" if the reason has gone.';

/**
 * How many accounts a run may retire: none after a run has met the ceiling, and any number after an operator has confirmed
 * it. The ceiling is 20 or 5 % of the accounts of the last audit, whichever is more. It holds for one day, because the
 * accounts become due one after the other.
 */
export function retireAtMost(last: LastRun, now: Date): number {
  const { audit, retirement } = last;
  if (retirement?.order === 'stopped') return 0;
  if (isConfirmed(retirement, now)) return NO_CEILING;
  const ceiling = Math.max(LEAST_CEILING, Math.floor((audit.lastPass?.connected ?? 0) * CEILING));
  return Math.max(0, ceiling - (retiredToday(last, now)?.count ?? 0));
}

/** Whether an operator has lifted the ceiling. */
export const hasNoCeiling = (atMost: number | undefined): boolean => atMost === NO_CEILING;

/**
 * How many accounts are retired in this day, with those of a run. What an operator has confirmed does not count. Runs that
 * die, and runs of several instances at the same time, may count too few.
 * @returns undefined if the run retired nobody
 */
export function retiredWith(
  { retireAtMost: atMost, retired }: Pick<Plan, 'retireAtMost' | 'retired'>,
  byRun: number,
  now: Date,
): RetiredToday | undefined {
  if (byRun === 0) return undefined;
  const count = hasNoCeiling(atMost) ? 0 : byRun;
  return retired === undefined
    ? { count, since: now }
    : { count: retired.count + count, since: retired.since };
}

/** What earlier runs have retired in this day; undefined if a new day begins, or if an operator has let it begin anew. */
export function retiredToday({ retired, retirement }: LastRun, now: Date): RetiredToday | undefined {
  if (retired === undefined) return undefined;
  const age = now.getTime() - retired.since.getTime();
  // A time that is far ahead was not written by a right clock.
  if (age >= DAY_MS || age < -DAY_MS) return undefined;
  return retirement?.order === 'resumed' && retired.since <= retirement.at ? undefined : retired;
}

/**
 * Asks whether the run may retire one more account.
 * @returns `unknown` if the run could not read whether retiring has been stopped; `elsewhere` if only parts of other runs may
 */
export function takeRetirement(run: Run): 'yes' | 'stopped' | 'unknown' | 'elsewhere' {
  if (run.retireAtMost === undefined) return run.retiresElsewhere ? 'elsewhere' : 'unknown';
  if (run.retirements >= run.retireAtMost) return 'stopped';
  run.retirements += 1;
  return 'yes';
}

/**
 * When an account that another part of a run may retire is due again. Few parts may, so it can take some hours until one of them
 * has it (`docs/scale.md`). The time is random: at regular times it could miss them all, because they may come at regular times, too.
 */
export const nextTryElsewhere = ({ app }: Run): Date =>
  new Date(nowByStore(app).getTime() + ELSEWHERE_MS * (1 + app.clock.random()));

/** The account was not retired after all, because it changed first. */
export function giveRetirementBack(run: Run): void {
  run.retirements -= 1;
}

/** Stops the runs of all instances from retiring accounts, until an operator confirms it. Logs it once a run. */
export async function stopRetiring(run: Run): Promise<void> {
  if (run.retirementStopped) return;
  run.retirementStopped = true;
  const { app, operation } = run;
  const { sharedState, clock } = app;
  let wasStopped = false;
  try {
    // An operator may have confirmed or resumed it since this run began. The accounts then wait for a later run.
    const { retirement } = await sharedState.lastRun(operation.signal);
    if (isConfirmed(retirement, clock.now())) return;
    if (retirement?.order === 'resumed' && retirement.at >= run.begunAt) return;
    wasStopped = retirement?.order === 'stopped';
    if (!wasStopped) {
      await sharedState.orderRetirement({ order: 'stopped', at: clock.now() }, operation.signal);
    }
  } catch (error) {
    // The next run meets its own ceiling, and tries to record it again.
    operation.log({ event: 'sweep.not-recorded', error: nameOfError(error) });
  }
  const why = wasStopped
    ? 'Since an earlier run met more accounts than usual, no run retires anybody.'
    : 'More accounts than usual are due to be retired.';
  operation.log({ event: 'sweep.retirement-stopped', retired: run.retirements, remedy: `${why} ${CHECK}` });
}

const isConfirmed = (retirement: LastRun['retirement'], now: Date): boolean =>
  // A confirmation lasts a day. One that lasts longer was not written by a right clock.
  retirement?.order === 'confirmed' &&
  now < retirement.until &&
  retirement.until.getTime() - now.getTime() <= 2 * DAY_MS;
