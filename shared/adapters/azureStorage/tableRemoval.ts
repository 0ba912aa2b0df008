import type { TableClient, TransactionAction } from '@azure/data-tables';
import { hasStatus, type StorageCall, StorageError } from './storageCall.ts';
import { connectTable, type TableOptions } from './tableRows.ts';

/** The most actions of one entity-group transaction. */
export const MAX_REMOVED_AT_ONCE = 100;

type VersionedRow = { rowKey: string; etag: string };
type Policy = Parameters<TableClient['pipeline']['addPolicy']>[0];

/**
 * Deletes a row, unless it changed since it was read.
 * @returns false if it changed, or no longer exists
 */
export async function removeRow(
  table: TableClient,
  partitionKey: string,
  { rowKey, etag }: VersionedRow,
  abortSignal: AbortSignal,
): Promise<boolean> {
  try {
    await table.deleteEntity(partitionKey, rowKey, { etag, abortSignal });
    return true;
  } catch (error) {
    if (hasStatus(error, 404, 412)) return false;
    throw error;
  }
}

/**
 * Deletes those rows of one partition that have not changed since they were read. One request deletes a hundred rows. If
 * one of them changed, the service refuses the whole request, and the rows are deleted one by one.
 * @throws {UnavailableError} the store cannot be reached.
 */
export async function removeRows(
  { call, ...options }: TableOptions & { call: StorageCall },
  partitionKey: string,
  rows: readonly VersionedRow[],
  signal: AbortSignal | undefined,
): Promise<void> {
  for (let from = 0; from < rows.length; from += MAX_REMOVED_AT_ONCE) {
    const batch = rows.slice(from, from + MAX_REMOVED_AT_ONCE);
    const table = connectTable(options);
    table.pipeline.addPolicy(onlyIfUnchanged(batch));
    const refused = await call(async (abortSignal) => {
      const actions = batch.map(({ rowKey }): TransactionAction => ['delete', { partitionKey, rowKey }]);
      try {
        await table.submitTransaction(actions, { abortSignal });
        return [];
      } catch (error) {
        if (hasStatus(error, 404, 412)) return batch;
        throw error;
      }
    }, signal);
    for (const row of refused) {
      await call((abortSignal) => removeRow(table, partitionKey, row, abortSignal), signal);
    }
  }
}

/**
 * The SDK's transactions delete any version of a row. This policy replaces the condition of each deletion by the ETag of
 * its row, in the order of the rows. It throws if a row has no condition to replace.
 */
function onlyIfUnchanged(rows: readonly VersionedRow[]): Policy {
  return {
    name: 'onlyIfUnchanged',
    sendRequest(request, next) {
      if (!new URL(request.url).pathname.endsWith('/$batch')) return next(request);
      const etags = rows.map(({ etag }) => etag);
      const body = String(request.body).replace(/^If-Match: \*(?=\r?$)/gim, (any) => {
        const etag = etags.shift();
        return etag === undefined ? any : `If-Match: ${etag}`;
      });
      if (etags.length > 0) throw new StorageError('NoCondition', undefined);
      request.body = body;
      // The SDK has already set this header for the old body.
      request.headers.set('Content-Length', Buffer.byteLength(body));
      return next(request);
    },
  };
}
