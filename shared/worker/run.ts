import type { Failure } from '../errors.ts';
import { createSlots, type Slots } from '../forEachAtOnce.ts';
import type { SweepSummary } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import type { Task } from './defineTask.ts';
import { createLeftovers, type Leftovers } from './leftovers.ts';
import { UNKNOWN_KEY } from './refreshUser.ts';

export type RunLimits = {
  /** Checks at a time. */
  concurrency: number;
  /** After this no further account is leased; the checks that have begun are finished. */
  runForMs: number;
  /** How long a lease holds if its run dies. Longer than any run. */
  leaseForMs: number;
  /** After this even what was begun is ended, in case it hangs. */
  endAfterMs: number;
};

/** A timer does not overlap itself: a run that is not over within a minute makes the next ones wait. */
export const RUN_LIMITS: RunLimits = {
  concurrency: 16,
  runForMs: 50_000,
  leaseForMs: 300_000,
  endAfterMs: 65_000,
};

/** What the shards of one run share while they are swept side by side. */
export type Run = {
  app: App;
  operation: Operation;
  tasks: readonly Task[];
  limits: RunLimits;
  begunAt: Date;
  slots: Slots;
  leftovers: Leftovers;
  summary: SweepSummary;
  /** Codes of our own faults that this run has logged. */
  faults: Set<string>;
  /** True once any cache has opened. A missing key then concerns single users, not the whole deployment. */
  cacheOpened: boolean;
  /** True once Entra gave a token to our credential. A refusal that may be the credential's is then its tenant's. */
  credentialAccepted: boolean;
};

export function beginRun(
  app: App,
  operation: Operation,
  tasks: readonly Task[],
  begunAt: Date,
  limits: RunLimits,
): Run {
  return {
    app,
    operation,
    tasks,
    limits,
    begunAt,
    slots: createSlots(limits.concurrency),
    leftovers: createLeftovers(app, operation),
    summary: emptySummary(app.clock.newId()),
    faults: new Set(),
    cacheOpened: false,
    credentialAccepted: false,
  };
}

/** Whether no further account is to be leased; if its time is over, the summary says so. */
export function isOver({ app, operation, limits, begunAt, summary }: Run): boolean {
  const elapsed = app.clock.now().getTime() - begunAt.getTime();
  if (summary.stoppedBy === 'done' && (elapsed >= limits.runForMs || operation.signal?.aborted)) {
    summary.stoppedBy = 'deadline';
  }
  return summary.stoppedBy !== 'done';
}

/**
 * Decides whether a fault of our own concerns everybody, and stops the run if it does. With one cache's key missing the run
 * goes on if other caches did open; with our credential refused for one tenant it goes on if others accepted it.
 */
export function stopsFor(run: Run, { code, unsure }: Failure): boolean {
  const { faults, summary } = run;
  const stops = code === UNKNOWN_KEY ? !run.cacheOpened : !(unsure && run.credentialAccepted);
  if (faults.has(code) || summary.stoppedBy === 'misconfigured') return stops;
  faults.add(code);
  if (stops) summary.stoppedBy = 'misconfigured';
  run.operation.log({ event: 'sweep.misconfigured', code, remedy: remedyOf(code, stops), stops });
  return stops;
}

function remedyOf(code: string, stops: boolean): string {
  if (code === UNKNOWN_KEY) {
    return 'A cache is sealed with a key that TOKEN_CACHE_KEYS lacks. Put that key back; nobody was marked.';
  }
  return stops
    ? `Entra refuses this application itself (${code}). Renew ENTRA_CLIENT_SECRET, or mend its registration if docs/runbook.md says so of this code; nobody was marked.`
    : `Entra refuses this application (${code}) in one tenant and accepts its credential elsewhere. Ask that tenant's administrators whether they removed or blocked it; nobody was marked.`;
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
