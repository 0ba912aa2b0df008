import type { Cooldown, TenantStore } from '../ports.ts';
import { isGuid, wholeSecond } from '../userId.ts';
import { hasStatus, storageCall } from './storageCall.ts';
import { connectTable, inTable, rowsBetween, type TableOptions, type TableRow } from './tableRows.ts';

/**
 * Both beside the accounts' partitions, which are named by one hexadecimal digit. The previous release takes every row of
 * `tenants` for a cooldown of the token endpoint, and knows nothing of the other partition.
 */
const PARTITIONS = {
  token: { partitionKey: 'tenants', prefix: 'tenant|', end: 'tenant}' },
  graph: { partitionKey: 'cooldowns', prefix: 'graph|', end: 'graph}' },
} as const satisfies Record<Cooldown['api'], unknown>;
const APIS = ['token', 'graph'] as const satisfies readonly Cooldown['api'][];
const PAGE_SIZE = 1_000;

/** One row for each cooldown: `tenant|<tid>` of the token endpoint, `graph|<tid>` or `graph|*` of Graph; until when, and why. */
export function createTableTenants(options: TableOptions): TenantStore {
  const table = connectTable(options);

  async function forget(partition: string, { rowKey, etag }: TableRow, signal: AbortSignal): Promise<void> {
    try {
      await table.deleteEntity(partition, rowKey, { etag, abortSignal: signal });
    } catch (error) {
      if (!hasStatus(error, 404, 412)) throw error;
    }
  }

  async function coolingOf(
    api: Cooldown['api'],
    now: Date,
    signal: AbortSignal | undefined,
  ): Promise<Cooldown[]> {
    const { partitionKey, prefix, end } = PARTITIONS[api];
    const cooldowns: Cooldown[] = [];
    for await (const row of rowsBetween(table, partitionKey, { from: prefix, to: end }, PAGE_SIZE, signal)) {
      const tenant = row.rowKey.slice(prefix.length);
      const known = isGuid(tenant) || (api !== 'token' && tenant === '*');
      if (known && row.until instanceof Date && row.until > now) {
        cooldowns.push({ tenant, api, until: row.until, kind: kindOf(row.kind) });
      } else await storageCall('accounts', (abortSignal) => forget(partitionKey, row, abortSignal), signal);
    }
    return cooldowns;
  }

  return {
    cool: ({ tenant, api, until, kind }, signal) =>
      storageCall(
        'accounts',
        async (abortSignal) => {
          const { partitionKey, prefix } = PARTITIONS[api];
          const rowKey = `${prefix}${tenant}`;
          const row = { partitionKey, rowKey, until: wholeSecond(until), ...(kind && { kind }) };
          await inTable(table, () => table.upsertEntity(row, 'Replace', { abortSignal }), abortSignal);
        },
        signal,
      ),

    cooling: async (now, signal) =>
      (await Promise.all(APIS.map((api) => coolingOf(api, now, signal)))).flat(),
  };
}

const kindOf = (value: unknown): Cooldown['kind'] =>
  value === 'throttled' || value === 'tenant' ? value : undefined;
