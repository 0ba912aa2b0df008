/** A tenant has more due users than turns at the token endpoint, through MSAL and over real storage. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { numberedUsers, OTHER_TENANT_ID } from '../../dev/entra/directory.ts';
import { readConfig } from '../../shared/config.ts';
import type { LogEvent } from '../../shared/log.ts';
import { createStead } from '../../shared/stead.ts';
import { azureStores } from '../../shared/stores/azure.ts';
import { RUN_LIMITS } from '../../shared/worker/run.ts';
import { expectSound } from '../support/checkStorage.ts';
import { createDrillApp } from '../support/drillApp.ts';
import { type DrillStage, startDrillStage } from '../support/drillStage.ts';
import { control, journal, signIn } from '../support/entraClients.ts';

const PATIENCE = 120_000;
const QUICK = { REFRESH_IDLE_SECONDS: '1', ALLOWED_TENANTS: '*' };
/** More than a run has slots. */
const LIMITED = numberedUsers(20);
const OTHER = numberedUsers(1, OTHER_TENANT_ID, 'other');
const PEOPLE = [...LIMITED, ...OTHER];

let stage: DrillStage;
beforeAll(async () => {
  stage = await startDrillStage(PEOPLE);
}, PATIENCE);
afterAll(() => stage.stop(), PATIENCE);

const refreshes = async () =>
  (await journal(stage.entra)).filter(({ grant }) => grant === 'refresh_token').map(({ user }) => user ?? '');

it('serves the other tenant in the same run, and leaves what has no turn to later runs', {
  timeout: PATIENCE,
}, async () => {
  const settings = { ...stage.settings, ...QUICK, TOKEN_REQUESTS_PER_SECOND: '2' };
  const app = createDrillApp(settings, { aheadMs: 0 });
  for (const { name, tid } of PEOPLE) {
    await app.visit((await signIn(stage.entra, name, { tenant: tid })).accessToken);
  }
  await sleep(2_000);
  await control(stage.entra, 'DELETE', '/requests');

  const stead = createStead(readConfig(settings), { stores: azureStores, tasks: [] });
  const events: LogEvent[] = [];
  const operation = { log: (event: LogEvent) => void events.push(event) };
  const limits = { ...RUN_LIMITS, runForMs: 6_000 };
  const first = await stead.worker.run(operation, limits);
  const served = await refreshes();
  expect(served).toContain('other0001');
  expect(new Set(served).size).toBe(served.length);
  // A turn each half of a second: there is none for everybody.
  expect(served.length).toBeLessThan(PEOPLE.length);
  expect(first).toMatchObject({ failed: {}, brokenOff: 0 });
  expect(first.waiting).toBeGreaterThan(0);
  expect(events).toContainEqual({ event: 'sweep.no-turn', count: first.waiting });
  expectSound(await stage.report());

  while (new Set(await refreshes()).size < stage.users.length) {
    await stead.worker.run(operation, limits);
    await sleep(1_000);
  }
  expect(new Set(await refreshes()).size).toBe((await refreshes()).length);
  expectSound(await stage.report());
});
