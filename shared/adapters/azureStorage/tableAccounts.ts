import { type Account, isConnected, type Stored } from '../../account/account.ts';
import { nowByStore } from '../../account/nowByStore.ts';
import { released } from '../../account/transitions.ts';
import type { AccountStore, LeasedAccount } from '../../accountStore.ts';
import { systemClock } from '../../clock.ts';
import { ConflictError } from '../../errors.ts';
import { createSlots, forEachAtOnce } from '../../forEachAtOnce.ts';
import type { UserId } from '../../userId.ts';
import { leaseAhead } from '../leaseAhead.ts';
import { SHARDS } from '../shards.ts';
import { createAccountLeases, type Entry } from './accountLeases.ts';
import { fromRow, isSameRow } from './accountRow.ts';
import { createAccountWrites } from './accountWrites.ts';
import { type AuditCursor, cursorText, readCursor } from './auditCursor.ts';
import {
  dueRowKeyRange,
  timeOfDueRowKey,
  userOfDueRowKey,
  userOfRowKey,
  userRowKeyRange,
} from './rowKeys.ts';
import { createStorageCall } from './storageCall.ts';
import { removeRows } from './tableRemoval.ts';
import { connectTable, rowsBetween, type TableOptions, watchAnswers } from './tableRows.ts';

export type TableAccountsOptions = TableOptions & {
  /** How many rows one request reads, at most 1,000. Default 250. */
  pageSize?: number;
};

/** The most rows that a query returns at once. */
const LARGEST_PAGE = 1_000;
const AUDITED_AT_ONCE = 16;
/** What an audit has to know of an account. The history alone may be a hundred times as long. */
const AUDITED_COLUMNS = [
  'PartitionKey',
  'RowKey',
  'state',
  'dueAt',
  'nextCheckAt',
  'runId',
  'lastActivity',
  'expiresOn',
  'generation',
  'attempts',
  'notice',
];

/**
 * Stores two rows for each user (`accountWrites.ts`): the account, and its entry in the index, whose row key begins with the
 * time at which the account is due. So a run reads one range of rows to find what is due.
 */
export function createTableAccounts(options: TableAccountsOptions): AccountStore {
  const { pageSize = 250, clock = systemClock } = options;
  const table = connectTable(options);
  const call = createStorageCall('accounts', clock);
  const { clockAheadMs, isBusy } = watchAnswers(table, clock);
  const byClocks = () => nowByStore({ accounts: { clockAheadMs }, clock });
  const writes = createAccountWrites(table);
  const { read, create, update, erase, hasEntry, restoreEntry } = writes;
  const claimAll = createAccountLeases(table, call, writes, byClocks);

  async function* entriesDue(
    shard: string,
    size: number,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Entry> {
    const now = byClocks();
    const range = dueRowKeyRange(now);
    const rows = rowsBetween({ table, call }, shard, range, { pageSize: size }, signal);
    for await (const { rowKey, etag } of rows) {
      const userId = userOfDueRowKey(rowKey);
      if (userId !== undefined) yield { userId, dueSince: timeOfDueRowKey(rowKey) ?? now, rowKey, etag };
    }
  }

  async function release(account: Stored<Account>, abortSignal: AbortSignal): Promise<void> {
    const to = released(account);
    await update(account, to, (stored) => isSameRow(stored, to), abortSignal);
  }

  /** Whatever fails, the lease ends by itself. */
  async function giveBack({ account }: LeasedAccount): Promise<void> {
    await call(async (abortSignal) => {
      try {
        await release(account, abortSignal);
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        // The user visited meanwhile. That leaves the lease as it is.
        const now = await read(account.userId, abortSignal);
        if (now === undefined || now.state === 'damaged' || now.lease?.runId !== account.lease?.runId) return;
        await release(now, abortSignal);
      }
    }, undefined).catch(() => undefined);
  }

  /** Reads at most `atMost` rows, and moves the cursor to the last one of them. */
  async function* rowsFrom(cursor: AuditCursor, atMost: number, signal: AbortSignal | undefined) {
    const { before } = userRowKeyRange();
    const rows = rowsBetween(
      { table, call },
      cursor.shard,
      { after: cursor.after, before },
      { pageSize: Math.min(atMost, LARGEST_PAGE), columns: AUDITED_COLUMNS },
      signal,
    );
    let count = 0;
    for await (const row of rows) {
      cursor.after = row.rowKey;
      yield row;
      count += 1;
      if (count === atMost) return;
    }
    cursor.isAtEnd = true;
  }

  return {
    shards: SHARDS,
    clockAheadMs,
    isBusy,

    read: (userId, signal) => call((abortSignal) => read(userId, abortSignal), signal),

    create: (account, signal) => call((abortSignal) => create(account, abortSignal), signal),

    update: (from, to, signal) =>
      call((abortSignal) => update(from, to, (stored) => isSameRow(stored, to), abortSignal), signal),

    erase: (account, signal) => call((abortSignal) => erase(account, abortSignal), signal),

    async *list({ tid } = {}, signal) {
      for (const shard of SHARDS) {
        const rows = rowsBetween({ table, call }, shard, userRowKeyRange(tid), { pageSize }, signal);
        for await (const row of rows) {
          const userId = userOfRowKey(row.rowKey);
          if (userId !== undefined) yield fromRow(userId, row, row.etag);
        }
      }
    },

    async dueSince(shard, signal) {
      for await (const { dueSince } of entriesDue(shard, 1, signal)) return dueSince;
      return undefined;
    },

    async dueIn(shard, atMost, signal) {
      let first: Date | undefined;
      let count = 0;
      for await (const { dueSince } of entriesDue(shard, atMost, signal)) {
        first ??= dueSince;
        count += 1;
        if (count === atMost) break;
      }
      return first && { dueSince: first, count };
    },

    claimDue: ({ shard, runId, leaseMs, onFound, signal }) =>
      leaseAhead({
        due: entriesDue(shard, pageSize, signal),
        claimAll: (entries) => claimAll(entries, { runId, leaseMs }, signal),
        giveBack,
        // If an account is created meanwhile, it writes its entry again. The new ETag keeps the entry from deletion.
        removeEntries: (entries) => removeRows({ ...options, call }, shard, entries, signal),
        onFound,
        signal,
      }),

    async audit({ from, atMost, isDueTooLate, onFound, signal }) {
      const cursor = readCursor(from);
      const page = { accounts: 0, connected: 0, damaged: 0 };
      const late: UserId[] = [];
      await forEachAtOnce(rowsFrom(cursor, atMost, signal), createSlots(AUDITED_AT_ONCE), async (row) => {
        const userId = userOfRowKey(row.rowKey);
        if (userId === undefined) return;
        page.accounts += 1;
        const account = fromRow(userId, row, row.etag);
        if (isConnected(account)) page.connected += 1;
        if (account.state === 'damaged') {
          page.damaged += 1;
          return;
        }
        if (isDueTooLate?.(account)) late.push(userId);
        const wasMissing = await call(async (abortSignal) => {
          if (await hasEntry(account, abortSignal)) return false;
          // The page may be old by now, and it has not all columns of the account.
          const current = await read(userId, abortSignal);
          return current !== undefined && current.state !== 'damaged' && restoreEntry(current, abortSignal);
        }, signal);
        if (wasMissing) onFound?.({ userId, found: 'repaired' });
      });
      return { ...page, late, next: cursorText(cursor) };
    },
  };
}
