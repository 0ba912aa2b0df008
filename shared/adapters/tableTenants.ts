import type { TenantStore } from '../ports.ts';
import { isGuid, wholeSecond } from '../userId.ts';
import { storageCall } from './storageCall.ts';
import { MAX_REMOVED_AT_ONCE, removeRows } from './tableRemoval.ts';
import { connectTable, inTable, rowsBetween, type TableOptions, type TableRow } from './tableRows.ts';

/** Beside the accounts' partitions, which are named by one hexadecimal digit. */
const PARTITION = 'tenants';
const RANGE = { from: 'tenant|', to: 'tenant}' };
const PAGE_SIZE = 1_000;

/** One row for each tenant that is left in peace: `tenant|<tid>`, until when. */
export function createTableTenants(options: TableOptions): TenantStore {
  const table = connectTable(options);

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
      for await (const row of rowsBetween(table, PARTITION, RANGE, PAGE_SIZE, signal)) {
        const tid = row.rowKey.slice(RANGE.from.length);
        const until = endOf(row);
        if (isGuid(tid) && until !== undefined && until > now) tenants.set(tid, until);
      }
      return tenants;
    },

    async forgetEnded(now, signal) {
      let ended: TableRow[] = [];
      for await (const row of rowsBetween(table, PARTITION, RANGE, PAGE_SIZE, signal)) {
        if ((endOf(row) ?? now) <= now) ended.push(row);
        if (ended.length < MAX_REMOVED_AT_ONCE) continue;
        await removeRows(options, PARTITION, ended, signal);
        ended = [];
      }
      await removeRows(options, PARTITION, ended, signal);
    },
  };
}

const endOf = ({ until }: TableRow): Date | undefined => (until instanceof Date ? until : undefined);
