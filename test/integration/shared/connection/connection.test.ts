/** `/api/connection` of the deployed functions, and what is then in storage: read by the storage SDKs alone. */
import { rm } from 'node:fs/promises';
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type DemoUser, numberedUsers } from '../../../../dev/entra/directory.ts';
import { type Platform, startPlatform } from '../../../../dev/platform.ts';
import { shardOf } from '../../../../shared/adapters/shards.ts';
import { readConfig } from '../../../../shared/config.ts';
import { toUserId } from '../../../../shared/userId.ts';
import type { Connection, Problem, Profile } from '../../../../shared/wire.ts';
import { buildShipped } from '../../../support/buildShipped.ts';
import { checkStorage, expectSound } from '../../../support/checkStorage.ts';
import { control, journal, signIn } from '../../../support/entraClients.ts';

const USERS = numberedUsers(4);
const [LEAVER, STRANGER, POLLER, REFUSED] = USERS as [DemoUser, DemoUser, DemoUser, DemoUser];
/** To MSAL, such a token has expired when it is issued: every check asks the token endpoint. */
const EXPIRED_AT_ONCE = 299;
/** After this time the worker acts for a user. */
const IDLE_MS = 2_000;

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
    settings: { REFRESH_IDLE_SECONDS: String(IDLE_MS / 1_000) },
  });
});
afterAll(async () => {
  await platform?.stop();
  if (functions) await rm(functions, { recursive: true });
});

async function tokenFor({ name }: DemoUser, claims?: string): Promise<string> {
  const more = { spaOrigin: platform.webOrigin, ...(claims === undefined ? {} : { claims }) };
  return (await signIn(platform.entra, name, more)).accessToken;
}

const send = (method: string, path: string, token: string): Promise<Response> =>
  fetch(`${platform.host.origin}/api/${path}`, { method, headers: { authorization: `Bearer ${token}` } });

async function connectionOf(token: string, method: 'GET' | 'PUT' = 'GET'): Promise<Connection> {
  const response = await send(method, 'connection', token);
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('application/json');
  expect(response.headers.get('cache-control')).toBe('no-store');
  return (await response.json()) as Connection;
}

async function disconnect(token: string): Promise<void> {
  const response = await send('DELETE', 'connection', token);
  expect(response.status).toBe(204);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(response.headers.get('content-type')).toBeNull();
  expect(await response.text()).toBe('');
}

async function expectProfile(token: string, user: DemoUser): Promise<void> {
  const response = await send('GET', 'profile', token);
  expect(response.status).toBe(200);
  expect(((await response.json()) as Profile).id).toBe(user.oid);
}

async function keptOf(user: DemoUser) {
  const { connectionString } = platform.azurite;
  const report = await checkStorage({ connectionString, keys: readConfig(platform.settings).cacheKeys });
  expectSound(report);
  return report.users.get(toUserId(user));
}

/** All columns of the user's row, as the service has them. */
async function columnsOf(user: DemoUser): Promise<Record<string, unknown>> {
  const { connectionString } = platform.azurite;
  const options = { allowInsecureConnection: true };
  const table = TableClient.fromConnectionString(connectionString, 'accountActivity', options);
  return table.getEntity(shardOf(toUserId(user)), `user|${user.tid}_${user.oid}`);
}

async function refreshesFor({ name }: DemoUser): Promise<number> {
  const entries = await journal(platform.entra);
  return entries.filter(({ grant, user }) => grant === 'refresh_token' && user === name).length;
}

/** Runs of the worker, until the user is idle and was checked. */
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

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe('a user who was never seen', () => {
  it('has none, and asking makes none', async () => {
    const token = await tokenFor(STRANGER);
    expect(await connectionOf(token)).toEqual({ state: 'none', history: [] });
    expect(await keptOf(STRANGER)).toBeUndefined();
  });

  it('may disconnect all the same, which is remembered: their visit then leaves nothing', async () => {
    const token = await tokenFor(STRANGER);
    await disconnect(token);
    expect(await connectionOf(token)).toEqual({ state: 'disconnected', lastActivity: ISO, history: [] });
    await expectProfile(token, STRANGER);
    expect(await keptOf(STRANGER)).toMatchObject({ row: { state: 'disconnected' }, blob: undefined });
  });
});

describe('a user whose page polls', () => {
  it('is acted for all the same, and sees it', async () => {
    const token = await tokenFor(POLLER);
    await expectProfile(token, POLLER);
    const before = await connectionOf(token);
    expect(before).toEqual({
      state: 'active',
      lastActivity: ISO,
      expiresOn: ISO,
      canLink: true,
      linkUntil: ISO,
      permissions: { graph: ['User.Read'] },
      nextCheckAt: ISO,
      history: [],
      checks: [],
    });

    const after = await sweepUntil(token, ({ history }) => history.length > 1);
    expect(after).toEqual({
      state: 'active',
      lastActivity: before.lastActivity,
      lastRefreshed: ISO,
      expiresOn: ISO,
      canLink: true,
      linkUntil: ISO,
      permissions: { graph: ['User.Read'] },
      nextCheckAt: ISO,
      history: [
        { at: ISO, outcome: 'refreshed', source: 'network' },
        { at: ISO, outcome: 'task-done', task: 'read-profile' },
      ],
      checks: [
        {
          first: ISO,
          last: ISO,
          times: 1,
          outcome: 'refreshed',
          source: 'network',
          keptBy: 'sign-in',
          tasks: [{ task: 'read-profile', title: 'Read profile', outcome: 'done', last: ISO, times: 1 }],
        },
      ],
    });
    expect(Date.parse(after.nextCheckAt ?? '')).toBeGreaterThan(Date.now());
  });

  it('changes nothing in storage by it', async () => {
    const token = await tokenFor(POLLER);
    const before = await columnsOf(POLLER);
    for (let poll = 0; poll < 3; poll += 1) await connectionOf(token);
    expect(await columnsOf(POLLER)).toEqual(before);
  });
});

describe('a user who disconnects', () => {
  it('is answered and not kept, until they connect again', async () => {
    const token = await tokenFor(LEAVER);
    await expectProfile(token, LEAVER);
    expect(await keptOf(LEAVER)).toMatchObject({ row: { state: 'active' }, blob: { opens: true } });

    await disconnect(token);
    for (const one of [token, await tokenFor(LEAVER)]) {
      await expectProfile(one, LEAVER);
      expect(await connectionOf(one)).toEqual({ state: 'disconnected', lastActivity: ISO, history: [] });
      expect(await keptOf(LEAVER)).toMatchObject({ row: { state: 'disconnected' }, blob: undefined });
    }
    const tombstone = await columnsOf(LEAVER);
    expect(JSON.stringify(tombstone)).not.toContain(LEAVER.upn);
    expect(JSON.stringify(tombstone)).not.toContain(`${LEAVER.homeOid}.`);
    const refreshes = await refreshesFor(LEAVER);
    expect(await platform.host.run('refreshWorker')).toBe('succeeded');
    expect(await refreshesFor(LEAVER)).toBe(refreshes);

    expect(await connectionOf(token, 'PUT')).toEqual({
      state: 'pending',
      lastActivity: ISO,
      nextCheckAt: ISO,
      canLink: true,
      linkUntil: ISO,
      history: [],
      checks: [],
    });
    expect(await keptOf(LEAVER)).toMatchObject({ row: { state: 'pending' }, blob: undefined });
    await expectProfile(token, LEAVER);
    expect(await keptOf(LEAVER)).toMatchObject({ row: { state: 'active' }, blob: { opens: true } });
    const served = await sweepUntil(token, ({ history }) => history.length > 1);
    expect(served.history).toMatchObject([{ outcome: 'refreshed' }, { outcome: 'task-done' }]);
    expect(await refreshesFor(LEAVER)).toBe(refreshes + 1);
  });
});

describe('a user whom the worker was refused for', () => {
  it('sees that and when, but not the challenge; their next call does, and ends it', async () => {
    const token = await tokenFor(REFUSED);
    await expectProfile(token, REFUSED);
    await control(platform.entra, 'PUT', `/users/${REFUSED.name}/fault`, { kind: 'claims' });
    const connection = await sweepUntil(token, ({ state }) => state === 'needs-user');
    expect(connection).toEqual({
      state: 'needs-user',
      lastActivity: ISO,
      expiresOn: ISO,
      permissions: { graph: ['User.Read'] },
      failure: { kind: 'needs-user', code: 'AADSTS50076', at: ISO },
      history: [{ at: ISO, outcome: 'failed', kind: 'needs-user', code: 'AADSTS50076' }],
      checks: [
        {
          first: ISO,
          last: ISO,
          times: 1,
          outcome: 'failed',
          kind: 'needs-user',
          code: 'AADSTS50076',
          tasks: [],
        },
      ],
    });
    expect(await columnsOf(REFUSED)).toMatchObject({ failure: expect.stringContaining('polids') });
    const response = await send('GET', 'profile', token);
    const { code, claims = '' } = (await response.json()) as Problem;
    expect({ status: response.status, code }).toEqual({ status: 401, code: 'CLAIMS_REQUIRED' });
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_claims", claims="${Buffer.from(claims).toString('base64')}"`,
    );
    expect((await connectionOf(token)).state).toBe('needs-user');

    const satisfied = await tokenFor(REFUSED, claims);
    await expectProfile(satisfied, REFUSED);
    expect(await connectionOf(satisfied)).toMatchObject({ state: 'active', nextCheckAt: ISO });
    expect(await connectionOf(satisfied)).not.toHaveProperty('failure');
    const served = await sweepUntil(satisfied, ({ history }) => history.length > 2);
    expect(served.history).toMatchObject([
      { outcome: 'failed' },
      { outcome: 'refreshed' },
      { outcome: 'task-done' },
    ]);
  });
});

describe('the page, from its own origin', () => {
  it.each(['GET', 'PUT', 'DELETE'])('may send %s and read its refusals, by CORS', async (method) => {
    const url = `${platform.host.origin}/api/connection`;
    const origin = platform.webOrigin;
    const headers = {
      origin,
      'access-control-request-method': method,
      'access-control-request-headers': 'authorization',
    };
    const preflight = await fetch(url, { method: 'OPTIONS', headers });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    expect(preflight.headers.get('access-control-allow-methods')).toContain(method);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');

    const refused = await fetch(url, { method, headers: { origin } });
    expect(refused.status).toBe(401);
    expect(refused.headers.get('access-control-allow-origin')).toBe(origin);
    expect(refused.headers.get('access-control-expose-headers')).toBe('WWW-Authenticate, Retry-After');
  });
});
