import { nameOfError } from '../log.ts';
import type { DueRow, Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { readCooldowns } from '../tokens/storedCooldowns.ts';
import { SHARDS, timeOfDueRowKey } from '../userId.ts';

/** One shard in which accounts are due. */
export type DueShard = {
  shard: string;
  /** When the account that has waited longest became due. */
  dueSince: Date;
  /** Its due rows, the one that has waited longest first. Pages are read on demand, and only once. */
  due: AsyncIterable<DueRow>;
};

export type Plan = {
  /** When the run began. */
  begunAt: Date;
  /** The shards, the one that has waited longest first. */
  shards: readonly DueShard[];
  /** How many shards could not be read. */
  shardsFailed: number;
};

/**
 * Reads the cooldowns that other processes have begun, and asks all shards at once what is due. A shard that cannot be
 * read is logged; the next run reads it again.
 */
export async function plan(app: App, operation: Operation): Promise<Plan> {
  const { accounts, clock } = app;
  const { log, signal } = operation;
  const begunAt = clock.now();
  await readCooldowns(app, operation);
  const now = clock.now();

  async function ask(shard: string): Promise<DueShard | 'nothing-due' | 'failed'> {
    try {
      const rows = accounts.due(shard, now, signal)[Symbol.asyncIterator]();
      const first = await rows.next();
      if (first.done) return 'nothing-due';
      const dueSince = timeOfDueRowKey(first.value.rowKey) ?? now;
      return { shard, dueSince, due: startingWith(first.value, rows) };
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

async function* startingWith<T>(first: T, rest: AsyncIterator<T>): AsyncGenerator<T> {
  try {
    yield first;
    for (let item = await rest.next(); !item.done; item = await rest.next()) yield item.value;
  } finally {
    await rest.return?.();
  }
}
