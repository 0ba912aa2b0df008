import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_TENANT_USER, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { accountOf, setNextCheck } from '../../../support/accountOf.ts';
import { control, journal, SPA_ORIGIN } from '../../../support/entraClients.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const CROWD = ['adele', 'bruno', 'chiara', 'dana'];
const FAULT = `/tenants/${TENANT_ID}/fault`;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(async () => {
  await control(entra, 'DELETE', FAULT);
  await control(entra, 'DELETE', '/users/adele/fault');
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra.close());

const refreshes = async (status?: number) =>
  (await journal(entra)).filter(
    (entry) => entry.grant === 'refresh_token' && (status === undefined || entry.status === status),
  );

/** Four users of one tenant and one of another, all due. */
async function dueCrowd(options: Parameters<typeof createLocalApp>[1] = {}) {
  const app = createLocalApp(entra, options);
  const users = [];
  for (const name of CROWD) users.push(await app.visit(name));
  const other = await app.visit(OTHER_TENANT_USER.name);
  app.clock.aheadMs = 2 * MINUTE;
  return { app, users, other };
}

describe('a tenant that throttles', () => {
  it('is asked for two users, and the others wait beside a healthy tenant, unmarked', async () => {
    const { app, users, other } = await dueCrowd();
    await control(entra, 'PUT', FAULT, { kind: 'throttled', retryAfter: 600 });
    const begun = app.now().getTime();
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({
      due: 5,
      claimed: 5,
      refreshed: 1,
      failed: { throttled: 2 },
      waiting: 2,
      stoppedBy: 'done',
    });
    const ended = app.now().getTime();
    expect(await refreshes(429)).toHaveLength(2);
    expect(await accountOf(app, other)).toMatchObject({ state: 'active', attempts: 0 });
    const accounts = await Promise.all(users.map((user) => accountOf(app, user)));
    expect(accounts.map((account) => account?.state)).toEqual(Array(4).fill('active'));
    expect(accounts.filter((account) => account?.failure !== undefined)).toHaveLength(2);
    for (const account of accounts) {
      expect(account?.nextCheckAt.getTime()).toBeGreaterThanOrEqual(begun + 10 * MINUTE);
      expect(account?.nextCheckAt.getTime()).toBeLessThan(ended + 16 * MINUTE);
    }
  });

  it('has a cooldown for the next run too, and for another instance', async () => {
    const { app, users } = await dueCrowd();
    await control(entra, 'PUT', FAULT, { kind: 'throttled', retryAfter: 600 });
    await app.sweep({ concurrency: 1 });
    await control(entra, 'DELETE', '/requests');
    // Someone who signed in meanwhile is due for the first time.
    const [first] = users;
    if (first === undefined) throw new Error('there is no user');
    await setNextCheck(app, first, app.now());
    const { clock, tokenCache, accounts, sharedState } = app;
    const another = createLocalApp(entra, { clock, tokenCache, accounts, sharedState });
    clock.aheadMs += MINUTE;
    expect(await another.sweep()).toMatchObject({ claimed: 1, waiting: 1, failed: {} });
    expect(await refreshes()).toEqual([]);
  });

  it('is asked again when the time is over', async () => {
    const { app } = await dueCrowd();
    await control(entra, 'PUT', FAULT, { kind: 'throttled', retryAfter: 60 });
    await app.sweep({ concurrency: 1 });
    await control(entra, 'DELETE', FAULT);
    app.clock.aheadMs += 7 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 5, refreshed: 5, failed: {} });
    expect(await app.sharedState.cooling()).toEqual([]);
  });

  it('cools no longer than an hour, whatever it asks for', async () => {
    const { app } = await dueCrowd();
    await control(entra, 'PUT', FAULT, { kind: 'throttled', retryAfter: 86_400 });
    await app.sweep({ concurrency: 1 });
    const [cooldown] = await app.sharedState.cooling();
    expect(cooldown).toMatchObject({ tenant: TENANT_ID, api: 'token', kind: 'throttled' });
    expect(cooldown?.until.getTime()).toBeLessThanOrEqual(app.now().getTime() + 61 * MINUTE);
  });

  it('cools in this run also when that cannot be stored, and the loss is logged', async () => {
    const { app } = await dueCrowd();
    const outage = () => Promise.reject(new UnavailableError('accounts'));
    Object.assign(app.sharedState, { cool: outage, cooling: outage, runEnded: outage });
    await control(entra, 'PUT', FAULT, { kind: 'throttled', retryAfter: 600 });
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({ refreshed: 1, failed: { throttled: 2 } });
    expect(app.events).toContainEqual(expect.objectContaining({ event: 'cooldowns.not-read' }));
    expect(app.events).toContainEqual(expect.objectContaining({ event: 'sweep.not-recorded' }));
    expect(app.events).toContainEqual(
      expect.objectContaining({ event: 'cooldown.began', error: 'UnavailableError' }),
    );
  });
});

describe('a tenant that removed the application', () => {
  it('is asked once in 15 minutes, and marks nobody', async () => {
    const { app, users } = await dueCrowd();
    await control(entra, 'PUT', FAULT, { kind: 'unauthorized-client' });
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({ failed: { tenant: 1 }, waiting: 3 });
    for (const user of users) expect(await accountOf(app, user)).toMatchObject({ state: 'active' });
    app.clock.aheadMs += 10 * MINUTE;
    expect(await app.sweep()).toMatchObject({ failed: {} });
    expect(await refreshes(400)).toHaveLength(1);
  });
});

describe("one user's trouble", () => {
  it.each([
    ['a loop that Entra detected', { kind: 'throttled-user' }, 'throttled'],
    [
      'a refusal that nobody foresaw',
      { kind: 'error', error: 'invalid_request', errorNo: 9_999_999 },
      'tenant',
    ],
    ['an outage', { kind: 'server-error' }, 'transient'],
  ])('is nobody else’s: %s', async (_, fault, kind) => {
    const { app } = await dueCrowd();
    await control(entra, 'PUT', '/users/adele/fault', fault);
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({
      refreshed: 4,
      failed: { [kind]: 1 },
      waiting: 0,
    });
    expect(await app.sharedState.cooling()).toEqual([]);
  });
});
