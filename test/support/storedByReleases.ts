/** What two releases keep of a user, read and moved in time with the vendors' packages alone. */
import { createHash } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { ContainerClient } from '@azure/storage-blob';
import { decodeProtectedHeader } from 'jose';
import type { DrillUser } from './drillStage.ts';

/** The account as it is stored, with every column that any release has written. */
export type StoredAccount = Record<string, unknown> & { etag: string };
/** A stored cache, closed: the name of its key, and its version. */
export type SealedCache = { kid: string; etag: string };
export type Stored = { account: StoredAccount | undefined; cache: SealedCache | undefined };

/** Longer than every wait that follows a check, a failure or a death: at most an hour. */
const HOUR = 61 * 60_000;
/** The columns that hold when an account is checked. Only a later release has the second. */
const MOVED = ['dueAt', 'nextCheckAt', 'lastActivity'];

export type StoredByReleases = ReturnType<typeof openStored>;

export function openStored(connectionString: string) {
  const table = TableClient.fromConnectionString(connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  const container = new ContainerClient(connectionString, 'token-cache');

  const keysOf = ({ userId }: DrillUser) => ({
    partitionKey: createHash('sha256').update(userId).digest('hex').slice(0, 1),
    suffix: userId.replace('/', '_'),
  });

  async function readAccount(user: DrillUser): Promise<StoredAccount | undefined> {
    const { partitionKey, suffix } = keysOf(user);
    const row = await unlessMissing(() => table.getEntity(partitionKey, `user|${suffix}`));
    return row && { ...row };
  }

  async function readCache({ userId }: DrillUser): Promise<SealedCache | undefined> {
    const answer = await unlessMissing(() => container.getBlobClient(userId).download());
    if (answer === undefined) return undefined;
    const chunks: Buffer[] = [];
    for await (const chunk of answer.readableStreamBody ?? []) chunks.push(Buffer.from(chunk));
    const { kid } = decodeProtectedHeader(Buffer.concat(chunks).toString('utf8')) as { kid: string };
    return { kid, etag: answer.etag ?? '' };
  }

  async function moveBack(user: DrillUser): Promise<void> {
    const { partitionKey, suffix } = keysOf(user);
    const account = await readAccount(user);
    if (!(account?.dueAt instanceof Date)) throw new Error(`${user.name} has no account that can be due`);
    const entry = (at: unknown) => ({
      partitionKey,
      rowKey: `due|${(at as Date).toISOString().slice(0, 19)}Z|${suffix}`,
    });
    const moved = Object.fromEntries(
      MOVED.flatMap((name) => {
        const time = account[name];
        return time instanceof Date ? [[name, new Date(time.getTime() - HOUR)]] : [];
      }),
    );
    await table.submitTransaction([
      ['update', { partitionKey, rowKey: `user|${suffix}`, ...moved }, 'Merge', { etag: account.etag }],
      ['delete', entry(account.dueAt)],
      ['create', entry(moved.dueAt)],
    ]);
  }

  return {
    async read(user: DrillUser): Promise<Stored> {
      const [account, cache] = await Promise.all([readAccount(user), readCache(user)]);
      return { account, cache };
    },

    /** An hour passes for these users, so that their next check is due, and the lease of a dead run has ended. */
    async letAnHourPass(users: readonly DrillUser[]): Promise<void> {
      await Promise.all(users.map(moveBack));
    },

    /** The next run reads a page of all accounts, as one run each minute does. */
    async letNextRunAudit(): Promise<void> {
      const begunAt = new Date(Date.now() - HOUR);
      await table.updateEntity({ partitionKey: 'runs', rowKey: 'last', begunAt }, 'Merge');
    },

    /** Writes columns that no release knows. */
    async addColumns(user: DrillUser, columns: Record<string, string | number>): Promise<void> {
      const { partitionKey, suffix } = keysOf(user);
      await table.updateEntity({ partitionKey, rowKey: `user|${suffix}`, ...columns }, 'Merge');
    },
  };
}

async function unlessMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if ((error as { statusCode?: unknown }).statusCode === 404) return undefined;
    throw error;
  }
}
