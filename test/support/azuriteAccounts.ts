import { randomUUID } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import type { Azurite } from '../../dev/azurite.ts';
import { createTableAccounts } from '../../shared/adapters/azureStorage/tableAccounts.ts';

/** A name that a container and a table may have. */
export const uniqueName = (): string => `t${randomUUID().replaceAll('-', '')}`;

/** An account store over a new table, and the table itself for what the port does not show. */
export function openAzuriteAccounts({ connectionString }: Pick<Azurite, 'connectionString'>) {
  const tableName = uniqueName();
  const table = TableClient.fromConnectionString(connectionString, tableName, {
    allowInsecureConnection: true,
  });
  return {
    // Small pages, so that a handful of users already needs several.
    store: createTableAccounts({ connectionString, tableName, pageSize: 2 }),
    table,
    tableName,
    async dueRowKeys(): Promise<string[]> {
      await table.createTable();
      const keys: string[] = [];
      for await (const { rowKey = '' } of table.listEntities())
        if (rowKey.startsWith('due|')) keys.push(rowKey);
      return keys.sort();
    },
    async putDueRow(partitionKey: string, rowKey: string): Promise<void> {
      await table.createTable();
      await table.upsertEntity({ partitionKey, rowKey }, 'Replace');
    },
    async dropDueRow(partitionKey: string, rowKey: string): Promise<void> {
      await table.deleteEntity(partitionKey, rowKey);
    },
  };
}
