/** The storage account fails over to a copy that is behind: who has ended since the copy must not be connected again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../dev/azurite.ts';
import { numberedUsers } from '../../dev/entra/directory.ts';
import { readConfig } from '../../shared/config.ts';
import { createLogId } from '../../shared/userId.ts';
import { runStead } from '../integration/ops/runStead.ts';
import { checkStorage, expectSound } from '../support/checkStorage.ts';
import { createDrillApp, type DrillApp, type LoggedRow } from '../support/drillApp.ts';
import { type DrillStage, type DrillUser, startDrillStage } from '../support/drillStage.ts';
import { control, journal } from '../support/entraClients.ts';
import { copyStorage, putStorage, type StorageCopy } from '../support/storageCopy.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const PATIENCE = 120_000;
const LOG_HASH_KEY = Buffer.alloc(32, 5).toString('base64');

/** What each user does after the copy was taken. */
const PARTS = {
  stays: 4,
  leaves: 3,
  isErased: 2,
  isOverRetention: 1,
  leavesAndComesBack: 2,
  comes: 2,
  comesAndLeaves: 1,
  /** Left before the copy. */
  hadLeft: 1,
  /** Left before the copy, and comes back after it. */
  returns: 1,
} as const;
type Part = keyof typeof PARTS;

let stage: DrillStage;
let folder: string;
let users: Record<Part, DrillUser[]>;
let copy: StorageCopy;
/** The log of the region that fails. */
let log: LoggedRow[];
const azurites: Azurite[] = [];

beforeAll(async () => {
  const count = Object.values(PARTS).reduce((sum, part) => sum + part, 0);
  stage = await startDrillStage(numberedUsers(count));
  folder = await mkdtemp(join(tmpdir(), 'stead-drill-'));
  const left = [...stage.users];
  users = Object.fromEntries(
    Object.entries(PARTS).map(([part, size]) => [part, left.splice(0, size)]),
  ) as typeof users;
  log = [];

  const store = stage.azurite.connectionString;
  const inRegion = async (aheadMs: number, act: (acts: Acts) => Promise<unknown>) =>
    void log.push(...(await at(store, aheadMs, act)));
  await inRegion(-91 * DAY, ({ visit }) => visit('isOverRetention'));
  await inRegion(0, async ({ visit, disconnect }) => {
    await visit('stays', 'leaves', 'isErased', 'leavesAndComesBack', 'hadLeft', 'returns');
    await disconnect('hadLeft', 'returns');
  });
  copy = await copyStorage(store);

  await inRegion(30 * MINUTE, async ({ app, visit, disconnect }) => {
    // All refresh tokens rotate, so that those of the copy are old ones.
    await app.sweep();
    await visit('comes', 'comesAndLeaves');
    await disconnect('leaves', 'leavesAndComesBack', 'comesAndLeaves');
  });
  for (const { userId } of users.isErased) {
    expect((await stead(store, 'accounts', 'erase', userId, '--yes')).exitCode).toBe(0);
  }
  await inRegion(45 * MINUTE, async ({ app, reconnect }) => {
    await reconnect('leavesAndComesBack', 'returns');
    await app.sweep();
  });
  // Blobs and tables are copied each at their own pace: of these users only the cache is in the copy.
  const now = await copyStorage(store);
  for (const { userId } of users.stays) expect(now.blobs.get(userId)).not.toEqual(copy.blobs.get(userId));
  for (const { userId } of users.comes) copy.blobs.set(userId, now.blobs.get(userId) ?? Buffer.alloc(0));
}, PATIENCE);
afterAll(async () => {
  await Promise.all([...azurites.map((azurite) => azurite.stop()), stage.stop()]);
  await rm(folder, { recursive: true });
});

type Acts = {
  app: DrillApp;
  visit(...parts: Part[]): Promise<void>;
  disconnect(...parts: Part[]): Promise<void>;
  reconnect(...parts: Part[]): Promise<void>;
};

/** The functions over a storage account, at a time. @returns what they logged */
async function at(
  TokenStore: string,
  aheadMs: number,
  act: (acts: Acts) => Promise<unknown>,
): Promise<LoggedRow[]> {
  const app = createDrillApp({ ...stage.settings, TokenStore, LOG_HASH_KEY }, { aheadMs });
  const eachOf =
    (does: 'visit' | 'disconnect' | 'reconnect') =>
    async (...parts: Part[]) => {
      for (const user of parts.flatMap((part) => users[part])) await app[does](await stage.signIn(user));
    };
  await act({
    app,
    visit: eachOf('visit'),
    disconnect: eachOf('disconnect'),
    reconnect: eachOf('reconnect'),
  });
  return app.logged;
}

const stead = (TokenStore: string, ...args: string[]) => runStead(args, { TokenStore, LOG_HASH_KEY });

/** The copy becomes the store. */
async function failOver(): Promise<string> {
  const azurite = await startAzurite();
  azurites.push(azurite);
  await putStorage(azurite.connectionString, copy);
  return azurite.connectionString;
}

/** For whom a run gets a token, by name. */
async function actedFor(TokenStore: string, aheadMs: number): Promise<string[]> {
  await control(stage.entra, 'DELETE', '/requests');
  await at(TokenStore, aheadMs, async ({ app }) => {
    const summary = await app.sweep();
    expect(summary).toMatchObject({ stoppedBy: 'done', brokenOff: 0, shardsFailed: 0, failed: {} });
  });
  const grants = (await journal(stage.entra)).filter(({ endpoint }) => endpoint === 'token');
  expect(grants.every(({ grant, error }) => grant === 'refresh_token' && error === undefined)).toBe(true);
  return grants.map(({ user }) => user ?? '').sort();
}

const namesOf = (...parts: Part[]) => parts.flatMap((part) => users[part].map(({ name }) => name)).sort();
const logIdsOf = (...parts: Part[]) => {
  const logId = createLogId(Buffer.from(LOG_HASH_KEY, 'base64'));
  return parts.flatMap((part) => users[part].map(({ userId }) => logId(userId)));
};

it('acts for users who have left, if nothing is done about it', { timeout: PATIENCE }, async () => {
  const acted = await actedFor(await failOver(), 60 * MINUTE);
  // A user whose retention time is over is retired again before anything is asked.
  expect(acted).toEqual(namesOf('stays', 'leaves', 'isErased', 'leavesAndComesBack'));
});

it('acts for nobody who has left, once the log was replayed', { timeout: PATIENCE }, async () => {
  const store = await failOver();
  // The worker is off. Users come all the same, and find themselves connected.
  const [visitor] = users.leaves;
  const [returner, removed] = users.isErased;
  await at(store, 70 * MINUTE, async ({ app }) => {
    for (const user of [visitor, returner]) {
      if (user !== undefined) await app.visit(await stage.signIn(user));
    }
  });

  const columns = ['timestamp', 'message', 'rows'].map((name) => ({ name, type: 'string' }));
  const rows = log.map(({ timestamp, message }) => [timestamp, message, log.length]);
  const from = join(folder, 'ended.json');
  await writeFile(from, JSON.stringify({ tables: [{ name: 'PrimaryResult', columns, rows }] }));
  const counts =
    'disconnected 3, erased 2. Already ended 1, came back since 1, connected in the log 7, without an account here 3.';

  const stored = await copyStorage(store);
  const dry = await stead(store, 'accounts', 'replay-ended', '--from', from);
  expect(dry).toMatchObject({ exitCode: 0, errors: [] });
  expect(dry.lines.at(-1)).toBe(`Would be ended again: ${counts} Nothing was done: add --yes.`);
  expect(await copyStorage(store)).toEqual(stored);

  const done = await stead(store, 'accounts', 'replay-ended', '--from', from, '--yes');
  expect(done).toMatchObject({ exitCode: 0, errors: [] });
  expect(done.lines.at(-1)).toBe(`Ended again: ${counts}`);
  for (const logId of logIdsOf('leaves'))
    expect(done.lines.join('\n')).toContain(`${logId} is disconnected again`);
  for (const { userId, name } of stage.users) {
    expect(done.lines.join('\n')).not.toContain(name);
    expect(done.lines.join('\n')).not.toContain(userId.split('/')[1]);
  }

  // Again, from the log in another form.
  const again = join(folder, 'ended.log');
  const line = ({ timestamp, message }: LoggedRow) => `[${timestamp}] information connection ${message}\n`;
  await writeFile(again, log.map(line).join(''));
  const after = await copyStorage(store);
  const repeated = await stead(store, 'accounts', 'replay-ended', '--from', again, '--yes');
  expect(repeated.lines.at(-1)).toMatch(
    /^Ended again: disconnected 0, erased 0\. Already ended 6, came back since 1,/,
  );
  expect(await copyStorage(store)).toEqual(after);

  const erased = await stead(store, 'orphans', '--erase', '--yes');
  expect(erased.lines.at(-1)).toBe('Erased: token caches without an account 2.');
  expect((await stead(store, 'accounts', 'audit')).lines).toContainEqual(
    expect.stringContaining('damaged 0.'),
  );

  const acted = await actedFor(store, 120 * MINUTE);
  expect(acted).toEqual([...namesOf('stays', 'leavesAndComesBack'), returner?.name].sort());

  // Whoever disconnected stays so at their next visit; whoever was erased is connected by it.
  await at(store, 130 * MINUTE, async ({ visit }) => visit('leaves', 'isErased', 'hadLeft', 'comes'));
  const report = await checkStorage({ connectionString: store, keys: readConfig(stage.settings).cacheKeys });
  expectSound(report);
  const stateOf = (user: DrillUser | undefined) => report.users.get(user?.userId ?? '')?.row?.state;
  expect([...users.leaves, ...users.hadLeft, ...users.returns].map(stateOf)).toEqual(
    Array(5).fill('disconnected'),
  );
  expect([removed, returner, ...users.comes].map(stateOf)).toEqual(Array(4).fill('active'));
  expect([...users.stays, ...users.leavesAndComesBack].map(stateOf)).toEqual(Array(6).fill('active'));
});
