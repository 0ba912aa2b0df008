/** The queue between the hosts: what comes out of it in another form, late, or not at all. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { QueueClient } from '@azure/storage-queue';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { numberedUsers } from '../../dev/entra/directory.ts';
import { type Host, spawnHost } from '../../dev/host/spawnHost.ts';
import { ROOT } from '../../dev/platform.ts';
import type { LogEvent } from '../../shared/log.ts';
import { expectSound } from '../support/checkStorage.ts';
import { createDrillApp } from '../support/drillApp.ts';
import { type DrillStage, startDrillStage } from '../support/drillStage.ts';
import { control, journal } from '../support/entraClients.ts';

const PATIENCE = 180_000;
/** Due a second after their visit. A refreshed user is checked again in five minutes at the earliest. */
const SETTINGS = { REFRESH_IDLE_SECONDS: '1', SPLIT_RUNS_ABOVE: '10' };
/** Spread over the shards. */
const PEOPLE = 48;

let folder: string;
let stage: DrillStage;
let hosts: Host[];
let queue: QueueClient;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-split-'));
  stage = await startDrillStage(numberedUsers(PEOPLE));
  queue = new QueueClient(stage.azurite.connectionString, 'run-parts');
  hosts = [];
}, PATIENCE);
afterEach(async () => {
  await Promise.all(hosts.map((host) => host.stop()));
  await stage.stop();
  await rm(folder, { recursive: true, force: true });
}, PATIENCE);

async function startHosts(count: number, more: Record<string, string> = {}): Promise<void> {
  const spawn = (name: string) =>
    spawnHost({
      root: ROOT,
      port: 0,
      env: { ...stage.settings, ...SETTINGS, ...more },
      settings: false,
      timers: false,
      timerStatus: join(folder, `${name}.json`),
    });
  hosts.push(...(await Promise.all(Array.from({ length: count }, (_, index) => spawn(`host-${index}`)))));
}

/** Everybody visits and goes away, until they are due. */
async function everybodyIsDue(): Promise<void> {
  const app = createDrillApp({ ...stage.settings, ...SETTINGS }, { aheadMs: 0 });
  for (const user of stage.users) await app.visit(await stage.signIn(user));
  await sleep(2_000);
}

const eventsIn = ({ lines }: Host, name: LogEvent['event']) =>
  lines.flatMap((line) => {
    const [json] = /\{"event".*\}/.exec(line) ?? [];
    const event = json === undefined ? undefined : (JSON.parse(json) as LogEvent);
    return event?.event === name ? [event] : [];
  });
const eventsOf = (name: LogEvent['event']) => hosts.flatMap((host) => eventsIn(host, name));

async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(100);
}

const refreshes = async () =>
  (await journal(stage.entra))
    .filter(({ grant }) => grant === 'refresh_token')
    .map(({ user, status }) => `${user} ${status}`)
    .sort();
const everybodyOnce = () => stage.users.map(({ name }) => `${name} 200`).sort();

const messagesLeft = async () => (await queue.getProperties()).approximateMessagesCount ?? 0;

it('parts that come twice, late, in another form or of a later release harm nobody', {
  timeout: PATIENCE,
}, async () => {
  await everybodyIsDue();
  await startHosts(2);
  const [planner] = hosts as [Host];
  // Nobody takes the parts for as long as they are counted and copied.
  await queue.createIfNotExists();
  expect(await planner.run('refreshWorker')).toBe('succeeded');
  const deadline = new Date(Date.now() + PATIENCE).toISOString();
  const part = { v: 1, runId: crypto.randomUUID(), shard: '0', deadline, share: 16 };
  const messages = [
    ...['0', '1', '2', '0'].map((shard) => ({ ...part, shard })),
    { ...part, deadline: new Date(0).toISOString() },
    { ...part, v: 2 },
    { ...part, shard: 'x' },
    'no part',
  ];
  for (const message of messages) {
    await queue.sendMessage(Buffer.from(JSON.stringify(message)).toString('base64'));
  }
  await until(async () => (await messagesLeft()) === 0);
  expect(await refreshes()).toEqual(everybodyOnce());
  // The lines of a host come through a pipe, and may be here later than what they tell of.
  await until(() => eventsOf('part.late').length >= 1 && eventsOf('part.unknown').length >= 3);
  expect(eventsOf('part.late')).toHaveLength(1);
  expect(eventsOf('part.unknown')).toHaveLength(3);
  expect(eventsOf('part.repeated')).toEqual([]);
  expectSound(await stage.report());
});

it('a host that is killed over its parts, and messages that are lost, keep nobody waiting for ever', {
  timeout: PATIENCE,
}, async () => {
  await everybodyIsDue();
  await startHosts(2);
  const [planner, other] = hosts as [Host, Host];
  await control(stage.entra, 'PUT', '/fault', { kind: 'hang', at: 'token' });
  expect(await planner.run('refreshWorker')).toBe('succeeded');
  // Both of them hold leases, and wait for the token endpoint.
  await until(
    async () => (await journal(stage.entra)).filter(({ grant }) => grant === 'refresh_token').length >= 2,
  );
  other.kill();
  await other.exited;
  planner.kill();
  await planner.exited;
  hosts.length = 0;
  await queue.clearMessages();
  await control(stage.entra, 'DELETE', '/fault');

  // The leases of the dead end after five minutes. Nothing else is left of them.
  const after = createDrillApp({ ...stage.settings, ...SETTINGS }, { aheadMs: 10 * 60_000 });
  await after.sweep();
  const served = new Set((await refreshes()).filter((line) => line.endsWith(' 200')));
  expect([...served].sort()).toEqual(everybodyOnce());
  expectSound(await stage.report());
});

it('a queue that nobody reads does not stop the worker: after three runs it sweeps by itself', {
  timeout: PATIENCE,
}, async () => {
  await everybodyIsDue();
  await startHosts(1, { 'AzureWebJobs.sweepPart.Disabled': 'true' });
  const [host] = hosts as [Host];
  for (let run = 0; run < 3; run += 1) expect(await host.run('refreshWorker')).toBe('succeeded');
  expect(await refreshes()).toEqual([]);
  expect(await host.run('refreshWorker')).toBe('succeeded');
  expect(await refreshes()).toEqual(everybodyOnce());
  await until(() => eventsOf('sweep.split').length >= 4);
  expect(eventsOf('sweep.split').at(-1)).toMatchObject({ areLost: true });
});
