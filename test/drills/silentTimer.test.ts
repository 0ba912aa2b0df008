/** The timer never comes, as after some deployments: users are served through visits, and through the call of the alert. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  numberedUsers,
  WEBHOOK_CLIENT_ID,
  WEBHOOK_CLIENT_SECRET,
} from '../../dev/entra/directory.ts';
import { type Host, spawnHost } from '../../dev/host/spawnHost.ts';
import { ROOT } from '../../dev/platform.ts';
import { WAKE_ROLE } from '../../shared/adapters/entra/accessToken.ts';
import type { LogEvent } from '../../shared/log.ts';
import { expectSound } from '../support/checkStorage.ts';
import { type DrillStage, type DrillUser, startDrillStage } from '../support/drillStage.ts';
import { control, holdToken, journal, postToken } from '../support/entraClients.ts';
import { SUMMARY } from '../support/sharedStateContract.ts';
import { openStored } from '../support/storedByReleases.ts';

const PATIENCE = 60_000;
const HOUR = 3_600_000;
let folder: string;
let stage: DrillStage;
let hosts: Host[];

const spawn = (name: string, more: Record<string, string> = {}) =>
  spawnHost({
    root: ROOT,
    port: 0,
    env: { ...stage.settings, ...more },
    settings: false,
    timers: false,
    timerStatus: join(folder, `${name}.json`),
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-silent-'));
  stage = await startDrillStage(numberedUsers(4));
  hosts = await Promise.all(['one', 'two'].map((name) => spawn(name)));
});
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.stop()));
  await stage.stop();
  await rm(folder, { recursive: true, force: true });
});

const visit = async ({ origin }: Host, user: DrillUser): Promise<Response> =>
  fetch(`${origin}/api/profile`, { headers: { authorization: `Bearer ${await stage.signIn(user)}` } });

/** The user visited an hour ago, and went away. Who visits now is not due within this test. */
async function leave(user: DrillUser): Promise<void> {
  await stage.app().visit(await stage.signIn(user));
  await openStored(stage.azurite.connectionString).letAnHourPass([user]);
}

/** As if the last run had ended an hour ago. */
async function silence(): Promise<void> {
  const { TokenStore: connectionString = '' } = stage.settings;
  const table = TableClient.fromConnectionString(connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  const at = new Date(Date.now() - HOUR);
  const row = { partitionKey: 'runs', rowKey: 'last', begunAt: at, endedAt: at };
  await table.upsertEntity({ ...row, summary: JSON.stringify(SUMMARY) }, 'Merge');
}

/** The names of the events of all hosts, each host's in their order. */
const eventsOf = (name: LogEvent['event'], of: Host[] = hosts) =>
  of.flatMap(({ lines }) =>
    lines.flatMap((line) => {
      const [json] = /\{"event".*\}/.exec(line) ?? [];
      const event = json === undefined ? undefined : (JSON.parse(json) as LogEvent);
      return event?.event === name ? [event] : [];
    }),
  );

async function until(isThere: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isThere())) await sleep(50);
}

const refreshesOf = async ({ name }: DrillUser) =>
  (await journal(stage.entra)).filter(
    ({ grant, user, status }) => grant === 'refresh_token' && user === name && status === 200,
  ).length;

function usersOfStage(): [DrillUser, DrillUser, DrillUser, DrillUser] {
  return stage.users as unknown as [DrillUser, DrillUser, DrillUser, DrillUser];
}

it('visits that come to both hosts start one run, and have their answers before it ends', {
  timeout: PATIENCE,
}, async () => {
  const [away, first, second] = usersOfStage();
  await leave(away);
  await silence();
  // The run is still busy with it when the visits have their answers.
  const letGo = await holdToken(stage.entra, away.name);

  const answers = await Promise.all([visit(hosts[0] as Host, first), visit(hosts[1] as Host, second)]);
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(eventsOf('sweep.ended')).toEqual([]);
  // The lines of a host may be here later than its answer.
  await until(() => eventsOf('worker.silent').length >= 2);
  expect(eventsOf('worker.silent')).toHaveLength(2);

  await letGo();
  await until(() => eventsOf('sweep.ended').length > 0);
  expect(await refreshesOf(away)).toBe(1);
  expect(eventsOf('worker.woken')).toEqual([expect.objectContaining({ by: 'visit' })]);
  expect(eventsOf('sweep.ended')).toEqual([expect.objectContaining({ refreshed: 1, stoppedBy: 'done' })]);
});

it('the call of the alert starts a run', { timeout: PATIENCE }, async () => {
  const [, , , away] = usersOfStage();
  await leave(away);
  await silence();
  const role = [{ client: WEBHOOK_CLIENT_ID, roles: [WAKE_ROLE] }];
  await control(stage.entra, 'PUT', `/applications/${API_CLIENT_ID}/app-roles`, role);
  const { body } = await postToken(stage.entra, {
    grant_type: 'client_credentials',
    scope: `api://${API_CLIENT_ID}/.default`,
    client_id: WEBHOOK_CLIENT_ID,
    client_secret: WEBHOOK_CLIENT_SECRET,
  });
  const answer = await fetch(`${(hosts[0] as Host).origin}/api/worker/run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${body.access_token}` },
  });
  expect(await answer.json()).toMatchObject({ ran: true, stoppedBy: 'done' });
  expect(await refreshesOf(away)).toBe(1);
  expectSound(await stage.report());
});

it('a visit starts nothing while the worker is switched off', { timeout: PATIENCE }, async () => {
  const off = await spawn('off', { 'AzureWebJobs.refreshWorker.Disabled': 'true' });
  try {
    await silence();
    const [user] = usersOfStage();
    expect((await visit(off, user)).status).toBe(200);
    expect(eventsOf('worker.silent', [off])).toEqual([]);
  } finally {
    await off.stop();
  }
  expect(eventsOf('worker.silent', [off])).toEqual([]);
});
