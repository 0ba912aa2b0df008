/** Two hosts run the same worker over one storage, and its trigger comes more than once. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { numberedUsers } from '../../dev/entra/directory.ts';
import { type Host, spawnHost } from '../../dev/host/spawnHost.ts';
import { ROOT } from '../../dev/platform.ts';
import { shardOf } from '../../shared/adapters/shards.ts';
import { toUserId } from '../../shared/userId.ts';
import { expectSound } from '../support/checkStorage.ts';
import { createDrillApp } from '../support/drillApp.ts';
import { type DrillStage, startDrillStage } from '../support/drillStage.ts';
import { journal } from '../support/entraClients.ts';

const TRIGGERS = 3;
const PATIENCE = 120_000;
/** Due a second after their visit. A refreshed user is checked again in five minutes at the earliest. */
const QUICK = { REFRESH_IDLE_SECONDS: '1' };

/** All in one shard, so that both hosts draw from the same index entries. */
const PEOPLE = numberedUsers(800).filter((user) => shardOf(toUserId(user)) === '0');

let folder: string;
let stage: DrillStage;
let hosts: Host[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stead-hosts-'));
  stage = await startDrillStage(PEOPLE);
  hosts = await Promise.all(
    ['one', 'two'].map((name) =>
      spawnHost({
        root: ROOT,
        port: 0,
        env: {
          ...stage.settings,
          ...QUICK,
        },
        settings: false,
        // It would come once more at a full minute, and nobody could wait for the end of that run.
        timers: false,
        timerStatus: join(folder, `${name}.json`),
      }),
    ),
  );
});
afterAll(async () => {
  await Promise.all(hosts.map((host) => host.stop()));
  await stage.stop();
  await rm(folder, { recursive: true, force: true });
});

it('two hosts and a replayed trigger refresh each due user once', { timeout: PATIENCE }, async () => {
  const app = createDrillApp({ ...stage.settings, ...QUICK }, { aheadMs: 0 });
  for (const user of stage.users) await app.visit(await stage.signIn(user));
  await sleep(2_000);

  const triggers = hosts.flatMap((host) => Array.from({ length: TRIGGERS }, () => host.run('refreshWorker')));
  expect(await Promise.all(triggers)).toEqual(Array(hosts.length * TRIGGERS).fill('succeeded'));
  // And once more, when all is done.
  for (const host of hosts) await host.run('refreshWorker');

  const refreshes = (await journal(stage.entra)).filter(({ grant }) => grant === 'refresh_token');
  expect(refreshes.map(({ user, status }) => `${user} ${status}`).sort()).toEqual(
    stage.users.map(({ name }) => `${name} 200`),
  );
  const report = await stage.report();
  expectSound(report);
  for (const { row } of report.users.values()) {
    expect(row).toMatchObject({ state: 'active', runId: '' });
    expect(row?.history.map(({ outcome }) => outcome)).toEqual(['refreshed', 'task-done']);
  }
});
