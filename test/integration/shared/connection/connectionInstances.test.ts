/** One user at two instances: each remembers by itself, and both share what is stored. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { systemClock } from '../../../../shared/clock.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../shared/testing/testClock.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { control, journal, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { callerFor } from '../../../support/userTokens.ts';

const MINUTE = 60_000;
/** After this time an instance reads the row again. */
const NEXT_TOUCH = MINUTE + 1_000;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(async () => {
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra.close());

/** Two instances over the same storage, and Adele with one token for both. */
async function twoInstances() {
  const clock = createShiftedClock();
  // What an instance remembers ends by time that has passed, not by the time of day.
  clock.elapsed = () => systemClock.elapsed() + clock.aheadMs;
  const here = createLocalApp(entra, { clock });
  const { accounts, tokenCache } = here;
  const there = createLocalApp(entra, { clock, accounts, tokenCache });
  const { assertion, userId } = await callerFor(entra, 'adele');
  return {
    here,
    there,
    assertion,
    userId,
    /** What `GET /api/connection` says, and whether a cache is stored. */
    kept: async () => ({
      state: (await here.connection.get(assertion)).connection.state,
      cache: (await tokenCache.read(userId)) !== undefined,
    }),
    pass(ms: number) {
      clock.aheadMs += ms;
    },
  };
}

const exchanges = async () => (await journal(entra)).filter((entry) => entry.grant === 'on_behalf_of').length;

describe('a user who disconnects at one instance', () => {
  it('is answered by the other from its memory, and leaves nothing there either', async () => {
    const { here, there, assertion, kept, pass } = await twoInstances();
    await here.getProfile(assertion);
    await there.getProfile(assertion);
    expect(await kept()).toEqual({ state: 'active', cache: true });

    await here.connection.delete(assertion);
    expect((await there.connection.get(assertion)).connection.state).toBe('disconnected');
    expect((await there.getProfile(assertion)).source).toBe('memory');
    expect(await kept()).toEqual({ state: 'disconnected', cache: false });
    pass(NEXT_TOUCH);
    expect((await there.getProfile(assertion)).result.givenName).toBe('Adele');
    expect(await kept()).toEqual({ state: 'disconnected', cache: false });
  });

  it('is kept again after connecting at either, once the other has read the row', async () => {
    const { here, there, assertion, kept, pass } = await twoInstances();
    await here.connection.delete(assertion);
    await here.getProfile(assertion);
    await there.getProfile(assertion);
    await here.connection.put(assertion);
    expect(await kept()).toEqual({ state: 'pending', cache: false });

    // Until then the other continues with a token that was not to be stored.
    pass(MINUTE / 2);
    expect((await there.getProfile(assertion)).source).toBe('memory');
    expect(await kept()).toEqual({ state: 'pending', cache: false });
    const before = await exchanges();
    pass(NEXT_TOUCH - MINUTE / 2);
    expect((await there.getProfile(assertion)).source).toBe('network');
    expect(await exchanges()).toBe(before + 1);
    expect(await kept()).toEqual({ state: 'active', cache: true });
  });

  it('is kept again by their very next call at the instance where they connected', async () => {
    const { here, assertion, kept } = await twoInstances();
    await here.connection.delete(assertion);
    await here.getProfile(assertion);
    expect(await kept()).toEqual({ state: 'disconnected', cache: false });
    await here.connection.put(assertion);
    expect((await here.getProfile(assertion)).source).toBe('network');
    expect(await kept()).toEqual({ state: 'active', cache: true });
  });

  it('is answered from nothing remembered after connecting, whatever their state', async () => {
    const { here, assertion } = await twoInstances();
    await here.getProfile(assertion);
    expect((await here.getProfile(assertion)).source).toBe('memory');
    expect((await here.connection.put(assertion)).connection.state).toBe('active');
    expect((await here.getProfile(assertion)).source).toBe('cache');
  });

  it('finds by connecting that a consent is there by now', async () => {
    const { here, assertion, kept } = await twoInstances();
    const noConsent = { kind: 'error', error: 'invalid_grant', errorNo: 65001, suberror: 'consent_required' };
    await control(entra, 'PUT', '/users/adele/fault', noConsent);
    await expect(here.getProfile(assertion)).rejects.toMatchObject({ failure: { kind: 'consent' } });
    await control(entra, 'DELETE', '/users/adele/fault');
    await here.connection.put(assertion);
    expect((await here.getProfile(assertion)).source).toBe('network');
    expect(await kept()).toEqual({ state: 'active', cache: true });
  });

  it('may say each twice, at one instance or two, and it is as if they had said it once', async () => {
    const { here, there, assertion, userId } = await twoInstances();
    // A connection that is there already is written as it is, which makes it another version.
    const row = async () => ({ ...(await accountOf(here, userId)), etag: undefined });
    await here.getProfile(assertion);
    const connected = await row();
    expect((await there.connection.put(assertion)).connection.state).toBe('active');
    expect(await row()).toEqual(connected);

    await here.connection.delete(assertion);
    const disconnected = await row();
    for (const { connection } of [here, there]) await connection.delete(assertion);
    expect(await row()).toEqual(disconnected);

    expect((await here.connection.put(assertion)).connection.state).toBe('pending');
    const pending = await row();
    for (const { connection } of [here, there]) await connection.put(assertion);
    expect(await row()).toEqual(pending);
  });

  it('and connects at the other is two connections, of which nothing of the first is left', async () => {
    const { here, there, assertion, userId, kept } = await twoInstances();
    await here.getProfile(assertion);
    const first = await accountOf(here, userId);
    await here.connection.delete(assertion);
    await there.connection.put(assertion);
    await there.getProfile(assertion);
    expect(await kept()).toEqual({ state: 'active', cache: true });
    expect((await accountOf(here, userId))?.generation).not.toBe(first?.generation);
  });
});

describe('asking for the connection', () => {
  it('is no visit, and does not delay the worker', async () => {
    const { here, assertion } = await twoInstances();
    await here.getProfile(assertion);
    for (let asked = 0; asked < 4; asked += 1) {
      here.clock.aheadMs += MINUTE / 2;
      await here.connection.get(assertion);
    }
    expect(await here.sweep()).toMatchObject({ due: 1, claimed: 1, waiting: 0, fromCache: 1 });
    const { connection } = await here.connection.get(assertion);
    expect(connection.history).toMatchObject([{ outcome: 'from-cache', source: 'cache' }]);
    expect(here.now().getTime() - Date.parse(connection.lastActivity ?? '')).toBeGreaterThan(MINUTE);
  });

  it('says that a check is running now by not saying when', async () => {
    const app = createLocalApp(entra);
    const { accounts } = app;
    const { assertion } = await callerFor(entra, 'adele');
    await app.getProfile(assertion);
    expect((await app.connection.get(assertion)).connection).toHaveProperty('nextCheckAt');
    app.clock.aheadMs = 2 * MINUTE;
    const { claimDue } = accounts;
    let meanwhile: object = {};
    accounts.claimDue = async function* (request) {
      for await (const claim of claimDue(request)) {
        meanwhile = (await app.connection.get(assertion)).connection;
        yield claim;
      }
    };
    await app.sweep();
    expect(meanwhile).toMatchObject({ state: 'active' });
    expect(meanwhile).not.toHaveProperty('nextCheckAt');
    expect((await app.connection.get(assertion)).connection).toHaveProperty('nextCheckAt');
  });

  it('finds none of a user who was retired, and connecting them begins anew', async () => {
    const { here, assertion, kept, pass } = await twoInstances();
    await here.getProfile(assertion);
    pass(100 * 24 * 60 * MINUTE);
    expect(await here.sweep()).toMatchObject({ retired: 1 });
    const token = (await callerFor(entra, 'adele')).assertion;
    here.clock.aheadMs = 0;
    expect((await here.connection.get(token)).connection).toEqual({ state: 'none', history: [] });
    expect(await kept()).toEqual({ state: 'none', cache: false });
    expect((await here.connection.put(token)).connection.state).toBe('pending');
  });
});

describe('what is logged', () => {
  it('is a disconnection and a return, once each', async () => {
    const { here, assertion } = await twoInstances();
    const named = () => here.events.map(({ event }) => event).filter((event) => event.startsWith('account.'));
    await here.connection.put(assertion);
    await here.connection.put(assertion);
    expect(named()).toEqual(['account.seen-first']);
    await here.connection.delete(assertion);
    await here.connection.delete(assertion);
    expect(named()).toEqual(['account.seen-first', 'account.ended']);
    // No user changes their mind more often at a time.
    here.clock.aheadMs += 60_000;
    await here.connection.put(assertion);
    await here.connection.put(assertion);
    expect(named()).toEqual(['account.seen-first', 'account.ended', 'account.reconnected']);
  });
});
