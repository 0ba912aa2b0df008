/**
 * The previous release and this one are at work on one storage, as during a deployment, and one after the other, as
 * after a rollback. Neither may lose, mark, erase or overwrite what the other keeps.
 *
 * A cache that this release has sealed may be one that the previous release cannot open. Then the previous release must
 * leave the user as they are, and this one must be able to refresh them.
 */
import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { numberedUsers } from '../../dev/entra/directory.ts';
import { type DrillUser, EXPIRED_AT_ONCE } from '../support/drillStage.ts';
import { control, holdToken } from '../support/entraClients.ts';
import { buildPreviousRelease } from '../support/previousRelease.ts';
import { canOpen, createReleaseChecks, isOfPresent, type ReleaseChecks } from '../support/releaseChecks.ts';
import { faultsOf } from '../support/releaseFaults.ts';
import {
  drillUsersOf,
  type LoggedEvent,
  type Release,
  type ReleaseHost,
  type ReleaseStage,
  startReleaseStage,
} from '../support/releaseStage.ts';
import type { Stored, StoredByReleases } from '../support/storedByReleases.ts';

const failureOf = ({ account }: Stored): unknown => JSON.parse(String(account?.failure));

/** A dozen runs of the worker and more than a hundred requests each, and a machine may be busy. */
const PATIENCE = 120_000;
const DAY = 86_400_000;
const PEOPLE = numberedUsers(127);
const FIRST_KEY = { kid: 'key-one', secret: randomBytes(32) };
const SECOND_KEY = { kid: 'key-two', secret: randomBytes(32) };
const RELEASES: readonly Release[] = ['previous', 'present'];
const OTHER: Record<Release, Release> = { previous: 'present', present: 'previous' };

describe('two releases on one storage', () => {
  let stage: ReleaseStage;
  let stored: StoredByReleases;
  let checks: ReleaseChecks;
  let unused: DrillUser[];
  beforeAll(async () => {
    unused = drillUsersOf(PEOPLE);
    stage = await startReleaseStage(PEOPLE, [FIRST_KEY, SECOND_KEY]);
    stored = stage.stored;
    checks = createReleaseChecks(stage);
  });
  afterEach(() => {
    const events = stage.takeEvents();
    expect(events).not.toEqual([]);
    expect(faultsOf(events)).toEqual([]);
  });
  afterAll(async () => {
    await stage?.stop();
    expect(faultsOf(stage?.takeEvents() ?? [])).toEqual([]);
  });

  function take(count: number): DrillUser[] {
    const users = unused.splice(0, count);
    if (users.length < count) throw new Error('the stage has too few users');
    return users;
  }

  /** Each user visits the hosts in this order. */
  async function visit(users: readonly DrillUser[], ...at: ReleaseHost[]): Promise<void> {
    const visitAll = async (user: DrillUser) => {
      for (const host of at) await host.visit(user);
    };
    await Promise.all(users.map(visitAll));
  }

  async function setFaults(users: readonly DrillUser[], fault: object): Promise<void> {
    for (const { name } of users) await control(stage.entra, 'PUT', `/users/${name}/fault`, fault);
  }

  /** Holds the next token request of each user back. @returns lets all of them go on */
  async function hold(users: readonly DrillUser[]): Promise<() => Promise<unknown>> {
    const letGo = await Promise.all(users.map(({ name }) => holdToken(stage.entra, name)));
    return () => Promise.all(letGo.map((go) => go()));
  }

  it('keep everybody who visits at either of them, in whatever order', { timeout: PATIENCE }, async () => {
    const [previous, present] = await stage.both();
    const users = take(12);
    await Promise.all([
      visit(users.slice(0, 3), previous, present),
      visit(users.slice(3, 6), present, previous),
      visit(users.slice(6, 9), previous, present, previous),
      visit(users.slice(9), present, previous, present),
    ]);
    await checks.expectKept(users);

    for (const host of [previous, present, previous]) {
      await checks.sweepAlone(host, users);
      await visit(users.slice(0, 6), host);
      await checks.expectKept(users);
    }
    await checks.sweepTogether(users);
    await visit(users.slice(3, 9), previous, present);
    await checks.sweepTogether(users);
    await checks.expectKept(users);
    await checks.sweepAlone(present, users);
    await checks.expectKept(users);
  });

  it.each(RELEASES)('keep what a visit at the %s release stores while the other refreshes the same user', {
    timeout: PATIENCE,
  }, async (release) => {
    const users = take(6);
    const [at, busy] = await Promise.all([stage.running(release), stage.running(OTHER[release])]);
    await visit(users, await stage.running('previous'));
    const letGo = await hold(users);
    await stage.forgetGrants();
    await stored.letAnHourPass(users);
    const swept = busy.sweep();
    await stage.waitForGrants(users);
    await visit(users, at);
    const visited = await checks.readAll(users);
    await letGo();
    await swept;
    await checks.expectKept(users);
    for (const [index, { cache }] of (await checks.readAll(users)).entries()) {
      if (isOfPresent(visited[index]?.cache)) expect(isOfPresent(cache)).toBe(true);
    }
    await checks.sweepAlone(at, users);
    await checks.sweepAlone(await stage.running('present'), users);
    await checks.expectKept(users);
  });

  it('keep both grants of a user who stays connected, whatever the previous release does', {
    timeout: PATIENCE,
  }, async () => {
    const users = take(3);
    const [previous, present] = await stage.both();
    await visit(users, present);
    for (const user of users) await present.link(user);
    await checks.sweepAlone(present, users);

    await checks.sweepAlone(previous, users);
    await visit(users, previous);
    await checks.sweepTogether(users);
    await visit(users, present, previous);
    await checks.expectKept(users);

    await checks.sweepAlone(present, users);
    for (const user of users) {
      const { state, staysConnected, checks: told } = await present.connection(user);
      expect(state).toBe('active');
      expect(Date.parse(staysConnected?.until ?? '')).toBeGreaterThan(Date.now() + 89 * DAY);
      expect(told?.at(-1)).toMatchObject({ outcome: 'refreshed', keptBy: 'link' });
    }
  });

  it('use the access token of either while it is good, and ask for no other', {
    timeout: PATIENCE,
  }, async () => {
    const users = take(6);
    const [previous, present] = await stage.both();
    await control(stage.entra, 'PUT', '/lifetimes', { accessToken: 3_600 });
    try {
      await visit(users.slice(0, 3), previous);
      await visit(users.slice(3), present);
      await stage.forgetGrants();
      await stored.letAnHourPass(users);
      // The previous release may not be able to open the caches of this one, and leaves those users alone.
      for (const host of [previous, present]) {
        await host.sweep();
        await stored.letAnHourPass(users);
      }
      await present.sweep();
      expect(await stage.refreshesOf(users)).toEqual([]);
      await checks.expectKept(users);
      await visit(users, present);
      await stored.letAnHourPass(users);
      await present.sweep();
      expect(await stage.refreshesOf(users)).toEqual([]);
      await checks.expectKept(users);
    } finally {
      await control(stage.entra, 'PUT', '/lifetimes', { accessToken: EXPIRED_AT_ONCE });
    }
  });

  it('refresh each due user once, however often both are triggered', { timeout: PATIENCE }, async () => {
    const [previous, present] = await stage.both();
    const users = take(32);
    await visit(users.slice(0, 24), previous);
    await visit(users.slice(24), present);
    stage.takeEvents();
    for (let round = 1; round <= 3; round += 1) {
      await checks.sweepTogether(users, 3);
      await visit(users.slice(8 * round - 8, 8 * round), previous);
    }
    await checks.expectKept(users);

    const events = stage.takeEvents();
    expect(faultsOf(events)).toEqual([]);
    for (const release of RELEASES) {
      const claimed = events.map((one) => (one.release === release ? Number(one.claimed ?? 0) : 0));
      expect(Math.max(...claimed), `leases of the ${release} release`).toBeGreaterThan(0);
    }
    await checks.sweepAlone(present, users);
  });

  it.each(
    RELEASES,
  )('leave the lease of a killed host of the %s release alone while it lasts, and then take it over', {
    timeout: PATIENCE,
  }, async (release) => {
    const users = take(6);
    const heir = await stage.running(OTHER[release]);
    // Either release can open what the previous one has sealed.
    await visit(users, await stage.running('previous'));
    const victim = await stage.start(release);
    await setFaults(users, { kind: 'hang', times: 1 });
    await stage.forgetGrants();
    await stored.letAnHourPass(users);
    const unfinished = victim.sweep();
    await Promise.all([
      expect(unfinished).rejects.toThrow(),
      stage.waitForGrants(users).then(() => victim.kill()),
    ]);
    const leased = await checks.readAll(users);
    for (const { account } of leased) expect(account).not.toMatchObject({ runId: '' });

    await stage.forgetGrants();
    for (const host of await stage.both()) await host.sweep();
    expect(await checks.readAll(users)).toEqual(leased);
    expect(await stage.refreshesOf(users)).toEqual([]);

    await stored.letAnHourPass(users);
    stage.takeEvents();
    await heir.sweep();
    expect((await stage.refreshesOf(users)).map(({ status }) => status)).toEqual(users.map(() => 200));
    await checks.expectKept(users);
    const events: LoggedEvent[] = [];
    await vi.waitFor(() => {
      events.push(...stage.takeEvents());
      const abandoned = events.filter(({ event }) => event === 'lease.abandoned');
      expect(abandoned.map((one) => one.release)).toEqual(users.map(() => heir.release));
      expect(events.some(({ event }) => event === 'sweep.ended')).toBe(true);
    }, 10_000);
    expect(faultsOf(events.filter(({ event }) => event !== 'lease.abandoned'))).toEqual([]);
    await checks.sweepAlone(await stage.running('present'), users);
  });

  it.each(
    RELEASES,
  )('keep disconnected who disconnects at the %s release while the other is at work for them', {
    timeout: PATIENCE,
  }, async (release) => {
    const known = take(4);
    const newcomers = take(2);
    const users = [...known, ...newcomers];
    const [at, busy] = await Promise.all([stage.running(release), stage.running(OTHER[release])]);
    await visit(known, await stage.running('previous'));
    const letGo = await hold(users);
    await stage.forgetGrants();
    await stored.letAnHourPass(known);
    const work = Promise.all([busy.sweep(), visit(newcomers, busy)]);
    await stage.waitForGrants(users);
    await Promise.all(users.map(at.disconnect));
    await letGo();
    await work;
    await checks.expectDisconnected(users);

    // The first check of their tombstones, and visits, which do not connect them again.
    await stored.letAnHourPass(users);
    await busy.sweep();
    await visit(users.slice(2), busy, at);
    await at.sweep();
    await checks.expectDisconnected(users);

    await Promise.all(users.map(busy.reconnect));
    await checks.expectKept(users);
    await visit(users, at);
    await checks.sweepAlone(at, users);
    await checks.sweepAlone(busy, users);
    await checks.expectKept(users);
  });

  it('open each other’s caches while the first key is replaced', { timeout: PATIENCE }, async () => {
    const users = take(8);
    let [previous, present] = await stage.both();
    await visit(users.slice(0, 4), previous);
    await visit(users.slice(4), present);
    await checks.sweepTogether(users);

    stage.keys = [SECOND_KEY, FIRST_KEY];
    await stage.stopRelease('present');
    present = await stage.running('present');
    await visit(users.slice(2, 4), present, previous);
    await visit(users.slice(4, 6), previous, present);
    await checks.sweepAlone(previous, users);
    await checks.sweepTogether(users);
    await checks.sweepAlone(present, users);
    await checks.expectKept(users);

    await stage.stopRelease('previous');
    previous = await stage.running('previous');
    await checks.sweepAlone(previous, users);
    await checks.sweepAlone(present, users);
    await checks.expectKept(users);
    for (const { cache } of await checks.readAll(users)) expect(cache?.kid).toMatch(/^key-two(?:\.u)?$/);
    await checks.expectSealedWith(SECOND_KEY, users);
  });

  it('keep everybody through a rollback and the update after it', { timeout: PATIENCE }, async () => {
    await stage.stopRelease('previous');
    const steady = take(6);
    const interrupted = take(2);
    const marked = take(2);
    const healing = take(2);
    const all = [...steady, ...interrupted, ...marked, ...healing];
    let present = await stage.running('present');
    await visit(all, present);
    await checks.sweepAlone(present, all);
    await setFaults([...marked, ...healing], { kind: 'revoked' });
    await setFaults(interrupted, { kind: 'server-error' });
    await stored.letAnHourPass(all);
    await present.sweep();
    for (const { name } of interrupted) await control(stage.entra, 'DELETE', `/users/${name}/fault`);
    const needUser = { account: { state: 'needs-user', runId: '' } };
    for (const one of await checks.readAll([...marked, ...healing])) expect(one).toMatchObject(needUser);
    for (const { account } of await checks.readAll(interrupted)) {
      expect(account).toMatchObject({ state: 'active', runId: '', attempts: 1 });
    }

    await stage.stopRelease('present');
    const before = await checks.readAll(all);
    const previous = await stage.running('previous');
    await checks.sweepAlone(previous, [...steady, ...interrupted]);
    await visit([...steady.slice(0, 3), ...healing], previous);
    await checks.sweepAlone(previous, [...steady, ...interrupted]);
    await stored.letAnHourPass([...marked, ...healing]);
    await previous.sweep();
    const after = await checks.readAll(all);
    for (const [index, user] of all.entries()) {
      const [was, is] = [before[index], after[index]] as [Stored, Stored];
      expect(is.account?.generation, user.name).toBe(was.account?.generation);
      // What the previous release cannot open is the same version as before.
      if (isOfPresent(was.cache)) expect(is.cache, user.name).toEqual(was.cache);
      else expect(is.cache, user.name).toBeDefined();
      if (marked.includes(user)) {
        expect(is, user.name).toMatchObject(needUser);
        expect(failureOf(is), user.name).toEqual(failureOf(was));
      }
    }
    // A visit ends the mark if the previous release can store what it got.
    for (const { account, cache } of await checks.readAll(healing)) {
      expect(account?.state).toBe(canOpen('previous', cache) ? 'active' : 'needs-user');
    }

    await stage.stopRelease('previous');
    present = await stage.running('present');
    await checks.sweepAlone(present, [...steady, ...interrupted]);
    await visit([...marked, ...healing], present);
    await checks.sweepAlone(present, all);
    await checks.expectKept(all);
  });

  it('keep a notice, which this release delivers once, whatever the other has made of the account', {
    timeout: PATIENCE,
  }, async () => {
    const [previous, present] = await stage.both();
    const users = take(6);
    const [healed, gone, ...marked] = users as [DrillUser, DrillUser, ...DrillUser[]];
    const heardOf = ({ userId }: DrillUser) =>
      stage.receiver.received.filter(({ data }) => data.userId === userId);
    await visit(users, previous);
    await setFaults(users, { kind: 'revoked' });
    await stored.letAnHourPass(users);
    // Only the mark of this release begins a notice.
    await present.sweep();
    const columns = await checks.readAll(users);
    for (const { account } of columns) {
      expect(account).toMatchObject({ state: 'needs-user', notice: expect.stringContaining('needs-user') });
    }

    await stored.letAnHourPass(users);
    await previous.sweep();
    for (const user of [healed, gone]) await control(stage.entra, 'DELETE', `/users/${user.name}/fault`);
    await previous.visit(healed);
    await previous.disconnect(gone);
    expect(users.flatMap(heardOf)).toEqual([]);
    for (const [index, { account }] of (await checks.readAll(users)).entries()) {
      const user = users[index];
      if (user === gone) expect(account).not.toHaveProperty('notice');
      else expect(account?.notice, user?.name).toBe(columns[index]?.account?.notice);
    }

    // The previous release has put the users off until they are retired. The audit finds them, page by page.
    expect(faultsOf(stage.takeEvents())).toEqual([]);
    await vi.waitFor(
      async () => {
        await stored.letNextRunAudit();
        await present.sweep();
        expect(new Set(marked.flatMap(heardOf).map(({ id }) => id)).size).toBe(marked.length);
      },
      { timeout: 60_000, interval: 1_000 },
    );
    const rescheduled = stage.takeEvents().filter(({ event }) => event === 'account.rescheduled');
    expect(rescheduled.map(({ release }) => release)).toEqual(marked.map(() => 'present'));
    await Promise.all([present.sweep(), previous.sweep()]);
    for (const [index, user] of users.entries()) {
      if (user === healed || user === gone) continue;
      const { id } = JSON.parse(String(columns[index]?.account?.notice)) as { id: string };
      expect(heardOf(user), user.name).toMatchObject([{ id, data: { kind: 'needs-user' } }]);
    }
    // Nobody had heard that these were needed.
    for (const user of [healed, gone]) expect(heardOf(user), user.name).toEqual([]);
    for (const { name } of marked) await control(stage.entra, 'DELETE', `/users/${name}/fault`);
    await visit(marked, present);
    await stored.letAnHourPass(marked);
    await present.sweep();
    for (const user of marked) {
      expect(
        heardOf(user).map(({ data }) => data.kind),
        user.name,
      ).toEqual(['needs-user', 'recovered']);
    }
    await previous.reconnect(gone);
    await checks.expectKept(users);
  });

  it('read each other’s accounts alike, and keep the columns of a later release', {
    timeout: PATIENCE,
  }, async () => {
    const [previous, present] = await stage.both();
    const users = take(6);
    const [gone, marked, ...active] = users as [DrillUser, DrillUser, ...DrillUser[]];
    const expectAlike = async () => {
      await checks.expectKept(active);
      for (const user of users) {
        const { nextCheckAt, ...theirs } = await previous.connection(user);
        const ours = await present.connection(user);
        expect(ours).toMatchObject(theirs);
        // Each check is counted once, whichever release did it.
        const checked = theirs.history.filter(({ task }) => task === undefined);
        const counted = (ours.checks ?? []).reduce((sum, { times }) => sum + times, 0);
        expect(counted, user.name).toBe(checked.length);
        // A check that is overdue is due now, and so at another moment in each answer.
        const isOverdue = Date.parse(nextCheckAt ?? '') <= Date.now();
        if (!isOverdue) expect(ours.nextCheckAt).toBe(nextCheckAt);
      }
    };
    await visit(users.slice(0, 3), previous);
    await visit(users.slice(3), present);
    await expectAlike();
    const later = { addedLater: 'kept', addedCount: 7 };
    for (const user of users) await stored.addColumns(user, later);

    for (const [at, next] of [
      [previous, present],
      [present, previous],
    ] as const) {
      await setFaults([marked], { kind: 'revoked' });
      await stored.letAnHourPass([marked]);
      await present.sweep();
      expect(await present.connection(marked)).toMatchObject({ state: 'needs-user' });
      await visit(active, at);
      await expectAlike();
      await checks.sweepAlone(at, active);
      await checks.sweepAlone(next, active);
      await expectAlike();
      for (const { account } of await checks.readAll([marked, ...active]))
        expect(account).toMatchObject(later);
      // The present release can always store what a visit brings.
      await visit([marked], at, present);
      expect(await present.connection(marked)).toMatchObject({ state: 'active' });
      await at.disconnect(gone);
      await expectAlike();
      await next.reconnect(gone);
      await expectAlike();
    }
    await checks.expectKept(users);
  });

  it('keep a pause that only this one knows, until the user disconnects at either', {
    timeout: PATIENCE,
  }, async () => {
    const [previous, present] = await stage.both();
    const users = take(3);
    const [gone] = users as [DrillUser];
    const until = new Date(Date.now() + 7 * DAY);
    const pauses = () =>
      Promise.all(users.map(async (user) => (await present.connection(user)).tasksPausedUntil));
    await visit(users, previous);
    for (const user of users) await present.pause(user, until);
    for (const host of [previous, present, previous]) {
      await visit(users, host);
      await checks.sweepAlone(host, users);
      await previous.reconnect(gone);
      expect(await pauses()).toEqual(users.map(() => until.toISOString()));
    }
    await previous.disconnect(gone);
    await present.reconnect(gone);
    expect(await present.connection(gone)).not.toHaveProperty('tasksPausedUntil');
    await checks.expectKept(users);
  });
});

describe('the build of the previous release', () => {
  it('says what to do when its commit is not in this clone', async () => {
    await expect(buildPreviousRelease('0'.repeat(40))).rejects.toThrow(/"git fetch --unshallow"/);
  });
});
