import { systemClock } from '../../clock.ts';
import type { BegunPlan, Cooldown, SharedState } from '../../sharedState.ts';
import { isGuid } from '../../userId.ts';
import { wholeSecond } from '../wholeSecond.ts';
import { lastRunOf, retirementColumns, runColumns, silentSinceIn } from './lastRunRow.ts';
import { createStorageCall, hasStatus } from './storageCall.ts';
import { timeIn } from './tableColumns.ts';
import { MAX_REMOVED_AT_ONCE, removeRows } from './tableRemoval.ts';
import { connectTable, inTable, rowAt, rowsBetween, type TableOptions, type TableRow } from './tableRows.ts';

/**
 * The partitions of cooldowns. The partitions of accounts are named by one hexadecimal digit, so none of them has these
 * names. The previous release reads every row of `tenants` as a cooldown of the token endpoint, and every row of
 * `cooldowns` as one of Graph.
 */
const PARTITIONS = {
  token: { partitionKey: 'tenants', prefix: 'tenant|', end: 'tenant}' },
  graph: { partitionKey: 'cooldowns', prefix: 'graph|', end: 'graph}' },
} as const satisfies Record<Cooldown['api'], unknown>;
const APIS = ['token', 'graph'] as const satisfies readonly Cooldown['api'][];
/** The row of the last run. The previous release does not read this partition. */
const LAST_RUN = { partitionKey: 'runs', rowKey: 'last' };
const PAGE_SIZE = 1_000;

/**
 * Stores one row for each cooldown, with its end and its reason, and one row for the last run (`lastRunRow.ts`). The row key
 * of a cooldown is `tenant|<tid>` for the token endpoint, and `graph|<tid>` or `graph|*` for Graph.
 */
export function createTableSharedState(options: TableOptions): SharedState {
  const { clock = systemClock } = options;
  const table = connectTable(options);
  const call = createStorageCall('accounts', clock);

  function rowsOf(api: Cooldown['api'], signal: AbortSignal | undefined): AsyncIterable<TableRow> {
    const { partitionKey, prefix, end } = PARTITIONS[api];
    const range = { after: prefix, before: end };
    return rowsBetween({ table, call }, partitionKey, range, { pageSize: PAGE_SIZE }, signal);
  }

  async function coolingOf(api: Cooldown['api'], signal: AbortSignal | undefined): Promise<Cooldown[]> {
    const cooldowns: Cooldown[] = [];
    const now = clock.now();
    for await (const row of rowsOf(api, signal)) {
      const tenant = row.rowKey.slice(PARTITIONS[api].prefix.length);
      const known = isGuid(tenant) || (api !== 'token' && tenant === '*');
      const until = timeIn(row.until);
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
      if ((timeIn(row.until) ?? now) <= now) ended.push(row);
      if (ended.length < MAX_REMOVED_AT_ONCE) continue;
      await removeRows({ ...options, call }, partitionKey, ended, signal);
      ended = [];
    }
    await removeRows({ ...options, call }, partitionKey, ended, signal);
  }

  const readLastRun = (abortSignal: AbortSignal) =>
    rowAt(table, LAST_RUN.partitionKey, LAST_RUN.rowKey, abortSignal);

  /** Writes these columns, and leaves the others as they are. */
  async function writeLastRun(columns: Record<string, string | number | Date>, abortSignal: AbortSignal) {
    const row = { ...LAST_RUN, ...columns };
    await inTable(table, () => table.upsertEntity(row, 'Merge', { abortSignal }), abortSignal);
  }

  /** Writes these columns if the row is still as it was read. Otherwise it fails with 404, 409 or 412. */
  async function writeFirst(
    row: { etag: string } | undefined,
    columns: Record<string, string | number | Date>,
    abortSignal: AbortSignal,
  ) {
    const written = { ...LAST_RUN, ...columns };
    if (row === undefined) {
      await inTable(table, () => table.createEntity(written, { abortSignal }), abortSignal);
    } else {
      await table.updateEntity(written, 'Merge', { etag: row.etag, abortSignal });
    }
  }

  /** If a response is lost, nobody begins: the SDK's retry then fails its precondition. The next run begins instead. */
  async function begin(
    column: 'begunAt' | 'retiringAt',
    everyMs: number,
    abortSignal: AbortSignal,
  ): Promise<BegunPlan> {
    const row = await readLastRun(abortSignal);
    const last = lastRunOf(row ?? {});
    const now = clock.now();
    const begunAt = timeIn(row?.[column]);
    // A clock that was wrong may have left a time that is far ahead.
    if (begunAt !== undefined && Math.abs(now.getTime() - begunAt.getTime()) < everyMs)
      return { begun: false, last };
    try {
      await writeFirst(row, { [column]: now }, abortSignal);
      return { begun: true, last };
    } catch (error) {
      if (hasStatus(error, 404, 409, 412)) return { begun: false, last };
      throw error;
    }
  }

  /** Whoever is not the first to write the time reads the time of the first. A lost response does no harm either. */
  async function silentSince(abortSignal: AbortSignal): Promise<Date> {
    const row = await readLastRun(abortSignal);
    const known = silentSinceIn(row ?? {});
    if (known !== undefined) return known;
    const awaitedSince = clock.now();
    try {
      await writeFirst(row, { awaitedSince }, abortSignal);
      return awaitedSince;
    } catch (error) {
      if (!hasStatus(error, 404, 409, 412)) throw error;
      return silentSinceIn((await readLastRun(abortSignal)) ?? {}) ?? awaitedSince;
    }
  }

  return {
    cool: ({ tenant, api, until, kind }, signal) =>
      call(async (abortSignal) => {
        const { partitionKey, prefix } = PARTITIONS[api];
        const rowKey = `${prefix}${tenant}`;
        const row = { partitionKey, rowKey, until: wholeSecond(until), ...(kind && { kind }) };
        await inTable(table, () => table.upsertEntity(row, 'Replace', { abortSignal }), abortSignal);
      }, signal),

    cooling: async (signal) => (await Promise.all(APIS.map((api) => coolingOf(api, signal)))).flat(),

    beginPlan: (everyMs, signal) => call((abortSignal) => begin('begunAt', everyMs, abortSignal), signal),

    beginRetiring: (everyMs, signal) =>
      call((abortSignal) => begin('retiringAt', everyMs, abortSignal), signal),

    async runEnded(summary, more = {}, signal) {
      const now = clock.now();
      await call((abortSignal) => writeLastRun(runColumns(now, summary, more), abortSignal), signal);
      for (const api of APIS) await removeEndedOf(api, now, signal);
    },

    lastRun: (signal) =>
      call(async (abortSignal) => lastRunOf((await readLastRun(abortSignal)) ?? {}), signal),

    silentSince: (signal) => call(silentSince, signal),

    orderRetirement: (retirement, signal) =>
      call((abortSignal) => writeLastRun(retirementColumns(retirement), abortSignal), signal),
  };
}

const kindOf = (value: unknown): Cooldown['kind'] =>
  value === 'throttled' || value === 'tenant' ? value : undefined;
