import { randomUUID } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import type { Azurite } from '../../dev/azurite.ts';
import { dueRowKey, timeOfDueRowKey, userOfDueRowKey } from '../../shared/adapters/azureStorage/rowKeys.ts';
import { createTableAccounts } from '../../shared/adapters/azureStorage/tableAccounts.ts';
import { shardOf } from '../../shared/adapters/shards.ts';
import type { Clock } from '../../shared/clock.ts';
import type { UserId } from '../../shared/userId.ts';
import {
  type AccountStoreUnderTest,
  createStoreClock,
  type IndexEntry,
  inOrder,
} from './accountStoreUnderTest.ts';

/** A name that a container and a table may have. */
export const uniqueName = (): string => `t${randomUUID().replaceAll('-', '')}`;

type Options = {
  /** Small, so that a handful of users already needs several pages. Default 2. */
  pageSize?: number;
  /** Default: one that only the test moves. */
  clock?: Clock;
};

/** An account store over a new table, and the table itself for what the port does not show. */
export function openAzuriteAccounts(
  { connectionString }: Pick<Azurite, 'connectionString'>,
  { pageSize = 2, clock: given }: Options = {},
) {
  const tableName = uniqueName();
  const table = TableClient.fromConnectionString(connectionString, tableName, {
    allowInsecureConnection: true,
  });
  const clock = createStoreClock();
  const store = createTableAccounts({ connectionString, tableName, pageSize, clock: given ?? clock });
  const rowOf = (userId: UserId, at: Date) => ({
    partitionKey: shardOf(userId),
    rowKey: dueRowKey(at, userId),
  });

  let made: Promise<void> | undefined;
  /** The store makes the table at its first write, which may come later. */
  const make = () => {
    made ??= table.createTable();
    return made;
  };
  async function rows() {
    await make();
    return Array.fromAsync(table.listEntities());
  }

  const index: AccountStoreUnderTest['index'] = {
    async entries() {
      const entries = (await rows()).flatMap(({ rowKey = '' }): IndexEntry[] => {
        const [userId, at] = [userOfDueRowKey(rowKey), timeOfDueRowKey(rowKey)];
        return userId === undefined || at === undefined ? [] : [{ userId, at }];
      });
      return inOrder(entries);
    },
    async put(userId, at) {
      await make();
      await table.upsertEntity(rowOf(userId, at), 'Replace');
    },
    async drop(userId, at) {
      const { partitionKey, rowKey } = rowOf(userId, at);
      await table.deleteEntity(partitionKey, rowKey);
    },
    async snapshot() {
      return (await rows()).map(({ etag: _, timestamp: __, partitionKey = '', rowKey = '', ...columns }) => {
        return async () => {
          await table.upsertEntity({ partitionKey, rowKey, ...columns }, 'Replace');
        };
      });
    },
  };
  return { store, clock, index, table, tableName };
}
