import type { TableClient, TransactionAction } from '@azure/data-tables';
import { type Account, type Damaged, dueAt, isTombstone, type Stored } from '../../account/account.ts';
import { ConflictError } from '../../errors.ts';
import type { UserId } from '../../userId.ts';
import { shardOf } from '../shards.ts';
import { type AccountRow, fromRow, isSameRow, toLeaseRow, toRow } from './accountRow.ts';
import { damagedRowKey, dueRowKey, userRowKey } from './rowKeys.ts';
import { hasStatus, present } from './storageCall.ts';
import { removeRow } from './tableRemoval.ts';
import { inTable, rowAt } from './tableRows.ts';

const CHANGED = 'The account changed since it was read, or no longer exists.';

export type AccountWrites = ReturnType<typeof createAccountWrites>;

/**
 * Reads and writes the two rows of a user: the account (`accountRow.ts`), and its entry in the index. Both are in the
 * partition of the user's shard. Every change is one entity-group transaction that also writes the entry
 * (https://learn.microsoft.com/rest/api/storageservices/performing-entity-group-transactions).
 *
 * If a response is lost, the SDK's retry fails its precondition although the first attempt succeeded. After such a
 * failure a write reads the row, and succeeds if the row already has the new content.
 */
export function createAccountWrites(table: TableClient) {
  async function read(userId: UserId, abortSignal: AbortSignal): Promise<Stored | undefined> {
    const row = await rowAt(table, shardOf(userId), userRowKey(userId), abortSignal);
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

  async function create(account: Account, abortSignal: AbortSignal): Promise<Stored<Account>> {
    const row = toRow(account);
    try {
      const [etag] = await submit([['create', row], putEntry(account)], abortSignal);
      return asStored(account, row, present(etag));
    } catch (error) {
      if (!hasStatus(error, 409)) throw error;
      const stored = await read(account.userId, abortSignal);
      if (stored !== undefined && stored.state !== 'damaged' && isSameRow(stored, account)) return stored;
      throw new ConflictError('The account exists already.');
    }
  }

  async function update(
    from: Stored,
    to: Account,
    isOurs: (stored: Stored<Account>) => boolean,
    abortSignal: AbortSignal,
    oldEntry: 'there' | 'missing' = 'there',
  ): Promise<Stored<Account>> {
    const { etag } = from;
    const row = toRow(to);
    const write: TransactionAction = ['update', row, isTombstone(to) ? 'Replace' : 'Merge', { etag }];
    try {
      const [newEtag] = await submit([write, ...moveEntry(from, to, oldEntry)], abortSignal);
      if (from.state === 'damaged') await dropDamaged(from.userId, abortSignal);
      return asStored(to, row, present(newEtag));
    } catch (error) {
      if (!hasStatus(error, 404, 412)) throw error;
      const stored = await read(to.userId, abortSignal);
      if (stored !== undefined && stored.state !== 'damaged' && isOurs(stored)) {
        if (from.state === 'damaged') await dropDamaged(from.userId, abortSignal);
        return stored;
      }
      // Perhaps only the entry is missing. The account must not stay unchangeable because of that.
      if (moves(from, to) && oldEntry === 'there' && hasStatus(error, 404)) {
        return update(from, to, isOurs, abortSignal, 'missing');
      }
      throw new ConflictError(CHANGED);
    }
  }

  /**
   * Leases accounts of one shard in one transaction: all of them, or none.
   * @returns undefined if one of them has changed, or its entry is missing
   */
  async function leaseTogether(
    leases: readonly { from: Stored<Account>; to: Account }[],
    abortSignal: AbortSignal,
  ): Promise<Stored<Account>[] | undefined> {
    const actions = leases.map(({ from, to }): TransactionAction[] => [
      ['update', toLeaseRow(to), 'Merge', { etag: from.etag }],
      ...moveEntry(from, to),
    ]);
    try {
      const etags = await submit(actions.flat(), abortSignal);
      return leases.map(({ to }, index) => {
        const before = actions.slice(0, index).flat().length;
        return { ...to, etag: present(etags[before]) };
      });
    } catch (error) {
      if (hasStatus(error, 400, 404, 409, 412, 413)) return undefined;
      throw error;
    }
  }

  async function hasEntry(account: Stored, abortSignal: AbortSignal): Promise<boolean> {
    const { partitionKey, rowKey } = entryOf(account);
    return (await rowAt(table, partitionKey, rowKey, abortSignal)) !== undefined;
  }

  /**
   * Restores the entry of an account, if it is missing. One transaction writes both under the account's ETag. If somebody
   * changes the account meanwhile, the transaction fails, and then nothing was missing.
   * @returns whether it was missing
   */
  async function restoreEntry(account: Stored, abortSignal: AbortSignal): Promise<boolean> {
    if (await hasEntry(account, abortSignal)) return false;
    try {
      await submit([keep(account.userId, account.etag), putEntry(account)], abortSignal);
      return true;
    } catch (error) {
      if (hasStatus(error, 404, 412)) return false;
      throw error;
    }
  }

  /** Replaces an entry of a damaged account by a row that no run reads. @returns false if the account has changed */
  async function setAside(
    { userId, etag }: Stored<Damaged>,
    entry: { rowKey: string },
    abortSignal: AbortSignal,
  ): Promise<boolean> {
    const partitionKey = shardOf(userId);
    try {
      await submit(
        [
          keep(userId, etag),
          ['upsert', { partitionKey, rowKey: damagedRowKey(userId) }, 'Replace'],
          ['delete', { partitionKey, rowKey: entry.rowKey }],
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

  /** @throws {ConflictError} the account changed since it was read, or no longer exists. */
  async function erase(account: Stored, abortSignal: AbortSignal): Promise<void> {
    const { userId, etag } = account;
    const shard = shardOf(userId);
    const rowKey = dueRowKey(dueAt(account), userId);
    // The SDK's transactions delete without a condition, so these are two steps. The account is deleted first: if
    // the entry stays, the worker deletes it when it is due. An entry that was written again has another ETag and
    // stays.
    const entry = await rowAt(table, shard, rowKey, abortSignal);
    if (!(await removeRow(table, shard, { rowKey: userRowKey(userId), etag }, abortSignal))) {
      throw new ConflictError(CHANGED);
    }
    if (entry !== undefined) await removeRow(table, shard, { rowKey, etag: entry.etag }, abortSignal);
    // It may be left from a process that died after the account was connected anew.
    await dropDamaged(userId, abortSignal);
  }

  return { read, create, update, leaseTogether, erase, hasEntry, restoreEntry, setAside };
}

/** The account as it will be read again from this row. */
function asStored(account: Account, row: AccountRow, etag: string): Stored<Account> {
  const stored = fromRow(account.userId, row, etag);
  if (stored.state === 'damaged') throw new TypeError('The account has no time of its last activity.');
  return stored;
}

const entryOf = (account: Stored | Account) => ({
  partitionKey: shardOf(account.userId),
  rowKey: dueRowKey(dueAt(account), account.userId),
});

const moves = (from: Stored, to: Account): boolean =>
  dueRowKey(dueAt(from), from.userId) !== dueRowKey(dueAt(to), to.userId);

/** The entry is written even if it does not move, so that every change restores an entry that was lost. */
const moveEntry = (
  from: Stored,
  to: Account,
  oldEntry: 'there' | 'missing' = 'there',
): TransactionAction[] => [
  putEntry(to),
  ...(moves(from, to) && oldEntry === 'there' ? [dropEntry(from)] : []),
];

/** It is an upsert, because an entry of this user may be left at this time. That entry then becomes the account's. */
const putEntry = (account: Stored | Account): TransactionAction => ['upsert', entryOf(account), 'Replace'];
const dropEntry = (account: Stored): TransactionAction => ['delete', entryOf(account)];

/** Makes a transaction fail if the account has changed. It changes nothing but the account's ETag. */
const keep = (userId: UserId, etag: string): TransactionAction => [
  'update',
  { partitionKey: shardOf(userId), rowKey: userRowKey(userId) },
  'Merge',
  { etag },
];
