import type { TableClient } from '@azure/data-tables';
import { type Account, dueAt, type Stored } from '../../account/account.ts';
import { leased } from '../../account/transitions.ts';
import type { Finding, LeasedAccount } from '../../accountStore.ts';
import { ConflictError } from '../../errors.ts';
import type { UserId } from '../../userId.ts';
import { shardOf } from '../shards.ts';
import { wholeSecond } from '../wholeSecond.ts';
import type { AccountWrites } from './accountWrites.ts';
import { dueRowKey } from './rowKeys.ts';
import type { StorageCall } from './storageCall.ts';
import { removeRow } from './tableRemoval.ts';

/** An entry of the index, as a query gives it. */
export type Entry = { userId: UserId; dueSince: Date; rowKey: string; etag: string };

/** Who leases, and for how long. */
type Run = { runId: string; leaseMs: number };

/** An account that the run may lease. */
type Free = { entry: Entry; account: Stored<Account> };

type Result = PromiseSettledResult<LeasedAccount | Finding['found']>;

/**
 * Leases the accounts of a few entries of one shard. All that are free are leased in one entity-group transaction. If one of
 * them changes at that moment, the service refuses all, and they are leased one by one.
 * @param now the time by which leases are counted
 */
export function createAccountLeases(
  table: TableClient,
  call: StorageCall,
  { read, update, leaseTogether, restoreEntry, setAside }: AccountWrites,
  now: () => Date,
) {
  const leaseOf = (account: Stored<Account>, { runId, leaseMs }: Run): Account => ({
    ...leased(account, runId, wholeSecond(new Date(now().getTime() + leaseMs))),
    nextCheckAt: wholeSecond(account.nextCheckAt),
  });

  const told = (
    { entry: { dueSince }, account: { lease } }: Free,
    account: Stored<Account>,
  ): LeasedAccount => ({
    account,
    dueSince,
    ...(lease && { abandonedBy: lease.runId }),
  });

  /** Reads the account of an entry. An entry that is not its account's is dealt with. */
  async function look(entry: Entry, abortSignal: AbortSignal): Promise<Stored<Account> | Finding['found']> {
    const { userId } = entry;
    const account = await read(userId, abortSignal);
    if (account === undefined) return 'nobody';
    if (account.state === 'damaged') {
      return (await setAside(account, entry, abortSignal)) ? 'damaged' : 'taken';
    }
    if (dueRowKey(dueAt(account), userId) === entry.rowKey) return account;
    const wasMissing = await restoreEntry(account, abortSignal);
    await removeRow(table, shardOf(userId), entry, abortSignal);
    return wasMissing ? 'repaired' : 'taken';
  }

  async function leaseOne(free: Free, run: Run, abortSignal: AbortSignal): Promise<LeasedAccount | 'taken'> {
    const isOurs = ({ lease }: Stored<Account>) => lease?.runId === run.runId;
    try {
      return told(free, await update(free.account, leaseOf(free.account, run), isOurs, abortSignal));
    } catch (error) {
      if (error instanceof ConflictError) return 'taken';
      throw error;
    }
  }

  /** @returns undefined if they have to be leased one by one */
  async function leaseGroup(free: readonly Free[], run: Run, abortSignal: AbortSignal) {
    const leases = free.map(({ account }) => ({ from: account, to: leaseOf(account, run) }));
    const accounts = await leaseTogether(leases, abortSignal);
    return accounts?.map((account, index) => told(free[index] as Free, account));
  }

  async function leaseAll(
    free: readonly Free[],
    run: Run,
    signal: AbortSignal | undefined,
  ): Promise<Result[]> {
    if (free.length > 1) {
      try {
        const group = await call((abortSignal) => leaseGroup(free, run, abortSignal), signal);
        if (group !== undefined) return group.map((value) => ({ status: 'fulfilled', value }));
      } catch (reason) {
        return free.map(() => ({ status: 'rejected', reason }));
      }
    }
    return Promise.allSettled(
      free.map((one) => call((abortSignal) => leaseOne(one, run, abortSignal), signal)),
    );
  }

  /** Gives the lease of each entry's account, or what was found instead, in the order of the entries. */
  return async (entries: readonly Entry[], run: Run, signal: AbortSignal | undefined): Promise<Result[]> => {
    const looks = await Promise.allSettled(
      entries.map((entry) => call((abortSignal) => look(entry, abortSignal), signal)),
    );
    const free = entries.flatMap((entry, index) => {
      const seen = looks[index];
      return seen?.status === 'fulfilled' && typeof seen.value === 'object'
        ? [{ entry, account: seen.value }]
        : [];
    });
    const leases = await leaseAll(free, run, signal);
    return looks.map((seen) =>
      seen.status === 'fulfilled' && typeof seen.value === 'object'
        ? (leases.shift() as Result)
        : (seen as Result),
    );
  };
}
