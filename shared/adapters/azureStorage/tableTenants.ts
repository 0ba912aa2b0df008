import type { Cooldown, TenantStore } from '../../ports.ts';
import { isGuid, wholeSecond } from '../../userId.ts';
import { createStorageCall } from './storageCall.ts';
import { MAX_REMOVED_AT_ONCE, removeRows } from './tableRemoval.ts';
import { connectTable, inTable, rowsBetween, type TableOptions, type TableRow } from './tableRows.ts';

/**
 * The partitions of cooldowns. The partitions of accounts are named by one hexadecimal digit, so none of them has these
 * names. The previous release reads every row of `tenants` as a cooldown of the token endpoint, and does not read
 * `cooldowns`.
 */
const PARTITIONS = {
  token: { partitionKey: 'tenants', prefix: 'tenant|', end: 'tenant}' },
  graph: { partitionKey: 'cooldowns', prefix: 'graph|', end: 'graph}' },
} as const satisfies Record<Cooldown['api'], unknown>;
const APIS = ['token', 'graph'] as const satisfies readonly Cooldown['api'][];
const PAGE_SIZE = 1_000;

/**
 * Stores one row for each cooldown, with its end and its reason. The row key is `tenant|<tid>` for the token endpoint, and
 * `graph|<tid>` or `graph|*` for Graph.
 */
export function createTableTenants(options: TableOptions): TenantStore {
  const table = connectTable(options);
  const call = createStorageCall('accounts', options.clock);

  function rowsOf(api: Cooldown['api'], signal: AbortSignal | undefined): AsyncIterable<TableRow> {
    const { partitionKey, prefix, end } = PARTITIONS[api];
    return rowsBetween({ table, call }, partitionKey, { from: prefix, to: end }, PAGE_SIZE, signal);
  }

  async function coolingOf(
    api: Cooldown['api'],
    now: Date,
    signal: AbortSignal | undefined,
  ): Promise<Cooldown[]> {
    const cooldowns: Cooldown[] = [];
    for await (const row of rowsOf(api, signal)) {
      const tenant = row.rowKey.slice(PARTITIONS[api].prefix.length);
      const known = isGuid(tenant) || (api !== 'token' && tenant === '*');
      const until = endOf(row);
      if (known && until !== undefined && until > now) {
        cooldowns.push({ tenant, api, until, kind: kindOf(row.kind) });
      }
    }
    return cooldowns;
  }

  async function removeEndedOf(
    api: Cooldown['api'],
    now: Date,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const { partitionKey } = PARTITIONS[api];
    let ended: TableRow[] = [];
    for await (const row of rowsOf(api, signal)) {
      if ((endOf(row) ?? now) <= now) ended.push(row);
      if (ended.length < MAX_REMOVED_AT_ONCE) continue;
      await removeRows({ ...options, call }, partitionKey, ended, signal);
      ended = [];
    }
    await removeRows({ ...options, call }, partitionKey, ended, signal);
  }

  return {
    cool: ({ tenant, api, until, kind }, signal) =>
      call(async (abortSignal) => {
        const { partitionKey, prefix } = PARTITIONS[api];
        const rowKey = `${prefix}${tenant}`;
        const row = { partitionKey, rowKey, until: wholeSecond(until), ...(kind && { kind }) };
        await inTable(table, () => table.upsertEntity(row, 'Replace', { abortSignal }), abortSignal);
      }, signal),

    cooling: async (now, signal) =>
      (await Promise.all(APIS.map((api) => coolingOf(api, now, signal)))).flat(),

    async removeEnded(now, signal) {
      for (const api of APIS) await removeEndedOf(api, now, signal);
    },
  };
}

const endOf = ({ until }: TableRow): Date | undefined => (until instanceof Date ? until : undefined);

const kindOf = (value: unknown): Cooldown['kind'] =>
  value === 'throttled' || value === 'tenant' ? value : undefined;
