/** A deployment whose storage account is new and empty, and answers as Azure does. */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import { API_CLIENT_ID, API_CLIENT_SECRET, API_SCOPE_NAME, TENANT_ID } from '../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { type Host, spawnHost } from '../../../dev/host/spawnHost.ts';
import { ROOT } from '../../../dev/platform.ts';
import { type AzuriteProxy, startAzuriteProxy } from '../../support/azuriteProxy.ts';
import { SPA_ORIGIN, signIn } from '../../support/entraClients.ts';
import { type LoggedEvent, RUNBOOK_ALERTS } from '../../support/runbookAlerts.ts';
import { runStead } from './runStead.ts';

const DUE_AGAIN_MS = 20_000;

let folder: string;
let azurite: Azurite;
let table: AzuriteProxy;
let entra: Entra;
let host: Host;
let settings: Record<string, string>;
const events: LoggedEvent[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-fresh-'));
  azurite = await startAzurite();
  table = await startAzuriteProxy(azurite, 'table');
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
  settings = {
    AzureWebJobsStorage: azurite.connectionString,
    ENTRA_TENANT_ID: TENANT_ID,
    ENTRA_CLIENT_ID: API_CLIENT_ID,
    ENTRA_CLIENT_SECRET: API_CLIENT_SECRET,
    ENTRA_AUTHORITY: entra.origin,
    API_SCOPE: API_SCOPE_NAME,
    GRAPH_BASE_URL: entra.origin,
    TokenStore: table.connectionString,
    REFRESH_IDLE_SECONDS: '1',
    REFRESH_MIN_INTERVAL_SECONDS: '1',
  };
  host = await spawnHost({
    root: ROOT,
    port: 0,
    settings: false,
    timerStatus: join(folder, 'timers.json'),
    env: { FUNCTIONS_WORKER_RUNTIME: 'node', ...settings },
    onLine: (line) => {
      const [json] = /\{"event":.*\}/.exec(line) ?? [];
      if (json !== undefined) events.push(JSON.parse(json) as LoggedEvent);
    },
  });
});
afterAll(async () => {
  await host?.stop();
  await entra?.close();
  await table?.close();
  await azurite?.stop();
  await rm(folder, { recursive: true, force: true });
});

const logged = (name: string) => events.filter(({ event }) => event === name);
const firing = (log: readonly LoggedEvent[]) =>
  Object.keys(RUNBOOK_ALERTS).filter((name) => RUNBOOK_ALERTS[name]?.fires(log));

describe('a fresh, empty and healthy deployment', () => {
  it('fires none of the alerts of the runbook, before the first visit and after it', async () => {
    await vi.waitFor(() => expect(logged('storage.ready')).toHaveLength(1), { timeout: DUE_AGAIN_MS });
    expect(await host.run('refreshWorker')).toBe('succeeded');
    await vi.waitFor(() => expect(logged('sweep.ended')).not.toEqual([]), DUE_AGAIN_MS);
    expect(firing(events)).toEqual([]);
    expect(logged('cooldowns.not-read')).toEqual([]);

    const { accessToken } = await signIn(entra, 'adele');
    const headers = { authorization: `Bearer ${accessToken}` };
    expect((await fetch(`${host.origin}/api/profile`, { headers })).status).toBe(200);
    const helped = async () => {
      await host.run('refreshWorker');
      const good = logged('sweep.ended').filter((run) => run.refreshed === 1 || run.fromCache === 1);
      expect(good).not.toEqual([]);
    };
    await vi.waitFor(helped, { timeout: DUE_AGAIN_MS, interval: 1_000 });
    expect(firing(events)).toEqual([]);
    expect(table.seen.length).toBeGreaterThan(0);
  });

  it('has no accounts to list, before the table is there', async () => {
    const empty = await startAzurite();
    const proxy = await startAzuriteProxy(empty, 'table');
    try {
      const { exitCode, errors } = await runStead(['accounts', 'list'], {
        ...settings,
        TokenStore: proxy.connectionString,
      });
      expect({ exitCode, errors: errors.filter((line) => line.includes('cannot be reached')) }).toEqual({
        exitCode: 0,
        errors: [],
      });
    } finally {
      await proxy.close();
      await empty.stop();
    }
  });
});

describe("the runbook's alerts", () => {
  const [, section = ''] = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8').split('\n## Alerts\n');
  const alerts = section.split('\n## ')[0] ?? '';

  it('are those that are tried here, each with a query', () => {
    const names = [...alerts.matchAll(/^\*\*(.+?)\*\*/gm)].map(([, name = '']) => name);
    expect(names).toEqual(Object.keys(RUNBOOK_ALERTS));
    expect(alerts.match(/```kusto/g)).toHaveLength(names.length);
  });

  it.each(Object.entries(RUNBOOK_ALERTS))('fire, as: %s', (_, { fires, example }) => {
    expect(fires(example)).toBe(true);
  });
});
