/** `CONNECT=ask` and pauses, by the deployed functions, and what is then in storage: all of it, read by the storage SDKs. */
import { rm } from 'node:fs/promises';
import { TableClient, TableServiceClient } from '@azure/data-tables';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DemoUser, numberedUsers } from '../../../../dev/entra/directory.ts';
import { type Platform, startPlatform } from '../../../../dev/platform.ts';
import { readConfig } from '../../../../shared/config.ts';
import { toUserId } from '../../../../shared/userId.ts';
import type { Connection } from '../../../../shared/wire.ts';
import { buildShipped } from '../../../support/buildShipped.ts';
import { checkStorage, expectSound } from '../../../support/checkStorage.ts';
import { journal, signIn } from '../../../support/entraClients.ts';

const USERS = numberedUsers(5);
const [VISITOR, OTHER, PAUSER, LEAVER, RACER] = USERS as [DemoUser, DemoUser, DemoUser, DemoUser, DemoUser];
/** To MSAL, such a token has expired when it is issued: every check asks the token endpoint. */
const EXPIRED_AT_ONCE = 299;
const IDLE_MS = 1_000;
const NOT_CONNECTED = { state: 'not-connected', history: [] };
const DAY_MS = 86_400_000;

let functions: string | undefined;
let platform: Platform;
beforeAll(async () => {
  functions = await buildShipped();
  platform = await startPlatform({
    functions,
    timers: false,
    withoutWeb: true,
    users: USERS,
    lifetimes: { graphAccessToken: EXPIRED_AT_ONCE },
    settings: {
      CONNECT: 'ask',
      REFRESH_IDLE_SECONDS: String(IDLE_MS / 1_000),
      REFRESH_MIN_INTERVAL_SECONDS: '1',
    },
  });
});
afterAll(async () => {
  await platform?.stop();
  if (functions) await rm(functions, { recursive: true });
});

const tokenFor = async ({ name }: DemoUser): Promise<string> =>
  (await signIn(platform.entra, name, { spaOrigin: platform.webOrigin })).accessToken;

function send(method: string, path: string, token: string, sent?: unknown): Promise<Response> {
  const authorization = `Bearer ${token}`;
  return fetch(`${platform.host.origin}/api/${path}`, {
    method,
    headers: { authorization, ...(sent !== undefined && { 'content-type': 'application/json' }) },
    ...(sent !== undefined && { body: JSON.stringify(sent) }),
  });
}

async function connectionOf(
  token: string,
  method: 'GET' | 'PUT' = 'GET',
  sent?: unknown,
): Promise<Connection> {
  const response = await send(method, 'connection', token, sent);
  expect(response.status).toBe(200);
  return (await response.json()) as Connection;
}

async function visit(token: string): Promise<void> {
  expect((await send('GET', 'profile', token)).status).toBe(200);
  expect((await send('GET', 'profile/photo', token)).status).toBeLessThan(300);
}

/** The text of every row of every table, but for the record of the last run, and the name of every blob of every container. */
async function everythingStored(): Promise<{ rows: string[]; blobs: string[] }> {
  const { connectionString } = platform.azurite;
  const options = { allowInsecureConnection: true };
  const rows: string[] = [];
  for await (const { name = '' } of TableServiceClient.fromConnectionString(
    connectionString,
    options,
  ).listTables()) {
    const table = TableClient.fromConnectionString(connectionString, name, options);
    for await (const row of table.listEntities()) {
      // The timer may fire at any moment. The record of its last run is nobody's.
      if (row.partitionKey !== 'runs') rows.push(JSON.stringify(row));
    }
  }
  const blobs: string[] = [];
  const service = BlobServiceClient.fromConnectionString(connectionString);
  for await (const { name } of service.listContainers()) {
    for await (const blob of service.getContainerClient(name).listBlobsFlat())
      blobs.push(`${name}/${blob.name}`);
  }
  return { rows, blobs };
}

async function storedOf({ oid, upn }: DemoUser) {
  const { rows, blobs } = await everythingStored();
  const isTheirs = (text: string) => text.toLowerCase().includes(oid) || text.includes(upn);
  return { rows: rows.filter(isTheirs), blobs: blobs.filter(isTheirs) };
}

const refreshesFor = async ({ name }: DemoUser): Promise<number> =>
  (await journal(platform.entra)).filter(({ grant, user }) => grant === 'refresh_token' && user === name)
    .length;

/** Runs of the worker, until the connection is so. */
const sweepUntil = (token: string, holds: (connection: Connection) => boolean): Promise<Connection> =>
  vi.waitFor(
    async () => {
      expect(await platform.host.run('refreshWorker')).toBe('succeeded');
      const connection = await connectionOf(token);
      expect(connection).toSatisfy(holds);
      return connection;
    },
    { timeout: 20_000, interval: IDLE_MS / 2 },
  );

const timesOf = (connection: Connection, which: (outcome: string) => boolean): number =>
  connection.history.filter(({ outcome }) => which(outcome)).length;
const checksOf = (connection: Connection) => timesOf(connection, (one) => !one.startsWith('task-'));
const tasksOf = (connection: Connection) => timesOf(connection, (one) => one.startsWith('task-'));

describe('a user who has not been asked', () => {
  it('is served, and there is nothing in storage at all: no row, no blob', async () => {
    const [token, again] = [await tokenFor(VISITOR), await tokenFor(VISITOR)];
    expect(await connectionOf(token)).toEqual(NOT_CONNECTED);
    await Promise.all([visit(token), visit(token), visit(again), visit(await tokenFor(OTHER))]);
    for (const one of [token, again]) expect(await connectionOf(one)).toEqual(NOT_CONNECTED);
    expect((await send('DELETE', 'connection', token)).status).toBe(204);
    expect(await connectionOf(token)).toEqual(NOT_CONNECTED);
    await visit(token);
    expect(await everythingStored()).toEqual({ rows: [], blobs: [] });
  });

  it('is nobody to the worker', async () => {
    expect(await platform.host.run('refreshWorker')).toBe('succeeded');
    expect(await storedOf(VISITOR)).toEqual({ rows: [], blobs: [] });
    expect(await refreshesFor(VISITOR)).toBe(0);
  });

  it('has no tasks to pause', async () => {
    const until = new Date(Date.now() + DAY_MS).toISOString();
    const response = await send('PUT', 'connection', await tokenFor(OTHER), { tasksPausedUntil: until });
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
      409,
      'NOT_CONNECTED',
    ]);
    expect(await storedOf(OTHER)).toEqual({ rows: [], blobs: [] });
  });
});

describe('a user who connects', () => {
  it('is kept from then on, acted for, paused, resumed, and forgotten when they disconnect', async () => {
    const token = await tokenFor(PAUSER);
    await visit(token);
    expect(await connectionOf(token, 'PUT')).toMatchObject({ state: 'pending', history: [] });
    expect(await storedOf(PAUSER)).toMatchObject({ rows: [expect.anything(), expect.anything()], blobs: [] });
    await visit(token);
    const connected = await connectionOf(token);
    expect(connected).toMatchObject({ state: 'active', permissions: { graph: ['User.Read'] } });
    expect((await storedOf(PAUSER)).blobs).toHaveLength(1);
    const served = await sweepUntil(token, ({ history }) => history.length > 1);
    expect(served.history).toMatchObject([{ outcome: 'refreshed' }, { outcome: 'task-done' }]);

    const until = new Date(Date.now() + DAY_MS).toISOString();
    const paused = await connectionOf(token, 'PUT', { tasksPausedUntil: until });
    expect(paused).toMatchObject({ state: 'active', tasksPausedUntil: until });
    const [refreshes, tasks] = [await refreshesFor(PAUSER), tasksOf(paused)];
    const kept = await sweepUntil(token, (now) => checksOf(now) > checksOf(paused) + 1);
    expect(tasksOf(kept)).toBe(tasks);
    expect(await refreshesFor(PAUSER)).toBeGreaterThan(refreshes + 1);
    expect(kept).toMatchObject({ state: 'active', tasksPausedUntil: until });

    expect(await connectionOf(token, 'PUT', { tasksPausedUntil: null })).not.toHaveProperty(
      'tasksPausedUntil',
    );
    const resumed = await sweepUntil(token, (now) => tasksOf(now) > tasks);
    expect(resumed).not.toHaveProperty('tasksPausedUntil');

    expect((await send('DELETE', 'connection', token)).status).toBe(204);
    const { rows, blobs } = await storedOf(PAUSER);
    expect(blobs).toEqual([]);
    expect(rows.join()).not.toContain(PAUSER.upn);
    await visit(token);
    await visit(await tokenFor(PAUSER));
    expect(await connectionOf(token)).toMatchObject({ state: 'disconnected' });
    expect((await storedOf(PAUSER)).blobs).toEqual([]);
    // Others stayed what they were.
    expect(await storedOf(OTHER)).toEqual({ rows: [], blobs: [] });
  });

  it('loses a pause with the connection', async () => {
    const token = await tokenFor(LEAVER);
    const until = { tasksPausedUntil: new Date(Date.now() + DAY_MS).toISOString() };
    await connectionOf(token, 'PUT');
    expect(await connectionOf(token, 'PUT', until)).toMatchObject(until);
    expect((await send('DELETE', 'connection', token)).status).toBe(204);
    expect(await connectionOf(token)).toMatchObject({ state: 'disconnected' });
    const again = await connectionOf(token, 'PUT');
    expect(again.state).toBe('pending');
    expect(again).not.toHaveProperty('tasksPausedUntil');
  });

  it('leaves a sound storage, whatever they do at the same time', async () => {
    const token = await tokenFor(RACER);
    const tokens = [token, await tokenFor(RACER)];
    await Promise.all([
      ...tokens.map(visit),
      send('PUT', 'connection', token),
      ...tokens.map(visit),
      send('DELETE', 'connection', token),
      ...tokens.map(visit),
      send('PUT', 'connection', token),
      platform.host.run('refreshWorker'),
    ]);
    await Promise.all(tokens.map(visit));
    const { connectionString } = platform.azurite;
    const report = await checkStorage({ connectionString, keys: readConfig(platform.settings).cacheKeys });
    expectSound(report);
    const { row, blob } = report.users.get(toUserId(RACER)) ?? {};
    expect(['pending', 'active', 'disconnected']).toContain(row?.state);
    if (row?.state === 'active') expect(blob).toMatchObject({ opens: true, generation: row.generation });
    if (row?.state === 'disconnected') expect(blob).toBeUndefined();
  });
});

describe('the page, from its own origin', () => {
  it('may send a pause, by CORS', async () => {
    const preflight = await fetch(`${platform.host.origin}/api/connection`, {
      method: 'OPTIONS',
      headers: {
        origin: platform.webOrigin,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'authorization,content-type',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('content-type');
  });
});
