/**
 * Reads all that is kept of everybody with the vendors' packages alone, so that what it finds does not rest on the
 * code whose work it judges.
 */
import { createHash } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { ContainerClient } from '@azure/storage-blob';
import { compactDecrypt, decodeProtectedHeader } from 'jose';
import { expect } from 'vitest';
import { userKeyOf } from './userKeyOf.ts';

export type CacheKeyLike = { kid: string; secret: Uint8Array };

export type StoredRow = {
  state: string;
  /** The row key that the account's index entry must have. */
  dueRowKey: string;
  dueAt: Date;
  runId: string;
  generation: string;
  homeAccountId: string;
  history: { outcome?: string; kind?: string; code?: string }[];
  lastRefreshed: Date | undefined;
};

/** MSAL's entries, as far as they are looked at (the unified cache schema shared by the MSAL libraries). */
export type MsalEntry = { home_account_id?: string; secret?: string; target?: string };
export type MsalCache = Record<string, Record<string, MsalEntry>>;

export type StoredBlob =
  | { opens: false; why: string }
  | {
      opens: true;
      generation: string;
      msal: MsalCache;
      homeAccountIds: string[];
      /** Of each access token, as MSAL keys it: sorted scopes in lower case, with spaces. */
      accessTokenScopes: string[];
      refreshTokens: string[];
    };

export type StoredUser = {
  /** `<tid>/<oid>` */
  userId: string;
  row: StoredRow | undefined;
  /** Row keys, wherever they lie. */
  entries: string[];
  blob: StoredBlob | undefined;
  problems: string[];
};

export type StorageReport = {
  /** By user id. */
  users: Map<string, StoredUser>;
  /** Of all users, each with its user id. */
  problems: string[];
};

const LIVING = ['pending', 'active', 'needs-user'];
const OWNED_SECTIONS = ['Account', 'IdToken', 'AccessToken', 'RefreshToken'];

/** Opens every cache and reads every row. Nobody may be at work meanwhile. */
export async function checkStorage(options: {
  connectionString: string;
  keys: readonly CacheKeyLike[];
  /** Whether a cache that an earlier release has sealed, with the master key itself, is sound, too. Default false. */
  earlierSeals?: boolean;
}): Promise<StorageReport> {
  const { connectionString, keys, earlierSeals = false } = options;
  const users = new Map<string, StoredUser>();
  const problems: string[] = [];
  const userOf = (userId: string): StoredUser => {
    const known = users.get(userId);
    if (known !== undefined) return known;
    const user: StoredUser = { userId, row: undefined, entries: [], blob: undefined, problems: [] };
    users.set(userId, user);
    return user;
  };

  for (const { partitionKey, rowKey, columns } of await readRows(connectionString)) {
    const [kind, ...rest] = rowKey.split('|');
    const userId = (rest.at(-1) ?? '').replace('_', '/');
    if (kind !== 'user' && kind !== 'due') continue;
    const user = userOf(userId);
    if (kind === 'user') user.row = storedRow(rowKey, columns);
    else user.entries.push(rowKey);
    if (partitionKey !== shardOf(userId)) user.problems.push(`${kind} row in partition ${partitionKey}`);
  }
  for (const { name, sealed } of await readBlobs(connectionString)) {
    userOf(name).blob = await openBlob(name, sealed, keys, earlierSeals);
  }

  for (const user of users.values()) {
    user.problems.push(...rowProblems(user), ...blobProblems(user));
    problems.push(...user.problems.map((problem) => `${user.userId}: ${problem}`));
  }
  return { users, problems: problems.sort() };
}

/** @throws AssertionError that lists every problem. */
export function expectSound({ problems }: StorageReport): void {
  expect(problems, `what is stored is not sound:\n${problems.join('\n')}`).toEqual([]);
}

function rowProblems({ row, entries, blob }: StoredUser): string[] {
  if (row === undefined) return entries.map((key) => `${key} without a row`);
  return [
    ...(entries.length === 1 ? [] : [`${entries.length} entries: ${entries.join(', ')}`]),
    ...(entries.includes(row.dueRowKey) ? [] : [`dueAt names no entry: ${row.dueRowKey}`]),
    ...(row.state === 'active' && blob === undefined ? ['active without a blob'] : []),
  ];
}

function blobProblems({ row, blob }: StoredUser): string[] {
  if (blob === undefined) return [];
  if (!blob.opens) return [`unreadable blob: ${blob.why}`];
  if (row === undefined) return ['blob without a row'];
  if (!LIVING.includes(row.state)) return [`blob of a user who is ${row.state}`];
  const foreign = blob.homeAccountIds.filter((id) => row.homeAccountId !== '' && id !== row.homeAccountId);
  return [
    ...foreign.map((id) => `entry of another home account: ${id}`),
    ...(blob.homeAccountIds.length > 1 ? [`${blob.homeAccountIds.length} home accounts in one blob`] : []),
    ...(blob.generation === row.generation ? [] : ['blob of another generation than the row']),
  ];
}

/** @param name of the blob, which is the user id */
export async function openBlob(
  name: string,
  sealed: string,
  keys: readonly CacheKeyLike[],
  earlierSeals = false,
): Promise<StoredBlob> {
  try {
    const { kid, sub } = decodeProtectedHeader(sealed) as { kid?: unknown; sub?: unknown };
    if (sub !== name) return { opens: false, why: `its sub is ${sub}` };
    const key = keys.find((one) => `${one.kid}.u` === kid || (earlierSeals && one.kid === kid));
    if (key === undefined) return { opens: false, why: `no key is called ${kid}` };
    const secret = key.kid === kid ? key.secret : await userKeyOf(key.secret, name);
    const { plaintext } = await compactDecrypt(sealed, secret);
    const content = JSON.parse(new TextDecoder().decode(plaintext)) as { msal: string; gen: string };
    const msal = JSON.parse(content.msal) as MsalCache;
    const entriesOf = (section: string) => Object.values(msal[section] ?? {});
    return {
      opens: true,
      generation: content.gen,
      msal,
      homeAccountIds: [
        ...new Set(
          OWNED_SECTIONS.flatMap(entriesOf).map(({ home_account_id }) => home_account_id ?? 'nobody'),
        ),
      ],
      accessTokenScopes: entriesOf('AccessToken').map(({ target = '' }) => scopeSet(target)),
      refreshTokens: entriesOf('RefreshToken').map(({ secret = '' }) => secret),
    };
  } catch (error) {
    return { opens: false, why: error instanceof Error ? error.name : 'unknown' };
  }
}

/** The names of the permissions, sorted and in lower case, for scope sets to be compared. */
export function scopeSet(scopes: string): string {
  const names = scopes
    .toLowerCase()
    .split(' ')
    .filter(Boolean)
    .map((scope) => scope.slice(scope.lastIndexOf('/') + 1));
  return [...new Set(names)]
    .filter((name) => name !== '.default')
    .sort()
    .join(' ');
}

function storedRow(rowKey: string, columns: Record<string, unknown>): StoredRow {
  const text = (name: string) => String(columns[name] ?? '');
  const time = (name: string) => (columns[name] instanceof Date ? columns[name] : undefined);
  const dueAt = time('dueAt') ?? new Date(0);
  return {
    state: text('state'),
    dueAt,
    dueRowKey: `due|${dueAt.toISOString().slice(0, 19)}Z|${rowKey.slice('user|'.length)}`,
    runId: text('runId'),
    generation: text('generation'),
    homeAccountId: text('accountIdentifier'),
    history: JSON.parse(text('history') || '[]') as StoredRow['history'],
    lastRefreshed: time('lastRefreshed'),
  };
}

const shardOf = (userId: string): string => createHash('sha256').update(userId).digest('hex').slice(0, 1);

async function readRows(connectionString: string) {
  const table = TableClient.fromConnectionString(connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  const rows: { partitionKey: string; rowKey: string; columns: Record<string, unknown> }[] = [];
  await unlessMissing(async () => {
    for await (const { partitionKey = '', rowKey = '', ...columns } of table.listEntities())
      rows.push({ partitionKey, rowKey, columns });
  });
  return rows;
}

async function readBlobs(connectionString: string) {
  const container = new ContainerClient(connectionString, 'token-cache');
  const blobs: { name: string; sealed: string }[] = [];
  await unlessMissing(async () => {
    for await (const { name } of container.listBlobsFlat()) {
      const content = await container.getBlobClient(name).downloadToBuffer();
      blobs.push({ name, sealed: content.toString('utf8') });
    }
  });
  return blobs;
}

/** Table and container are made at the first write. */
async function unlessMissing(read: () => Promise<void>): Promise<void> {
  try {
    await read();
  } catch (error) {
    if ((error as { statusCode?: unknown }).statusCode !== 404) throw error;
  }
}
