import type { Account, AccountFields, AccountStore, DueRow } from '../../shared/ports.ts';
import { shardOf, type UserId } from '../../shared/userId.ts';

export type OpenAccountStore = () => {
  store: AccountStore;
  /** Row keys of the due rows of all shards, whoever put them there. */
  dueRowKeys(): Promise<string[]>;
  /** Puts a due row behind the store's back; one that is there gets a new ETag. */
  putDueRow(shard: string, rowKey: string): Promise<void>;
  /** Deletes a due row behind the store's back. */
  dropDueRow(shard: string, rowKey: string): Promise<void>;
};

/** After everything that tests make due. */
export const FAR = new Date('2100-01-01T00:00:00Z');

export function fieldsOf({ etag: _, ...fields }: Account): AccountFields {
  return fields;
}

export function dueRowsOf(store: AccountStore, shard: string, now = FAR): Promise<DueRow[]> {
  return Array.fromAsync(store.due(shard, now));
}

export async function dueRowOf(store: AccountStore, userId: UserId): Promise<DueRow | undefined> {
  return (await dueRowsOf(store, shardOf(userId))).find((row) => row.userId === userId);
}

/** A visit, and no more: the account has another last activity, and another version. */
export async function see(store: AccountStore, userId: UserId, at: Date): Promise<void> {
  const account = await store.read(userId);
  if (account !== undefined) await store.move(account, { ...account, lastActivity: at });
}

/** The claim, if there is anybody to be claimed. */
export async function claimOf(store: AccountStore, due: DueRow, lease: { runId: string; until: Date }) {
  const claimed = await store.claim(due, lease);
  return typeof claimed === 'object' ? claimed : undefined;
}
