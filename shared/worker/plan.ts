import { nameOfError } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { readCooldowns } from '../tokens/storedCooldowns.ts';
import { SHARDS } from '../userId.ts';

/** One shard in which accounts are due. */
export type DueShard = {
  shard: string;
  /** When the account that has waited longest became due. */
  dueSince: Date;
};

/** What a run has to do. It holds values only, so a shard of it can be swept by another process. */
export type Plan = {
  /** When the run began. */
  begunAt: Date;
  /** The shards, the one that has waited longest first. */
  shards: readonly DueShard[];
  /** How many shards could not be read. */
  shardsFailed: number;
};

/**
 * Reads the cooldowns that other processes have begun, and asks all shards at once since when something is due. A shard
 * that cannot be read is logged; the next run reads it again.
 */
export async function plan(app: App, operation: Operation): Promise<Plan> {
  const { accounts, clock } = app;
  const { log, signal } = operation;
  const begunAt = clock.now();
  await readCooldowns(app, operation);

  async function ask(shard: string): Promise<DueShard | 'nothing-due' | 'failed'> {
    try {
      const dueSince = await accounts.dueSince(shard, clock.now(), signal);
      return dueSince === undefined ? 'nothing-due' : { shard, dueSince };
    } catch (error) {
      if (!signal?.aborted) log({ event: 'sweep.shard-failed', shard, error: nameOfError(error) });
      return 'failed';
    }
  }

  const answers = await Promise.all(SHARDS.map(ask));
  const shards = answers.filter((one) => typeof one === 'object');
  return {
    begunAt,
    shards: shards.sort((one, other) => one.dueSince.getTime() - other.dueSince.getTime()),
    shardsFailed: signal?.aborted ? 0 : answers.filter((one) => one === 'failed').length,
  };
}
