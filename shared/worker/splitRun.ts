import { nameOfError, type SweepSummary } from '../log.ts';
import type { HandOver, Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { readCooldowns } from '../tokens/storedCooldowns.ts';
import type { Task } from './defineTask.ts';
import { arePartsLost, leftFor, longestWait, mayRetire, partsOf, readPart } from './parts.ts';
import type { Plan } from './plan.ts';
import { hasNoCeiling, retireAtMost, retiredToday } from './retirement.ts';
import type { RunLimits } from './run.ts';
import { sweep } from './sweep.ts';

/** The host sends the messages only when the run has ended, and they are soon too late. So the audit of such a run is cut off. */
const HANDED_OVER_WITHIN_MS = 10_000;

/**
 * Sweeps a plan in this process, or hands its shards to others if there are too many due accounts for one. Then this process goes
 * on with the audit alone. If nobody has swept the parts of the last runs, it sweeps all shards itself, too.
 * @param handOver undefined if there is nobody to hand them to
 */
export async function sweepOrSplit(
  app: App,
  operation: Operation,
  tasks: readonly Task[],
  planned: Plan,
  { limits, handOver }: { limits: RunLimits; handOver?: HandOver | undefined },
): Promise<SweepSummary> {
  const areLost = arePartsLost(planned);
  // Who hands parts over may do so when this run has ended. If it sweeps, that is a whole run later.
  const parts =
    handOver === undefined ? [] : partsOf(app, planned, areLost ? 2 * limits.runForMs : limits.runForMs);
  const [first] = parts;
  if (handOver === undefined || first === undefined) {
    // Parts that were lost before do not matter to the next run that is split, which may be weeks later.
    return sweep(app, operation, tasks, planned, limits, planned.unansweredRuns ? { unansweredRuns: 0 } : {});
  }
  handOver(parts);
  const { runId } = first;
  operation.log({ event: 'sweep.split', runId, parts: parts.length, due: planned.due ?? 0, areLost });
  const here = areLost ? planned : { ...planned, shards: [] };
  const endAfterMs = Math.min(limits.endAfterMs, HANDED_OVER_WITHIN_MS);
  const limitsHere = areLost ? limits : { ...limits, endAfterMs };
  return sweep(app, operation, tasks, here, limitsHere, {
    lagMs: longestWait(planned.shards, planned.begunAt),
    // A run that sweeps itself ends late. Parts of the run before may have ended since it began, and they have set this to 0.
    ...(!areLost && { unansweredRuns: (planned.unansweredRuns ?? 0) + 1 }),
  });
}

/**
 * Sweeps one part of a run. A part that comes twice, or while another run sweeps the same shard, meets the leases of the other
 * one. A part that is too late ends without any call.
 * @returns undefined if nothing was swept, which is logged
 */
export async function sweepPart(
  app: App,
  operation: Operation,
  tasks: readonly Task[],
  message: unknown,
  limits: RunLimits,
): Promise<SweepSummary | undefined> {
  const { shards } = app.accounts;
  const part = readPart(message, shards);
  if (part === undefined) {
    operation.log({ event: 'part.unknown' });
    return undefined;
  }
  const { runId, shard, share } = part;
  const begunAt = app.clock.now();
  const runForMs = leftFor(part, begunAt, limits);
  if (runForMs <= 0) {
    operation.log({ event: 'part.late', runId, shard, ms: Math.abs(runForMs) });
    return undefined;
  }
  const [retiring] = await Promise.all([
    retiringOf(app, operation, mayRetire(part, shards), limits),
    readCooldowns(app, operation),
  ]);
  const planned = {
    begunAt,
    shards: [{ shard, dueSince: begunAt }],
    shardsFailed: 0,
    share,
    place: shards.indexOf(shard) / shards.length,
    audit: undefined,
  };
  const ofPart = { ...limits, runForMs };
  return sweep(app, operation, tasks, { ...planned, ...retiring }, ofPart, {
    part: runId,
    unansweredRuns: 0,
  });
}

type Retiring = Pick<Plan, 'retireAtMost' | 'retired' | 'retiresElsewhere'>;

/**
 * A queue may deliver a part twice, even at the same time, and both would count from the same number. So after a part has begun to
 * retire accounts, no other one may begin for twice the time that a part takes at most. By then the first one has ended, and has
 * recorded how many it retired. While an operator has lifted the ceiling, every part may retire accounts.
 */
async function retiringOf(
  { sharedState, clock }: App,
  { log, signal }: Operation,
  isChosen: boolean,
  { endAfterMs }: RunLimits,
): Promise<Retiring> {
  try {
    const { begun, last } = isChosen
      ? await sharedState.beginRetiring(2 * endAfterMs, signal)
      : { begun: false, last: await sharedState.lastRun(signal) };
    const now = clock.now();
    const atMost = retireAtMost(last, now);
    return begun || hasNoCeiling(atMost)
      ? { retireAtMost: atMost, retired: retiredToday(last, now) }
      : { retireAtMost: undefined, retired: undefined, retiresElsewhere: atMost > 0 };
  } catch (error) {
    log({ event: 'sweep.last-run-not-read', error: nameOfError(error) });
    return { retireAtMost: undefined, retired: undefined };
  }
}
