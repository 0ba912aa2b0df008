/** `PUT /api/connection` with a pause, over stores in memory. */
import { describe, expect, it } from 'vitest';
import type { Account, Connected } from '../../../../shared/account/account.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { changeConnection, connect, getConnection } from '../../../../shared/connection/connection.ts';
import { NotConnectedError, RequestMalformedError, TooManyRequestsError } from '../../../../shared/errors.ts';
import { exportAccount } from '../../../../shared/operators/exportAccount.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { createTestApp, UNLIMITED } from '../../../support/testApp.ts';
import { active, CONNECTED, damaged, tombstone, USER } from '../account/accounts.ts';
import { CALLER } from '../account/everyTransition.ts';
import { DAY, from, HOUR, NOW } from '../account/scheduleTimes.ts';

const TITLES = new Map();
const OPERATION = { log: () => undefined };

function setUp(options: Parameters<typeof createTestApp>[0] = {}) {
  let now = NOW;
  // Waiting takes no time.
  const clock = clockOf(() => now, { newId: createTestClock().newId });
  const app = createTestApp({
    clock,
    limits: UNLIMITED,
    verifyAccessToken: async (assertion) => ({ ...CALLER, assertion }),
    ...options,
  });
  const change = (sent: unknown) => changeConnection(app, OPERATION, 'token', TITLES, async () => sent);
  return {
    app,
    later: (ms: number) => {
      now = new Date(now.getTime() + ms);
    },
    change,
    pause: async (until: Date | string | null) =>
      (await change({ tasksPausedUntil: until instanceof Date ? until.toISOString() : until })).connection,
    get: async () => (await getConnection(app, OPERATION, 'token', TITLES)).connection,
    row: () => app.accounts.read(USER),
  };
}

describe('a pause that a user orders', () => {
  it.each(CONNECTED)('is kept and told: $state', async (account) => {
    const { app, pause, get, row } = setUp();
    await app.accounts.create(account);
    const until = from(DAY).toISOString();
    expect(await pause(until)).toMatchObject({ state: account.state, tasksPausedUntil: until });
    expect(await get()).toMatchObject({ tasksPausedUntil: until });
    const { etag: _, ...kept } = { etag: '', ...(await row()) };
    expect(kept).toEqual({ ...account, tasksPausedUntil: from(DAY) });
    const resumed = await pause(null);
    expect(resumed).not.toHaveProperty('tasksPausedUntil');
    expect(resumed.state).toBe(account.state);
    expect(await row()).not.toHaveProperty('tasksPausedUntil');
  });

  it('may be changed, and the same one again writes nothing', async () => {
    const { app, pause, row } = setUp();
    await app.accounts.create(active());
    await pause(from(DAY));
    expect(await pause(from(2 * DAY))).toMatchObject({ tasksPausedUntil: from(2 * DAY).toISOString() });
    const before = await row();
    await pause(from(2 * DAY));
    expect(await row()).toEqual(before);
  });

  it('leaves the lease and the next check to the run that has them', async () => {
    const { app, pause, row } = setUp();
    const lease = { runId: 'run-1', until: from(60_000) };
    await app.accounts.create(active({ lease }));
    await pause(from(DAY));
    expect(await row()).toMatchObject({ lease, nextCheckAt: active().nextCheckAt });
  });

  it('is told no longer than it lasts', async () => {
    const { app, later, get } = setUp();
    await app.accounts.create(active({ tasksPausedUntil: from(HOUR) }));
    later(HOUR - 1);
    expect(await get()).toHaveProperty('tasksPausedUntil');
    later(1);
    expect(await get()).not.toHaveProperty('tasksPausedUntil');
  });

  it.each([
    ['in the past', -1, /not in the future/],
    ['now', 0, /not in the future/],
    ['a millisecond too far ahead', 90 * DAY + 1, /more than 90 days ahead/],
  ])('may not end %s', async (_, ms, message) => {
    const { app, pause, row } = setUp();
    const before = await app.accounts.create(active());
    await expect(pause(from(ms))).rejects.toThrow(message);
    await expect(pause(from(ms))).rejects.toThrow(RequestMalformedError);
    expect(await row()).toEqual(before);
  });

  it.each([1, 90 * DAY])('may end %d ms ahead', async (ms) => {
    const { app, pause } = setUp();
    await app.accounts.create(active());
    expect(await pause(from(ms))).toMatchObject({ tasksPausedUntil: from(ms).toISOString() });
  });

  it("is measured by the store's time if this machine's clock is wrong", async () => {
    const { app, pause, get } = setUp();
    await app.accounts.create(active());
    app.accounts.clockAheadMs = () => 100 * DAY;
    await expect(pause(from(DAY))).rejects.toThrow(/not in the future/);
    expect(await pause(from(101 * DAY))).toMatchObject({ tasksPausedUntil: from(101 * DAY).toISOString() });
    expect(await get()).toHaveProperty('tasksPausedUntil');
  });

  it('is exported with what else is kept', async () => {
    const { app, pause } = setUp();
    await app.accounts.create(active());
    await pause(from(DAY));
    expect(await exportAccount(app, USER)).toMatchObject({ account: { tasksPausedUntil: from(DAY) } });
  });
});

describe('a pause of nothing', () => {
  const nothing: [string, Account | undefined][] = [
    ['was never seen', undefined],
    ['is disconnected', tombstone('disconnected')],
    ['is retired', tombstone('retired')],
  ];

  it.each(nothing)('connects nobody: a user who %s', async (_, account) => {
    for (const connectBy of ['visit', 'ask']) {
      const { app, pause, row } = setUp({ connect: connectBy });
      const before = account && (await app.accounts.create(account));
      for (const until of [from(DAY), null]) await expect(pause(until)).rejects.toThrow(NotConnectedError);
      expect(await row()).toEqual(before);
    }
  });

  it('leaves a damaged account as it is', async () => {
    const { app, pause } = setUp();
    const { etag } = await app.accounts.create(active());
    app.accounts.read = async () => ({ ...damaged('connected'), etag });
    app.accounts.update = () => Promise.reject(new Error('it is written'));
    await expect(pause(from(DAY))).rejects.toThrow(NotConnectedError);
  });
});

describe('a disconnection', () => {
  it('drops the pause, and a new connection has none', async () => {
    const { app, pause, get } = setUp();
    await app.accounts.create(active());
    await pause(from(DAY));
    await endAccount(app, USER, 'disconnected');
    expect(await get()).not.toHaveProperty('tasksPausedUntil');
    expect((await connect(app, OPERATION, 'token', TITLES)).connection).not.toHaveProperty(
      'tasksPausedUntil',
    );
  });

  it('that comes first wins over a pause that has read the account before', async () => {
    const { app, pause, row } = setUp();
    await app.accounts.create(active());
    const { update } = app.accounts;
    app.accounts.update = async (before, to) => {
      app.accounts.update = update;
      await endAccount(app, USER, 'disconnected');
      return update(before, to);
    };
    await expect(pause(from(DAY))).rejects.toThrow(NotConnectedError);
    expect(await row()).toMatchObject({ state: 'disconnected' });
  });
});

describe('PUT /api/connection', () => {
  it.each([[undefined], [{}]])('connects, and leaves a pause as it is, with the body %j', async (sent) => {
    const { app, change } = setUp();
    await app.accounts.create(active({ tasksPausedUntil: from(DAY) } satisfies Partial<Connected>));
    expect((await change(sent)).connection).toMatchObject({ tasksPausedUntil: from(DAY).toISOString() });
  });

  it('does not read what somebody sends who is not allowed in', async () => {
    const { app } = setUp({ verifyAccessToken: () => Promise.reject(new Error('no')) });
    const read = () => Promise.reject(new Error('it is read'));
    await expect(changeConnection(app, OPERATION, 'token', TITLES, read)).rejects.toThrow('no');
  });

  it('counts a pause as a change of the connection, also one that is refused', async () => {
    const { app, pause } = setUp({ limits: createTestApp().limits });
    await app.accounts.create(active());
    for (let n = 0; n < 4; n += 1) await expect(pause('tomorrow')).rejects.toThrow(RequestMalformedError);
    await expect(pause(from(DAY))).rejects.toThrow(TooManyRequestsError);
  });
});
