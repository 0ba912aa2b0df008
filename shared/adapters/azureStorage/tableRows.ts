import { odata, TableClient } from '@azure/data-tables';
import type { Clock } from '../../clock.ts';
import { isLoopback } from '../../isLoopback.ts';
import { codeOf, type StorageCall } from './storageCall.ts';
import { readStorageConnection, type StorageConnection } from './storageConnection.ts';

export type TableOptions = {
  /** Of the storage account, or `UseDevelopmentStorage=true`. Without TLS on loopback alone. */
  connectionString: string;
  /** Made at the first write if it is not there. Default `accountActivity`. */
  tableName?: string;
  clock?: Clock;
};

/** Reads a connection string as {@link connectTable} takes it, and says what is wrong with it. */
export function readTableConnection(connectionString: string): StorageConnection {
  const connection = readStorageConnection(connectionString, 'Table');
  // The SDK takes the account's name from the address, and refuses a signature for an address that has none.
  if (!connection.ok || connection.accountName !== '') return connection;
  const { hostname, pathname } = connection.url;
  return hostname.split('.')[1] === 'table' || pathname !== '/'
    ? connection
    : {
        ok: false,
        problems: ['has a TableEndpoint without the account, which a SharedAccessSignature needs'],
      };
}

export function connectTable({ connectionString, tableName = 'accountActivity' }: TableOptions): TableClient {
  const { url } = TableClient.fromConnectionString(connectionString, tableName);
  return TableClient.fromConnectionString(connectionString, tableName, {
    allowInsecureConnection: isLoopback(new URL(url)),
    retryOptions: { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 },
  });
}

/** Writes, and makes the table first if it is not there yet. */
export async function inTable<T>(
  table: TableClient,
  write: () => Promise<T>,
  abortSignal: AbortSignal,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (codeOf(error) !== 'TableNotFound') throw error;
    await table.createTable({ abortSignal });
    return write();
  }
}

export type TableRow = Record<string, unknown> & { rowKey: string; etag: string };

/**
 * One partition's rows from one row key up to another, in order, read page by page as they are consumed.
 * @throws {UnavailableError}
 */
export async function* rowsBetween(
  { table, call }: { table: TableClient; call: StorageCall },
  partitionKey: string,
  { from, to }: { from: string; to: string },
  maxPageSize: number,
  signal: AbortSignal | undefined,
): AsyncGenerator<TableRow> {
  const filter = odata`PartitionKey eq ${partitionKey} and RowKey ge ${from} and RowKey lt ${to}`;

  async function readPage(continuationToken: string | undefined, abortSignal: AbortSignal) {
    const pages = table
      .listEntities({ queryOptions: { filter }, abortSignal })
      .byPage({ maxPageSize, ...(continuationToken === undefined ? {} : { continuationToken }) });
    try {
      const { value: page } = await pages.next();
      return { rows: page ?? [], continuationToken: page?.continuationToken };
    } catch (error) {
      if (codeOf(error) === 'TableNotFound') return { rows: [], continuationToken: undefined };
      throw error;
    }
  }

  let continuationToken: string | undefined;
  do {
    const page = await call((abortSignal) => readPage(continuationToken, abortSignal), signal);
    for (const row of page.rows) {
      if (row.rowKey !== undefined) yield { ...row, rowKey: row.rowKey };
    }
    // A page may be empty and yet not the last.
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
}
