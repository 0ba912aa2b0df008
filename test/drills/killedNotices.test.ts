/**
 * A process is killed at each call of a run that delivers a notice. The receiver gets every notice at least once, and a
 * notice that comes twice has the same id.
 */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { numberedUsers } from '../../dev/entra/directory.ts';
import { SHARDS } from '../../shared/adapters/shards.ts';
import { expectSound } from '../support/checkStorage.ts';
import { createDrillApp } from '../support/drillApp.ts';
import { type DrillStage, startDrillStage } from '../support/drillStage.ts';
import { control } from '../support/entraClients.ts';
import { type NoticeReceiver, startNoticeReceiver } from '../support/noticeReceiver.ts';

const MINUTE = 60_000;
/** Past the lease of a run that died. */
const LATER = 6 * MINUTE;
/** A kill at each of some twenty calls, and a machine may be busy. */
const PATIENCE = 300_000;

let stage: DrillStage;
let receiver: NoticeReceiver;
beforeAll(async () => {
  [stage, receiver] = await Promise.all([startDrillStage(numberedUsers(1)), startNoticeReceiver()]);
});
afterAll(async () => {
  expect(receiver?.refused).toEqual([]);
  await Promise.all([stage?.stop(), receiver?.close()]);
});

it.each(['before', 'after'] as const)('a run that is killed %s each of its calls loses no notice', {
  timeout: PATIENCE,
}, async (moment) => {
  const [user] = stage.users;
  if (user === undefined) throw new Error('there is no user');
  const settings = { ...stage.settings, ...receiver.settings };
  let aheadMs = 0;
  const appNow = () => createDrillApp(settings, { aheadMs });
  const visit = async () => appNow().visit(await stage.signIn(user));
  /** Runs that live, a minute apart. */
  const runs = async (count: number) => {
    for (let n = 0; n < count; n += 1) {
      await appNow().sweep();
      aheadMs += MINUTE;
    }
  };
  const fault = `/users/${user.name}/fault`;
  let [killedUnheard, killedHeard] = [0, 0];

  // What comes before asks every shard since when something is due, and changes nothing.
  for (let call = SHARDS.length, calls: number | undefined; calls === undefined; call += 1) {
    await control(stage.entra, 'DELETE', fault);
    await visit();
    await runs(4);
    receiver.received.length = 0;

    await control(stage.entra, 'PUT', fault, { kind: 'revoked' });
    aheadMs += 61 * MINUTE;
    await runs(1);
    expect(receiver.received).toEqual([]);
    calls = await stage.run({ does: 'sweep', aheadMs }, { moment, call }, settings);
    expectSound(await stage.report());
    const atKill = receiver.received.length;
    if (calls === undefined && atKill === 0) killedUnheard += 1;
    if (calls === undefined && atKill === 1) killedHeard += 1;

    aheadMs += LATER;
    // The first of them meets the lease that was left. The next try comes at most a minute later.
    await runs(4);
    expectSound(await stage.report());
    const { received } = receiver;
    expect(
      received.map(({ data }) => data),
      `${moment} ${call}`,
    ).toMatchObject(received.map(() => ({ kind: 'needs-user', userId: user.userId })));
    expect(new Set(received.map(({ id }) => id)).size, `${moment} ${call}`).toBe(1);
    // After its delivery, a run may have died before it wrote that down.
    expect(received.length, `${moment} ${call}`).toBeLessThanOrEqual(atKill + 1);
    await runs(2);
    expect(received.length).toBe(receiver.received.length);
  }
  expect(killedUnheard).toBeGreaterThan(3);
  expect(killedHeard).toBeGreaterThan(0);
});
