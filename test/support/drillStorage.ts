import { createSealer } from '../../shared/adapters/seal.ts';
import { readConfig } from '../../shared/config.ts';
import type { Account } from '../../shared/ports.ts';
import { isTombstone } from '../../shared/rules/schedule.ts';
import { dueRowKey, SHARDS, type UserId } from '../../shared/userId.ts';
import { collect } from './collect.ts';
import type { DrillApp } from './drillApp.ts';

/** All that is kept of everybody, and what is wrong with it. */
export type Kept = {
  accounts: Map<UserId, Account>;
  dueRows: { userId: UserId; rowKey: string }[];
  caches: UserId[];
  /** Empty when each row has its one due row, and each cache opens and belongs to a row's connection. */
  faults: string[];
  /** Caches of users who are signed off. */
  leftovers: UserId[];
};

const THE_END = new Date('9999-01-01T00:00:00Z');

export async function readKept(app: DrillApp, settings: Record<string, string>): Promise<Kept> {
  const sealer = createSealer(readConfig(settings).cacheKeys);
  const inAllShards = async <T>(read: (shard: string) => AsyncIterable<T>) =>
    (await Promise.all(SHARDS.map((shard) => collect(read(shard))))).flat();
  const rows = await inAllShards((shard) => app.accounts.list(shard));
  const accounts = new Map(rows.map((account) => [account.userId, account]));
  const dueRows = await inAllShards((shard) => app.accounts.due(shard, THE_END));
  const caches = await collect(app.tokenCache.list());

  const named = rows.map((account) => dueRowKey(account.dueAt, account.userId));
  const standing = dueRows.map(({ rowKey }) => rowKey);
  const faults = [
    ...named.filter((key) => !standing.includes(key)).map((key) => `no due row ${key}`),
    ...standing.filter((key) => !named.includes(key)).map((key) => `stray due row ${key}`),
  ];
  const leftovers: UserId[] = [];
  for (const userId of caches) {
    const account = accounts.get(userId);
    const stored = await app.tokenCache.read(userId);
    const opened = stored && (await sealer.open(userId, stored.sealed));
    if (!opened?.ok) faults.push(`unreadable cache ${userId}`);
    else if (account === undefined) faults.push(`cache without a row ${userId}`);
    else if (isTombstone(account.state)) leftovers.push(userId);
    else if (opened.generation !== account.generation) faults.push(`cache of another connection ${userId}`);
  }
  return { accounts, dueRows, caches, faults, leftovers };
}
