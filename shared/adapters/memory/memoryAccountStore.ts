import { ConflictError } from '../../errors.ts';
import type { Account, AccountFields, AccountStore } from '../../ports.ts';
import {
  dueRowKey,
  dueUpperBound,
  shardOf,
  timeOfDueRowKey,
  type UserId,
  userOfDueRowKey,
  wholeSecond,
} from '../../userId.ts';

export type MemoryAccountStore = AccountStore & {
  /** The ETags of the due rows of all shards, by row key. */
  readonly dueRows: Map<string, string>;
};

/** An account store in memory, with the same ETags, conflicts and due rows as the table. */
export function createMemoryAccountStore(): MemoryAccountStore {
  const accounts = new Map<UserId, Account>();
  const dueRows = new Map<string, string>();
  let version = 0;
  const nextEtag = () => `W/"${++version}"`;

  function put(fields: AccountFields): Account {
    const account = { ...asStored(fields), etag: nextEtag() };
    accounts.set(account.userId, account);
    return structuredClone(account);
  }

  function putDue({ dueAt, userId }: AccountFields): void {
    dueRows.set(dueRowKey(dueAt, userId), nextEtag());
  }

  function move(from: Account, to: AccountFields): Account {
    const stored = accounts.get(to.userId);
    if (stored?.etag !== from.etag) {
      if (stored !== undefined && isSame(stored, to)) return structuredClone(stored);
      throw new ConflictError('The account changed since it was read, or no longer exists.');
    }
    dueRows.delete(dueRowKey(from.dueAt, from.userId));
    putDue(to);
    return put(to);
  }

  /** Row keys of the users who are due, the one who has waited longest first. */
  function dueKeys(shard: string, now: Date): string[] {
    const isOurs = (key: string) => {
      const userId = userOfDueRowKey(key);
      return key < dueUpperBound(now) && userId !== undefined && shardOf(userId) === shard;
    };
    return [...dueRows.keys()].filter(isOurs).sort();
  }

  return {
    dueRows,
    read: async (userId) => structuredClone(accounts.get(userId)),

    async create(fields) {
      const stored = accounts.get(fields.userId);
      if (stored !== undefined) {
        if (isSame(stored, fields)) return structuredClone(stored);
        throw new ConflictError('The account exists already.');
      }
      putDue(fields);
      return put(fields);
    },

    move: async (from, to) => move(from, to),

    async erase({ userId, etag, dueAt }) {
      if (accounts.get(userId)?.etag !== etag) {
        throw new ConflictError('The account changed since it was read, or no longer exists.');
      }
      accounts.delete(userId);
      dueRows.delete(dueRowKey(dueAt, userId));
    },

    async *list(shard, tid) {
      for (const userId of [...accounts.keys()].sort()) {
        const account = accounts.get(userId);
        const wanted = shardOf(userId) === shard && (tid === undefined || userId.startsWith(`${tid}/`));
        if (account !== undefined && wanted) yield structuredClone(account);
      }
    },

    async *due(shard, now) {
      for (const rowKey of dueKeys(shard, now)) {
        const userId = userOfDueRowKey(rowKey);
        const dueSince = timeOfDueRowKey(rowKey) ?? now;
        const etag = dueRows.get(rowKey);
        if (userId === undefined || etag === undefined) continue;
        yield { userId, shard, dueSince, rowKey, etag };
      }
    },

    async dueSince(shard, now) {
      const [first] = dueKeys(shard, now);
      return first === undefined ? undefined : (timeOfDueRowKey(first) ?? now);
    },

    async removeDue(rows) {
      for (const { rowKey, etag } of rows) if (dueRows.get(rowKey) === etag) dueRows.delete(rowKey);
    },

    async claim(due, lease) {
      const account = accounts.get(due.userId);
      if (account === undefined) return 'nobody';
      if (dueRowKey(account.dueAt, account.userId) !== due.rowKey) {
        if (dueRows.get(due.rowKey) === due.etag) dueRows.delete(due.rowKey);
        if (dueRows.has(dueRowKey(account.dueAt, account.userId))) return undefined;
        putDue(account);
        put(account);
        return 'repaired';
      }
      const leased = move(account, { ...account, dueAt: lease.until, runId: lease.runId });
      return { account: leased, abandonedBy: account.runId };
    },
  };
}

function asStored(fields: AccountFields): AccountFields {
  const copy = structuredClone({
    ...fields,
    dueAt: wholeSecond(fields.dueAt),
    history: fields.history.slice(-20),
  });
  if (fields.state !== 'disconnected' && fields.state !== 'retired') return copy;
  const nothing = undefined;
  return {
    ...copy,
    generation: '',
    homeAccountId: nothing,
    userPrincipalName: nothing,
    failure: nothing,
    attempts: 0,
    lastRefreshed: nothing,
    expiresOn: nothing,
    refreshTokenExpiresOn: nothing,
    history: [],
  };
}

function isSame({ etag: _, ...stored }: Account, fields: AccountFields): boolean {
  const { etag: __, ...wanted } = { etag: '', ...asStored(fields) };
  const inOrder = (value: object) => JSON.stringify(Object.entries(value).sort());
  return inOrder(stored) === inOrder(wanted);
}
