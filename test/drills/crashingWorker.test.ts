/** A worker that keeps dying, each time one call later, over one backlog on one storage. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { numberedUsers } from '../../dev/entra/directory.ts';
import { expectSound } from '../support/checkStorage.ts';
import { type DrillStage, startDrillStage } from '../support/drillStage.ts';
import { control, journal } from '../support/entraClients.ts';

const MINUTE = 60_000;
/** Longer than the lease of a run that died. */
const BETWEEN_RUNS = 6 * MINUTE;
const DAY_SECONDS = 86_400;
const USERS = 50;
/** Some seventy processes, and a machine may be busy. */
const PATIENCE = 600_000;

let stage: DrillStage;
beforeAll(async () => {
  stage = await startDrillStage(numberedUsers(USERS));
  const app = stage.app();
  for (const user of stage.users) await app.visit(await stage.signIn(user));
  // Whoever gets a token now is not due again within this test.
  await control(stage.entra, 'PUT', '/lifetimes', { accessToken: DAY_SECONDS });
  await control(stage.entra, 'DELETE', '/requests');
});
afterAll(() => stage.stop());

it(`a worker that dies at its n-th call, for n = 1, 2, ..., refreshes ${USERS} users and loses none`, {
  timeout: PATIENCE,
}, async () => {
  const seen = new Set<string>();
  let inFlight = 0;
  let aheadMs = 2 * MINUTE;
  let report = await stage.report();
  for (let call = 1, calls: number | undefined; calls === undefined; call += 1) {
    const moment = call % 2 === 0 ? 'after' : 'before';
    calls = await stage.run({ does: 'sweep', aheadMs }, { moment, call });
    report = await stage.report();
    expectSound(report);
    expect(report.users.size).toBe(USERS);
    // Claimed by the run that has just died: a claim that an earlier one left has been counted.
    const runIds = [...report.users.values()].map(({ row }) => row?.runId ?? '');
    inFlight += runIds.filter((runId) => runId !== '' && !seen.has(runId)).length;
    for (const runId of runIds) seen.add(runId);
    aheadMs += BETWEEN_RUNS;
  }

  for (const { row } of report.users.values()) {
    expect(row).toMatchObject({ state: 'active', runId: '' });
    // From the cache, when a run died with the new token stored and nothing written down.
    expect(row?.history[0]?.outcome).toMatch(/^(?:refreshed|from-cache)$/);
  }
  const refreshes = (await journal(stage.entra)).filter(({ grant }) => grant === 'refresh_token');
  expect(new Set(refreshes.map(({ user }) => user)).size).toBe(USERS);
  expect(inFlight).toBeGreaterThan(USERS);
  expect(refreshes.length).toBeLessThanOrEqual(USERS + inFlight);
});
