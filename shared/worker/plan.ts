import { nameOfError } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { AuditProgress, BegunPlan, RetiredToday } from '../sharedState.ts';
import type { App } from '../tokens/app.ts';
import { readCooldowns } from '../tokens/storedCooldowns.ts';
import { retireAtMost, retiredToday } from './retirement.ts';

/** One shard in which accounts are due. */
export type DueShard = {
  shard: string;
  /** When the account that has waited longest became due. */
  dueSince: Date;
};

/** What a run has to do. It has only values, so another process can sweep a shard of it. */
export type Plan = {
  /** When the run began. */
  begunAt: Date;
  /** The shards, the one that has waited longest first. */
  shards: readonly DueShard[];
  /** How many shards could not be read. */
  shardsFailed: number;
  /** How many accounts are due, at least; undefined if runs are not split, so that nobody counted. */
  due?: number | undefined;
  /** For a part of a run: into how many parts it was split. Absent for a whole run. */
  share?: number;
  /** For a part of a run: where it stands among the parts, from 0 to less than 1. Parts that begin together then do not ask at once. */
  place?: number;
  /** How many runs in a row were split before this one, without one part that was swept since. */
  unansweredRuns?: number | undefined;
  /** How many accounts the run may retire; undefined if that could not be read. Then it retires nobody. */
  retireAtMost: number | undefined;
  /** For a part of a run: true if it may retire nobody, and parts of other runs may soon. */
  retiresElsewhere?: boolean;
  /** How many accounts earlier runs have retired in this day; undefined if they retired nobody, or it could not be read. */
  retired: RetiredToday | undefined;
  /** How far the audit has come; undefined if this run does not go on with it. */
  audit: AuditProgress | undefined;
};

/** Only one run audits within this time. Runs of several instances may begin in the same minute. */
const AUDIT_EVERY_MS = 45_000;
/** One page of the index. */
const COUNTED_AT_MOST = 1_000;

/**
 * Reads what other instances have written down, and asks all shards at once since when something is due. A shard that
 * cannot be read is logged; the next run reads it again.
 * @param begun what `beginPlan` answered, if the caller has called it
 */
export async function plan(app: App, operation: Operation, begun?: BegunPlan): Promise<Plan> {
  const { accounts, clock } = app;
  const { log, signal } = operation;
  const begunAt = clock.now();
  const [shared] = await Promise.all([readLastRun(app, operation, begun), readCooldowns(app, operation)]);

  const { splitAbove } = app.runs;
  const mayCount = splitAbove > 0 && accounts.dueIn !== undefined;
  let due = 0;

  async function sinceOf(shard: string): Promise<Date | undefined> {
    if (splitAbove === 0 || accounts.dueIn === undefined) return accounts.dueSince(shard, signal);
    const counted = await accounts.dueIn(shard, Math.min(splitAbove + 1, COUNTED_AT_MOST), signal);
    due += counted?.count ?? 0;
    return counted?.dueSince;
  }

  async function ask(shard: string): Promise<DueShard | 'nothing-due' | 'failed'> {
    try {
      const dueSince = await sinceOf(shard);
      return dueSince === undefined ? 'nothing-due' : { shard, dueSince };
    } catch (error) {
      if (!signal?.aborted) log({ event: 'sweep.shard-failed', shard, error: nameOfError(error) });
      return 'failed';
    }
  }

  const answers = await Promise.all(accounts.shards.map(ask));
  const shards = answers.filter((one) => typeof one === 'object');
  return {
    begunAt,
    shards: shards.sort((one, other) => one.dueSince.getTime() - other.dueSince.getTime()),
    shardsFailed: signal?.aborted ? 0 : answers.filter((one) => one === 'failed').length,
    ...(mayCount && { due }),
    ...shared,
  };
}

async function readLastRun(
  { sharedState, clock }: App,
  { log, signal }: Operation,
  begun: BegunPlan | undefined,
): Promise<Pick<Plan, 'retireAtMost' | 'retired' | 'audit' | 'unansweredRuns'>> {
  try {
    const { begun: isFirst, last } = begun ?? (await sharedState.beginPlan(AUDIT_EVERY_MS, signal));
    return {
      retireAtMost: retireAtMost(last, clock.now()),
      retired: retiredToday(last, clock.now()),
      audit: isFirst ? last.audit : undefined,
      ...(last.unansweredRuns !== undefined && { unansweredRuns: last.unansweredRuns }),
    };
  } catch (error) {
    if (!signal?.aborted) log({ event: 'sweep.last-run-not-read', error: nameOfError(error) });
    return { retireAtMost: undefined, retired: undefined, audit: undefined };
  }
}
