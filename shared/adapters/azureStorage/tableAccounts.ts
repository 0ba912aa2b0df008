import type { TransactionAction } from '@azure/data-tables';
import { isTombstone } from '../../account/schedule.ts';
import { ConflictError } from '../../errors.ts';
import type { Account, AccountFields, AccountStore, DueRow } from '../../ports.ts';
import {
  damagedRowKey,
  dueRowKey,
  dueUpperBound,
  shardOf,
  timeOfDueRowKey,
  type UserId,
  userOfDueRowKey,
  userOfRowKey,
  userRowKey,
  userRowKeyRange,
  wholeSecond,
} from '../../userId.ts';
import { fromRow, isSameRow, toRow } from './accountRow.ts';
import { createStorageCall, hasStatus, present } from './storageCall.ts';
import { removeRow, removeRows } from './tableRemoval.ts';
import { connectTable, inTable, rowsBetween, type TableOptions, watchClock } from './tableRows.ts';

export type TableAccountsOptions = TableOptions & {
  /** How many rows one request reads, at most 1,000. Default 250. */
  pageSize?: number;
};

/**
 * Stores two rows for each user, in the partition of the user's shard: the account (`accountRow.ts`) and the due row.
 * Every change that moves the due row is one entity-group transaction
 * (https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions).
 *
 * If a response is lost, the SDK's retry fails its precondition although the first attempt succeeded. Therefore a write
 * that fails so reads the row, and succeeds if the row already has the new content.
 */
export function createTableAccounts(options: TableAccountsOptions): AccountStore {
  const { pageSize = 250 } = options;
  const table = connectTable(options);
  const call = createStorageCall('accounts', options.clock);
  const clockAheadMs = watchClock(table);

  async function rowAt(shard: string, rowKey: string, abortSignal: AbortSignal) {
    try {
      return await table.getEntity(shard, rowKey, { abortSignal });
    } catch (error) {
      if (hasStatus(error, 404)) return undefined;
      throw error;
    }
  }

  async function read(userId: UserId, abortSignal: AbortSignal): Promise<Account | undefined> {
    const row = await rowAt(shardOf(userId), userRowKey(userId), abortSignal);
    return row === undefined ? undefined : fromRow(userId, row, row.etag);
  }

  /** Returns the ETags of the rows, in the order of the actions. */
  async function submit(actions: TransactionAction[], abortSignal: AbortSignal) {
    const { subResponses } = await inTable(
      table,
      () => table.submitTransaction(actions, { abortSignal }),
      abortSignal,
    );
    return subResponses.map(({ etag }) => etag);
  }

  async function create(fields: AccountFields, abortSignal: AbortSignal): Promise<Account> {
    const row = toRow(fields);
    try {
      const [etag] = await submit([['create', row], putDue(fields)], abortSignal);
      return fromRow(fields.userId, row, present(etag));
    } catch (error) {
      if (!hasStatus(error, 409)) throw error;
      const stored = await read(fields.userId, abortSignal);
      if (stored !== undefined && isSameRow(stored, fields)) return stored;
      throw new ConflictError('The account exists already.');
    }
  }

  async function move(
    from: Account,
    to: AccountFields,
    isOurs: (stored: Account) => boolean,
    abortSignal: AbortSignal,
    oldDueRow: 'there' | 'missing' = 'there',
  ): Promise<Account> {
    const row = toRow(to);
    const update: TransactionAction = [
      'update',
      row,
      isTombstone(to.state) ? 'Replace' : 'Merge',
      { etag: from.etag },
    ];
    const moves = dueRowKey(from.dueAt, from.userId) !== dueRowKey(to.dueAt, to.userId);
    // The due row is written even if it does not move, so that every change brings back one that was lost.
    const actions = [update, putDue(to), ...(moves && oldDueRow === 'there' ? [dropDue(from)] : [])];
    try {
      const [etag] = await submit(actions, abortSignal);
      if (from.damaged) await dropDamaged(from.userId, abortSignal);
      return fromRow(to.userId, row, present(etag));
    } catch (error) {
      if (!hasStatus(error, 404, 412)) throw error;
      const stored = await read(to.userId, abortSignal);
      if (stored !== undefined && isOurs(stored)) return stored;
      // Perhaps only the due row is missing. The account must not stay unchangeable because of that.
      if (moves && oldDueRow === 'there' && hasStatus(error, 404)) {
        return move(from, to, isOurs, abortSignal, 'missing');
      }
      throw new ConflictError('The account changed since it was read, or no longer exists.');
    }
  }

  /**
   * Brings back the due row that an account names, if it is missing. One transaction writes both under the account's ETag.
   * If somebody moves the account meanwhile, the transaction fails, and then nothing was missing.
   * @returns whether it was missing
   */
  async function repairDueRow(account: Account, abortSignal: AbortSignal): Promise<boolean> {
    const { userId, dueAt, etag } = account;
    const shard = shardOf(userId);
    if ((await rowAt(shard, dueRowKey(dueAt, userId), abortSignal)) !== undefined) return false;
    const unchanged = { partitionKey: shard, rowKey: userRowKey(userId) };
    try {
      await submit([['update', unchanged, 'Merge', { etag }], putDue(account)], abortSignal);
      return true;
    } catch (error) {
      if (hasStatus(error, 404, 412)) return false;
      throw error;
    }
  }

  /** Replaces the due row of a damaged account by a row that no run reads. @returns false if the account has changed */
  async function setAside(
    { userId, etag }: Account,
    due: DueRow,
    abortSignal: AbortSignal,
  ): Promise<boolean> {
    const partitionKey = shardOf(userId);
    try {
      await submit(
        [
          ['update', { partitionKey, rowKey: userRowKey(userId) }, 'Merge', { etag }],
          ['upsert', { partitionKey, rowKey: damagedRowKey(userId) }, 'Replace'],
          ['delete', { partitionKey, rowKey: due.rowKey }],
        ],
        abortSignal,
      );
      return true;
    } catch (error) {
      if (hasStatus(error, 404, 412)) return false;
      throw error;
    }
  }

  async function dropDamaged(userId: UserId, abortSignal: AbortSignal): Promise<void> {
    try {
      await table.deleteEntity(shardOf(userId), damagedRowKey(userId), { abortSignal });
    } catch (error) {
      if (!hasStatus(error, 404)) throw error;
    }
  }

  return {
    clockAheadMs,

    read: (userId, signal) => call((abortSignal) => read(userId, abortSignal), signal),

    create: (fields, signal) => call((abortSignal) => create(fields, abortSignal), signal),

    move: (from, to, signal) =>
      call((abortSignal) => move(from, to, (stored) => isSameRow(stored, to), abortSignal), signal),

    erase: (account, signal) =>
      call(async (abortSignal) => {
        const shard = shardOf(account.userId);
        const dueKey = dueRowKey(account.dueAt, account.userId);
        // The SDK's transactions delete without a condition, so these are two steps. The account is deleted first: if
        // the due row stays, the worker deletes it when it is due. A due row that was written again has another ETag
        // and stays.
        const due = await rowAt(shard, dueKey, abortSignal);
        const row = { rowKey: userRowKey(account.userId), etag: account.etag };
        if (!(await removeRow(table, shard, row, abortSignal))) {
          throw new ConflictError('The account changed since it was read, or no longer exists.');
        }
        if (due !== undefined) await removeRow(table, shard, { rowKey: dueKey, etag: due.etag }, abortSignal);
      }, signal),

    async *list(shard, tid, signal) {
      for await (const row of rowsBetween({ table, call }, shard, userRowKeyRange(tid), pageSize, signal)) {
        const userId = userOfRowKey(row.rowKey);
        if (userId !== undefined) yield fromRow(userId, row, row.etag);
      }
    },

    async *due(shard, now, signal) {
      const range = { from: 'due|', to: dueUpperBound(now) };
      for await (const { rowKey, etag } of rowsBetween({ table, call }, shard, range, pageSize, signal)) {
        const userId = userOfDueRowKey(rowKey);
        const dueSince = timeOfDueRowKey(rowKey) ?? now;
        if (userId !== undefined) yield { userId, shard, dueSince, rowKey, etag };
      }
    },

    async dueSince(shard, now, signal) {
      const range = { from: 'due|', to: dueUpperBound(now) };
      for await (const { rowKey } of rowsBetween({ table, call }, shard, range, 1, signal)) {
        if (userOfDueRowKey(rowKey) !== undefined) return timeOfDueRowKey(rowKey) ?? now;
      }
      return undefined;
    },

    claim: (due, lease, signal) =>
      call(async (abortSignal) => {
        const account = await read(due.userId, abortSignal);
        if (account === undefined) return 'nobody';
        if (account.damaged) return (await setAside(account, due, abortSignal)) ? 'damaged' : undefined;
        if (dueRowKey(account.dueAt, account.userId) !== due.rowKey) {
          const wasMissing = await repairDueRow(account, abortSignal);
          await removeRow(table, due.shard, due, abortSignal);
          return wasMissing ? 'repaired' : undefined;
        }
        const leased = { ...account, dueAt: wholeSecond(lease.until), runId: lease.runId };
        try {
          const moved = await move(account, leased, (stored) => stored.runId === lease.runId, abortSignal);
          return { account: moved, abandonedBy: account.runId };
        } catch (error) {
          if (error instanceof ConflictError) return undefined;
          throw error;
        }
      }, signal),

    // If an account is created in the meantime, it writes its due row again. The new ETag keeps the row from deletion.
    async removeDue(rows, signal) {
      for (const shard of new Set(rows.map((row) => row.shard))) {
        await removeRows(
          { ...options, call },
          shard,
          rows.filter((row) => row.shard === shard),
          signal,
        );
      }
    },
  };
}

const dueEntityOf = ({ userId, dueAt }: AccountFields) => ({
  partitionKey: shardOf(userId),
  rowKey: dueRowKey(dueAt, userId),
});

/** It is an upsert, because a due row of this user may be left at this time. That row then becomes the account's. */
const putDue = (account: AccountFields): TransactionAction => ['upsert', dueEntityOf(account), 'Replace'];
const dropDue = (account: AccountFields): TransactionAction => ['delete', dueEntityOf(account)];
