import type { Finding } from '../accountStore.ts';
import type { Failure } from '../errors.ts';
import { createSlots, type Slots } from '../forEachAtOnce.ts';
import type { SweepSummary } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Task } from './defineTask.ts';
import { createPace, type Pace } from './pace.ts';
import type { Plan } from './plan.ts';

/** The only `misconfigured` code that may concern a single cache. */
export const UNKNOWN_KEY = 'cache_unknown_key';

export type RunLimits = {
  /** How many checks run at the same time. */
  concurrency: number;
  /** After this time no further account is leased. Checks that have begun are finished. */
  runForMs: number;
  /** How long a lease lasts if its run dies. It is longer than any run. */
  leaseForMs: number;
  /** After this time the checks that have begun are aborted, too, because they may hang. */
  endAfterMs: number;
  /** The time limit of one delivery of a notice. It is far shorter than a lease. */
  noticeForMs: number;
};

/** A timer function never runs twice at the same time, so a run of more than a minute delays the next one. */
export const RUN_LIMITS: RunLimits = {
  concurrency: 16,
  runForMs: 50_000,
  leaseForMs: 300_000,
  endAfterMs: 65_000,
  noticeForMs: 10_000,
};

/** What all shards of one run share. They are swept at the same time. */
export type Run = {
  app: App;
  operation: Operation;
  tasks: readonly Task[];
  limits: RunLimits;
  begunAt: Date;
  slots: Slots;
  summary: SweepSummary;
  /** The `misconfigured` codes that this run has logged. */
  faults: Set<string>;
  /** Caches that are sealed with a key which `TOKEN_CACHE_KEYS` lacks. */
  cachesWithoutKey: number;
  /** True once Entra has accepted our credential. An uncertain refusal of it then concerns one tenant only. */
  credentialAccepted: boolean;
  /** How many accounts the run may retire; undefined if that could not be read. */
  retireAtMost: number | undefined;
  /** True if this is a part of a run that may retire nobody, and parts of other runs may soon. */
  retiresElsewhere: boolean;
  /** How many accounts the run has retired, or is retiring. */
  retirements: number;
  /** True once the run has met its ceiling. */
  retirementStopped: boolean;
  /** True once the run has logged that the clocks differ. */
  clockLogged: boolean;
  /** True once the run has logged that the store asks for fewer requests. */
  busyLogged: boolean;
  pace: Pace;
  /** The checks that wait for a turn at the token endpoint, and what resolves when the next of them goes on. */
  line: { waiting: number; nextLeaves: { promise: Promise<undefined>; resolve: (value: undefined) => void } };
  /** How many checks had no turn at the token endpoint, and were left to later runs. */
  putOff: number;
};

export function beginRun(
  app: App,
  operation: Operation,
  tasks: readonly Task[],
  {
    begunAt,
    shardsFailed,
    retireAtMost,
    retiresElsewhere = false,
    share = 1,
    place = 0,
  }: Pick<Plan, 'begunAt' | 'shardsFailed' | 'retireAtMost' | 'retiresElsewhere' | 'share' | 'place'>,
  limits: RunLimits,
): Run {
  return {
    app,
    operation,
    tasks,
    limits,
    begunAt,
    slots: createSlots(limits.concurrency),
    summary: { ...emptySummary(app.clock.newId()), shardsFailed },
    faults: new Set(),
    cachesWithoutKey: 0,
    credentialAccepted: false,
    retireAtMost,
    retiresElsewhere,
    retirements: 0,
    retirementStopped: false,
    clockLogged: false,
    busyLogged: false,
    pace: createPace(app.clock, app.runs.tokenRequestsPerSecond, share, place),
    line: { waiting: 0, nextLeaves: Promise.withResolvers() },
    putOff: 0,
  };
}

/** Records in the summary if the run's time is over. @returns true if the run must lease no further account */
export function endIfOver({ app, operation, limits, begunAt, summary }: Run): boolean {
  const elapsed = app.clock.now().getTime() - begunAt.getTime();
  if (summary.stoppedBy === 'done' && (elapsed >= limits.runForMs || operation.signal?.aborted)) {
    summary.stoppedBy = 'deadline';
  }
  return summary.stoppedBy !== 'done';
}

/**
 * Records a `misconfigured` failure, and stops the run if it concerns every account. A missing key never
 * stops the run, because it says nothing about the next cache. A refused credential does not stop it if the refusal is not
 * sure and Entra has accepted the credential elsewhere.
 * @returns true if the run stops
 */
export function recordMisconfigured(run: Run, failure: Failure): boolean {
  const { code, unsure } = failure;
  const { faults, summary } = run;
  if (code === UNKNOWN_KEY) {
    run.cachesWithoutKey += 1;
    return false;
  }
  const stops = !(unsure && run.credentialAccepted);
  if (faults.has(code) || summary.stoppedBy === 'misconfigured') return stops;
  faults.add(code);
  if (stops) summary.stoppedBy = 'misconfigured';
  run.operation.log({ event: 'sweep.misconfigured', code, remedy: remedyOf(failure, stops), stops });
  return stops;
}

/** Logs once for the whole run that nothing is retired or erased, because the clocks differ. */
export function logClock(run: Run): void {
  if (run.clockLogged) return;
  run.clockLogged = true;
  const aheadMs = run.app.accounts.clockAheadMs?.() ?? 0;
  const remedy =
    "This machine's clock and the storage account's differ by more than five minutes. Set the clock. Until then no account is retired or erased.";
  run.operation.log({ event: 'sweep.clock-differs', aheadMs, remedy });
}

/** Logs what the store found while it read its index, unless it is normal. */
export function logFinding({ app, operation }: Run, { userId, found }: Finding): void {
  const user = app.logId(userId);
  if (found === 'repaired') operation.log({ event: 'index.repaired', user });
  if (found === 'damaged') operation.log({ event: 'account.damaged', user });
}

/** Logs once for the whole run how many caches lacked their key. */
export function logMissingKeys({ cachesWithoutKey: count, operation }: Run): void {
  if (count === 0) return;
  const remedy =
    'These caches are sealed with keys that are not in TOKEN_CACHE_KEYS. Put the keys back. No user was marked.';
  operation.log({ event: 'sweep.misconfigured', code: UNKNOWN_KEY, remedy, stops: false, count });
}

/** Logs once for the whole run how many checks were left to later runs. */
export function logPutOff({ putOff: count, operation }: Run): void {
  if (count > 0) operation.log({ event: 'sweep.no-turn', count });
}

function remedyOf({ code, remedy }: Failure, stops: boolean): string {
  const forAll = remedy ?? `Entra refuses this application (${code}). See docs/runbook.md, "The credential".`;
  return stops
    ? `${forAll} No user was marked.`
    : `Entra refuses this application (${code}) in one tenant, but accepts its credential in others. Ask that tenant's administrators whether they removed or blocked the application. No user was marked.`;
}

const emptySummary = (runId: string): SweepSummary => ({
  runId,
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
