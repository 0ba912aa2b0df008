import type { Finding, LeasedAccount } from '../accountStore.ts';
import { UnavailableError } from '../errors.ts';
import type { UserId } from '../userId.ts';

/** Few, because a process that dies holds up the users whose accounts it has leased and not checked. */
const LEASED_AT_ONCE = 4;
/** Limits the memory of a sweep. The next sweep deletes the rest. */
const MAX_OF_NOBODY = 10_000;

type DueEntries<Entry> = {
  /** The entries that are due, those that have waited longest first. */
  due: AsyncIterable<Entry>;
  /** Leases the accounts of a few entries, or tells what it found instead, in the order of the entries. It does not throw. */
  claimAll(entries: readonly Entry[]): Promise<PromiseSettledResult<LeasedAccount | Finding['found']>[]>;
  /** Gives an account back that was leased and not handed out. It does not throw. */
  giveBack(leased: LeasedAccount): Promise<void>;
  /** Deletes entries that belong to no account, unless they were written again. */
  removeEntries(entries: readonly Entry[]): Promise<void>;
  onFound: ((finding: Finding) => void) | undefined;
  signal: AbortSignal | undefined;
};

/** `AccountStore.claimDue` for every store: leases a few accounts ahead, and gives back those that nobody pulled. */
export async function* leaseAhead<Entry extends { userId: UserId }>({
  due,
  claimAll,
  giveBack,
  removeEntries,
  onFound,
  signal,
}: DueEntries<Entry>): AsyncGenerator<LeasedAccount, void, undefined> {
  const leased: LeasedAccount[] = [];
  const ofNobody: Entry[] = [];

  try {
    for await (const entries of inGroups(due, LEASED_AT_ONCE)) {
      if (signal?.aborted) return;
      // All of them must have ended before an error is thrown, or a lease could be made after the others were given back.
      const ends = await claimAll(entries);
      for (const [index, entry] of entries.entries()) {
        const end = ends[index];
        if (end?.status !== 'fulfilled') continue;
        const result = end.value;
        if (typeof result === 'object') {
          leased.push(result);
          continue;
        }
        if (result === 'nobody' && ofNobody.length < MAX_OF_NOBODY) ofNobody.push(entry);
        onFound?.({ userId: entry.userId, found: result });
      }
      for (const end of ends) if (end.status === 'rejected') throw end.reason;
      while (!signal?.aborted) {
        const next = leased.shift();
        if (next === undefined) break;
        yield next;
      }
    }
    if (!signal?.aborted) await removeEntries(ofNobody);
  } catch (error) {
    // The caller has ended the iteration, so an operation that it aborted is no failure.
    if (!(signal?.aborted && error instanceof UnavailableError)) throw error;
  } finally {
    await Promise.all(leased.map(giveBack));
  }
}

async function* inGroups<T>(items: AsyncIterable<T>, size: number): AsyncGenerator<T[]> {
  let group: T[] = [];
  for await (const item of items) {
    group.push(item);
    if (group.length < size) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}
