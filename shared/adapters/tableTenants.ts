import type { TenantStore } from '../ports.ts';
import { isGuid, wholeSecond } from '../userId.ts';
import { hasStatus, storageCall } from './storageCall.ts';
import { connectTable, inTable, rowsBetween, type TableOptions } from './tableRows.ts';

/** Beside the accounts' partitions, which are named by one hexadecimal digit. */
const PARTITION = 'tenants';
const PAGE_SIZE = 1_000;

/** One row for each tenant that is left in peace: `tenant|<tid>`, until when. */
export function createTableTenants(options: TableOptions): TenantStore {
  const table = connectTable(options);

  async function forget(rowKey: string, etag: string, abortSignal: AbortSignal): Promise<void> {
    try {
      await table.deleteEntity(PARTITION, rowKey, { etag, abortSignal });
    } catch (error) {
      if (!hasStatus(error, 404, 412)) throw error;
    }
  }

  return {
    cool: (tid, until, signal) =>
      storageCall(
        'accounts',
        async (abortSignal) => {
          const row = { partitionKey: PARTITION, rowKey: `tenant|${tid}`, until: wholeSecond(until) };
          await inTable(table, () => table.upsertEntity(row, 'Replace', { abortSignal }), abortSignal);
        },
        signal,
      ),

    async cooling(now, signal) {
      const tenants = new Map<string, Date>();
      const range = { from: 'tenant|', to: 'tenant}' };
      for await (const { rowKey, until, etag } of rowsBetween(table, PARTITION, range, PAGE_SIZE, signal)) {
        const tid = rowKey.slice(range.from.length);
        if (isGuid(tid) && until instanceof Date && until > now) tenants.set(tid, until);
        else await storageCall('accounts', (abortSignal) => forget(rowKey, etag, abortSignal), signal);
      }
      return tenants;
    },
  };
}
