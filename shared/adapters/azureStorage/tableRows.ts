import { odata, TableClient } from '@azure/data-tables';
import { type Clock, systemClock } from '../../clock.ts';
import { isLoopback } from '../../isLoopback.ts';
import type { RowKeyRange } from './rowKeys.ts';
import type { TableAccess } from './storageAccess.ts';
import { BUSY_FOR_MS, codeOf, hasStatus, type StorageCall } from './storageCall.ts';

export type TableOptions = TableAccess & {
  /** Default `accountActivity`. The first write creates the table if it does not exist. */
  tableName?: string;
  /** Measures the time limit of each operation. Default: the platform's clock. */
  clock?: Clock;
  /** Makes a client of the table, such as one of a model of the service. Default: the SDK's. */
  connect?: () => TableClient;
};

const RETRIES = { retryOptions: { maxRetries: 2, retryDelayInMs: 200, maxRetryDelayInMs: 1_000 } };

export function connectTable({
  tableName = 'accountActivity',
  connect,
  ...access
}: TableOptions): TableClient {
  if (connect !== undefined) return connect();
  if ('credential' in access) {
    return new TableClient(access.tableServiceUri, tableName, access.credential, RETRIES);
  }
  const { url } = TableClient.fromConnectionString(access.connectionString, tableName);
  return TableClient.fromConnectionString(access.connectionString, tableName, {
    allowInsecureConnection: isLoopback(new URL(url)),
    ...RETRIES,
  });
}

/** What the answers of the service say beside their content. */
export type Watched = {
  /** How far the service's clock is ahead, in milliseconds; undefined before the first answer. */
  clockAheadMs(): number | undefined;
  /** Whether the service has asked for fewer requests within the last ten seconds. */
  isBusy(): boolean;
};

/**
 * Compares the `Date` of every answer with the platform's clock, and not with `clock`, because a wrong clock of this machine would make every
 * account look old. Notes each 503, also those that the SDK's own retries hide
 * (https://learn.microsoft.com/rest/api/storageservices/table-service-error-codes).
 */
export function watchAnswers(table: TableClient, clock: Clock): Watched {
  let aheadMs: number | undefined;
  let busyUntil = Number.NEGATIVE_INFINITY;
  table.pipeline.addPolicy(
    {
      name: 'watchAnswers',
      async sendRequest(request, next) {
        const response = await next(request);
        const date = Date.parse(response.headers.get('date') ?? '');
        if (!Number.isNaN(date)) aheadMs = date - systemClock.now().getTime();
        if (response.status === 503) busyUntil = clock.elapsed() + BUSY_FOR_MS;
        return response;
      },
    },
    // Closest to the wire, where an answer that refuses is not an error yet.
    { afterPhase: 'Retry' },
  );
  return { clockAheadMs: () => aheadMs, isBusy: () => clock.elapsed() < busyUntil };
}

/** Runs a write. If the table does not exist, creates it and runs the write again. */
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

/** Reads one row; undefined if it, or the table, does not exist. */
export async function rowAt(
  table: TableClient,
  partitionKey: string,
  rowKey: string,
  abortSignal: AbortSignal,
) {
  try {
    return await table.getEntity(partitionKey, rowKey, { abortSignal });
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

export type TableRow = Record<string, unknown> & { rowKey: string; etag: string };

type RangeOptions = {
  /** How many rows one request reads, at most 1,000. */
  pageSize: number;
  /** The columns to read, by the names that the service has for them. Default: all. */
  columns?: string[];
};

/**
 * Reads the rows of one partition whose row keys are in a range, in order. Pages are read on demand.
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function* rowsBetween(
  { table, call }: { table: TableClient; call: StorageCall },
  partitionKey: string,
  { after, before }: RowKeyRange,
  { pageSize, columns }: RangeOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<TableRow> {
  const queryOptions = {
    filter: odata`PartitionKey eq ${partitionKey} and RowKey gt ${after} and RowKey lt ${before}`,
    ...(columns && { select: columns }),
  };

  async function readPage(continuationToken: string | undefined, abortSignal: AbortSignal) {
    const pages = table
      .listEntities({ queryOptions, abortSignal })
      .byPage({ maxPageSize: pageSize, ...(continuationToken === undefined ? {} : { continuationToken }) });
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
    // An empty page is not always the last one.
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined);
}
