import { isDeepStrictEqual } from 'node:util';
import { type Account, dueAt, isConnected, isTombstone, type Stored } from '../../account/account.ts';
import { leased, released } from '../../account/transitions.ts';
import type { AccountStore, Finding, LeasedAccount } from '../../accountStore.ts';
import { type Clock, systemClock } from '../../clock.ts';
import { ConflictError } from '../../errors.ts';
import { readUserId, type UserId } from '../../userId.ts';
import { leaseAhead } from '../leaseAhead.ts';
import { SHARDS, shardOf } from '../shards.ts';
import { wholeSecond } from '../wholeSecond.ts';

/** An entry of the index: at this time the account is due. */
export type Entry = { readonly userId: UserId; readonly at: Date };

export type MemoryAccountStore = AccountStore & {
  /** The index of due times, so that tests can look into it and damage it. */
  readonly index: {
    /** All entries, the earliest first. */
    entries(): Entry[];
    put(userId: UserId, at: Date): void;
    drop(userId: UserId, at: Date): void;
  };
};

const CHANGED = 'The account changed since it was read, or no longer exists.';

/**
 * An account store in memory, with the same ETags, conflicts and index as the table.
 * @param options.clock default: the platform's
 */
export function createMemoryAccountStore({
  clock = systemClock,
}: {
  clock?: Clock;
} = {}): MemoryAccountStore {
  const accounts = new Map<UserId, Stored<Account>>();
  /** An entry that is written again is another object, so an object is a version of its entry. */
  const index = new Map<string, Entry>();
  /** What the write of each stored account was given. Two writers may want the same, so only the same object is the same write. */
  const given = new WeakMap<Stored<Account>, Account>();
  let version = 0;

  function put(account: Account): Stored<Account> {
    version += 1;
    const stored = { ...asStored(account), etag: `W/"${version}"` };
    accounts.set(stored.userId, stored);
    given.set(stored, account);
    putEntry(stored.userId, dueAt(stored));
    return structuredClone(stored);
  }

  function putEntry(userId: UserId, at: Date): void {
    index.set(keyOf(userId, at), { userId, at: wholeSecond(at) });
  }

  function dropEntry(userId: UserId, at: Date): void {
    index.delete(keyOf(userId, at));
  }

  /** Deletes this version of an entry. */
  function remove(entry: Entry): void {
    const key = keyOf(entry.userId, entry.at);
    if (index.get(key) === entry) index.delete(key);
  }

  function update(from: Stored, to: Account): Stored<Account> {
    const stored = accounts.get(to.userId);
    if (stored?.etag !== from.etag) {
      if (stored !== undefined && given.get(stored) === to) return structuredClone(stored);
      throw new ConflictError(CHANGED);
    }
    dropEntry(from.userId, dueAt(from));
    return put(to);
  }

  /** Restores the entry of an account, if it is missing. @returns whether it was missing */
  function restoreEntry(account: Stored<Account>): boolean {
    if (index.has(keyOf(account.userId, dueAt(account)))) return false;
    put(account);
    return true;
  }

  function claim(entry: Entry, runId: string, leaseMs: number): LeasedAccount | Finding['found'] {
    const account = accounts.get(entry.userId);
    if (account === undefined) return 'nobody';
    if (dueAt(account).getTime() !== entry.at.getTime()) {
      const wasMissing = restoreEntry(account);
      remove(entry);
      return wasMissing ? 'repaired' : 'taken';
    }
    const until = new Date(clock.now().getTime() + leaseMs);
    return {
      account: update(account, leased(account, runId, until)),
      dueSince: entry.at,
      ...(account.lease && { abandonedBy: account.lease.runId }),
    };
  }

  /** The entries that are due, those that have waited longest first. */
  function entriesDue(shard: string): Entry[] {
    const now = clock.now();
    return sorted([...index.values()].filter(({ userId, at }) => at <= now && shardOf(userId) === shard));
  }

  return {
    index: { entries: () => sorted([...index.values()]), put: putEntry, drop: dropEntry },
    shards: SHARDS,

    read: async (userId) => structuredClone(accounts.get(userId)),

    async create(account) {
      const stored = accounts.get(account.userId);
      if (stored === undefined) return put(account);
      if (isSame(stored, account)) return structuredClone(stored);
      throw new ConflictError('The account exists already.');
    },

    update: async (from, to) => update(from, to),

    async erase(account) {
      const { userId, etag } = account;
      if (accounts.get(userId)?.etag !== etag) throw new ConflictError(CHANGED);
      accounts.delete(userId);
      dropEntry(userId, dueAt(account));
    },

    async *list({ tid } = {}) {
      for (const userId of [...accounts.keys()].sort()) {
        const account = accounts.get(userId);
        if (account !== undefined && (tid === undefined || userId.startsWith(`${tid}/`))) {
          yield structuredClone(account);
        }
      }
    },

    dueSince: async (shard) => entriesDue(shard)[0]?.at,

    async dueIn(shard, atMost) {
      const due = entriesDue(shard);
      const [first] = due;
      return first && { dueSince: first.at, count: Math.min(due.length, atMost) };
    },

    claimDue: ({ shard, runId, leaseMs, onFound, signal }) =>
      leaseAhead({
        due: eachOf(() => entriesDue(shard)),
        claimAll: (entries) => Promise.allSettled(entries.map(async (entry) => claim(entry, runId, leaseMs))),
        giveBack: async ({ account }) => {
          const now = accounts.get(account.userId);
          if (now !== undefined && now.lease?.runId === account.lease?.runId) update(now, released(now));
        },
        removeEntries: async (entries) => entries.forEach(remove),
        onFound,
        signal,
      }),

    async audit({ from = '', atMost, isDueTooLate, onFound }) {
      const after = readUserId(from);
      const rest = [...accounts.values()]
        .filter(({ userId }) => after === undefined || userId > after)
        .sort((one, other) => (one.userId < other.userId ? -1 : 1));
      const page = rest.slice(0, atMost);
      for (const account of page) {
        if (restoreEntry(account)) onFound?.({ userId: account.userId, found: 'repaired' });
      }
      return {
        accounts: page.length,
        connected: page.filter(isConnected).length,
        damaged: 0,
        late: page.filter((account) => isDueTooLate?.(account)).map(({ userId }) => userId),
        next: rest.length > atMost ? page.at(-1)?.userId : undefined,
      };
    },
  };
}

const keyOf = (userId: UserId, at: Date): string => `${wholeSecond(at).toISOString()} ${userId}`;

const sorted = (entries: readonly Entry[]): Entry[] =>
  entries.toSorted((one, other) => (keyOf(one.userId, one.at) < keyOf(other.userId, other.at) ? -1 : 1));

/** Reads the items when the first one is asked for. */
async function* eachOf<T>(items: () => readonly T[]): AsyncGenerator<T> {
  yield* items();
}

/** The account as the table would keep it: the times of the index are whole seconds, and a tombstone has only its own fields. */
function asStored(account: Account | Stored<Account>): Account {
  const { etag: _, ...content } = { etag: '', ...account };
  const { userId, nextCheckAt, lease } = content;
  const scheduled = {
    userId,
    nextCheckAt: wholeSecond(nextCheckAt),
    ...(lease && { lease: { ...lease, until: wholeSecond(lease.until) } }),
  };
  return structuredClone(
    isTombstone(content)
      ? { ...scheduled, state: content.state, since: content.since }
      : { ...content, ...scheduled },
  );
}

const isSame = (stored: Stored<Account>, account: Account): boolean =>
  isDeepStrictEqual(asStored(stored), asStored(account));
