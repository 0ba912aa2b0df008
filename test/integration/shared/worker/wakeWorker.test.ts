/** `POST /api/worker/run` through the local host, with tokens as the directory issues them to applications. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  GRAPH_APP_ID,
  OTHER_TENANT_ID,
  TENANT_ID,
  WEBHOOK_CLIENT_ID,
  WEBHOOK_CLIENT_SECRET,
} from '../../../../dev/entra/directory.ts';
import { spawnHost } from '../../../../dev/host/spawnHost.ts';
import { type Platform, ROOT, startPlatform } from '../../../../dev/platform.ts';
import { WAKE_ROLE } from '../../../../shared/adapters/entra/accessToken.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { Problem } from '../../../../shared/wire.ts';
import { control, postToken, signIn } from '../../../support/entraClients.ts';

let folder: string;
let platform: Platform;
const lines: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-wake-'));
  platform = await startPlatform({
    timers: false,
    withoutWeb: true,
    folder,
    onHostLine: (line) => void lines.push(line),
  });
  await assign(
    { client: WEBHOOK_CLIENT_ID, roles: [WAKE_ROLE] },
    { client: WEBHOOK_CLIENT_ID, tenant: OTHER_TENANT_ID, roles: [WAKE_ROLE] },
  );
});
afterAll(async () => {
  await platform?.stop();
  await rm(folder, { recursive: true, force: true });
});

const assign = (...assigned: { client: string; tenant?: string; roles: string[] }[]) =>
  control(platform.entra, 'PUT', `/applications/${API_CLIENT_ID}/app-roles`, assigned);

const WEBHOOK = { client_id: WEBHOOK_CLIENT_ID, client_secret: WEBHOOK_CLIENT_SECRET };
const API = { client_id: API_CLIENT_ID, client_secret: API_CLIENT_SECRET };

async function tokenOf(client: typeof WEBHOOK, resource = `api://${API_CLIENT_ID}`, tenant = TENANT_ID) {
  const { status, body } = await postToken(
    platform.entra,
    { grant_type: 'client_credentials', scope: `${resource}/.default`, ...client },
    { tenant },
  );
  expect(status).toBe(200);
  return String(body.access_token);
}

const ask = (token: string, method = 'POST', { origin } = platform.host) =>
  fetch(`${origin}/api/worker/run`, {
    method,
    headers: { authorization: `Bearer ${token}` },
    // Azure Monitor sends the alert. Nobody reads it.
    ...(method === 'POST' && { body: JSON.stringify({ schemaId: 'azureMonitorCommonAlertSchema' }) }),
  });

const sharedTable = () =>
  TableClient.fromConnectionString(platform.azurite.connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });

/** As if no run had begun for an hour. */
async function silence(): Promise<void> {
  const begunAt = new Date(Date.now() - 3_600_000);
  const table = sharedTable();
  await table.createTable();
  await table.upsertEntity({ partitionKey: 'runs', rowKey: 'last', begunAt }, 'Merge');
}

/** The host writes this line after everything that the call logged. */
const callsEnded = () => lines.filter((line) => line.includes("Executed 'runWorker'")).length;

/** Asks, and waits for the lines of this call: they come through a pipe, and may be here later than the answer. */
async function askAndRead(token: string): Promise<Response> {
  const before = callsEnded();
  const response = await ask(token);
  await expect.poll(callsEnded).toBe(before + 1);
  return response;
}

const events = (name: string) =>
  lines.flatMap((line) => {
    const [json] = /\{"event".*\}/.exec(line) ?? [];
    const event = json === undefined ? undefined : (JSON.parse(json) as LogEvent);
    return event?.event === name ? [event] : [];
  });

describe('POST /api/worker/run', () => {
  it('does one run for Azure Monitor, and none for its next try', async () => {
    await silence();
    const token = await tokenOf(WEBHOOK);
    const first = await askAndRead(token);
    expect(first.status).toBe(200);
    expect(first.headers.get('cache-control')).toBe('no-store');
    expect(await first.json()).toEqual({
      ran: true,
      due: 0,
      refreshed: 0,
      fromCache: 0,
      failed: 0,
      brokenOff: 0,
      shardsFailed: 0,
      stoppedBy: 'done',
      ms: expect.any(Number),
    });
    expect(events('worker.woken')).toEqual([expect.objectContaining({ client: WEBHOOK_CLIENT_ID })]);
    const again = await askAndRead(token);
    expect([again.status, await again.json()]).toEqual([200, { ran: false }]);
    expect(events('worker.woken')).toHaveLength(1);
  });

  it.each<[string, () => Promise<string>, number, Problem['code']]>([
    ["a user's token", async () => userToken(), 401, 'TOKEN_INVALID'],
    ['an application without the role', () => tokenOf(API), 403, 'ROLE_MISSING'],
    ['a token for Graph', () => tokenOf(WEBHOOK, GRAPH_APP_ID), 401, 'TOKEN_INVALID'],
    ['a token for another API', () => tokenOf(WEBHOOK, WEBHOOK_CLIENT_ID), 401, 'TOKEN_INVALID'],
    [
      'an application of another tenant, which has the role there',
      () => tokenOf(WEBHOOK, `api://${API_CLIENT_ID}`, OTHER_TENANT_ID),
      403,
      'TENANT_FORBIDDEN',
    ],
  ])('refuses %s', async (_, token, status, code) => {
    await silence();
    const before = events('worker.woken').length;
    const response = await askAndRead(await token());
    expect(response.headers.get('www-authenticate')).toMatch(/^Bearer error="/);
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([status, code]);
    expect(events('worker.woken')).toHaveLength(before);
  });

  it('is no use to a user, and a token for it is no use on the routes of users', async () => {
    const response = await fetch(`${platform.host.origin}/api/profile`, {
      headers: { authorization: `Bearer ${await tokenOf(WEBHOOK)}` },
    });
    expect([response.status, ((await response.json()) as Problem).code]).toEqual([401, 'TOKEN_INVALID']);
  });

  it('is no route of GET', async () => {
    expect((await ask(await tokenOf(WEBHOOK), 'GET')).status).toBe(404);
  });

  it('does not exist while the worker is switched off', async () => {
    const host = await spawnHost({
      root: ROOT,
      port: 0,
      settings: false,
      timerStatus: join(folder, 'switched-off.json'),
      env: { ...platform.settings, 'AzureWebJobs.refreshWorker.Disabled': 'true' },
    });
    try {
      expect((await ask(await tokenOf(WEBHOOK), 'POST', host)).status).toBe(404);
      expect((await fetch(`${host.origin}/api/health`)).status).toBe(204);
    } finally {
      await host.stop();
    }
  });
});

const userToken = async () =>
  (await signIn(platform.entra, 'adele', { spaOrigin: platform.webOrigin })).accessToken;
