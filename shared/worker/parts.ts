import type { RunPart, Services } from '../ports.ts';
import { isGuid } from '../userId.ts';
import type { DueShard, Plan } from './plan.ts';
import type { RunLimits } from './run.ts';

/** After so many runs whose parts did nothing, a run sweeps its shards itself, too, until a part ends again. */
const UNANSWERED_RUNS = 3;

/** @returns the parts of a run, or none if so few accounts are due that one process is enough */
export function partsOf(
  { clock, runs }: Pick<Services, 'clock' | 'runs'>,
  { due, shards }: Pick<Plan, 'due' | 'shards'>,
  forMs: number,
): RunPart[] {
  if (runs.splitAbove === 0 || due === undefined || due <= runs.splitAbove) return [];
  const runId = clock.newId();
  const deadline = new Date(clock.now().getTime() + forMs).toISOString();
  return shards.map(({ shard }) => ({ v: 1, runId, shard, deadline, share: shards.length }));
}

/** Whether the parts of the runs before were not swept by anybody. */
export const arePartsLost = ({ unansweredRuns = 0 }: Pick<Plan, 'unansweredRuns'>): boolean =>
  unansweredRuns >= UNANSWERED_RUNS;

/** What a message says, if it is a part that this release knows, of a shard of this store. */
export function readPart(message: unknown, shards: readonly string[]): RunPart | undefined {
  const { v, runId, shard, deadline, share } = (message ?? {}) as Partial<Record<keyof RunPart, unknown>>;
  const isPart =
    v === 1 &&
    typeof runId === 'string' &&
    // It is logged.
    isGuid(runId) &&
    typeof shard === 'string' &&
    shards.includes(shard) &&
    typeof deadline === 'string' &&
    !Number.isNaN(Date.parse(deadline)) &&
    typeof share === 'number' &&
    Number.isSafeInteger(share) &&
    share >= 1 &&
    share <= shards.length;
  return isPart ? { v, runId, shard, deadline, share } : undefined;
}

/**
 * Whether this part may retire accounts. One part of a run may, because the parts would all count from the same number, and so
 * exceed the ceiling together. The accounts of other shards wait until their part is chosen.
 */
export const mayRetire = ({ runId, shard }: RunPart, shards: readonly string[]): boolean =>
  shards.indexOf(shard) === Number.parseInt(runId.slice(0, 8), 16) % shards.length;

/** How long a part may lease accounts: as long as a run, and not after its deadline. 0 or less: it is too late. */
export const leftFor = ({ deadline }: RunPart, now: Date, { runForMs }: RunLimits): number =>
  Math.min(runForMs, Date.parse(deadline) - now.getTime());

/** How long the account of these shards that has waited longest has been due, in milliseconds. */
export const longestWait = (shards: readonly DueShard[], now: Date): number =>
  Math.max(0, ...shards.map(({ dueSince }) => now.getTime() - dueSince.getTime()));
