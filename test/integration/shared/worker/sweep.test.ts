import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { createSealer } from '../../../../shared/adapters/entra/seal.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { see } from '../../../support/accountStoreUnderTest.ts';
import { control, holdToken, journal, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { readCache, waitForGrant } from '../../../support/userTokens.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(async () => {
  for (const { name } of DEMO_USERS) await control(entra, 'DELETE', `/users/${name}/fault`);
  await control(entra, 'DELETE', '/fault');
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra.close());

const refreshesOf = async (name: string, status: number) =>
  (await journal(entra)).filter(
    (entry) => entry.grant === 'refresh_token' && entry.user === name && entry.status === status,
  ).length;

describe('a sweep', () => {
  it('leaves a user alone who was active within the idle time', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    expect(await app.sweep()).toMatchObject({ claimed: 0, stoppedBy: 'done' });
    app.clock.aheadMs = 2 * MINUTE;
    await see(app.accounts, user, app.now());
    expect(await app.sweep()).toMatchObject({ claimed: 1, waiting: 1, refreshed: 0 });
    expect(await refreshesOf('adele', 200)).toBe(0);
  });

  it('gets a token for each due user, whatever becomes of the others', async () => {
    const app = createLocalApp(entra);
    const adele = await app.visit('adele');
    const bruno = await app.visit('bruno');
    const chiara = await app.visit('chiara');
    const dana = await app.visit('dana');
    await app.tokenCache.remove(adele);
    await control(entra, 'PUT', '/users/bruno/fault', { kind: 'revoked' });
    const copied = await app.tokenCache.read(dana);
    const own = await app.tokenCache.read(chiara);
    await app.tokenCache.write(chiara, copied?.sealed ?? '', own?.etag);

    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({
      claimed: 4,
      refreshed: 1,
      failed: { 'cache-lost': 2, 'needs-user': 1 },
      stoppedBy: 'done',
    });
    expect(await accountOf(app, dana)).toMatchObject({ state: 'active', attempts: 0, lease: undefined });
    expect(await accountOf(app, bruno)).toMatchObject({
      state: 'needs-user',
      failure: { kind: 'needs-user', code: 'AADSTS50173', suberror: 'bad_token' },
    });
    expect(await accountOf(app, adele)).toMatchObject({ failure: { code: 'no_tokens_found' } });
    expect(await accountOf(app, chiara)).toMatchObject({ failure: { code: 'cache_corrupt' } });
    const checks = app.events.filter((event) => event.event === 'user.check-ended');
    expect(checks).toHaveLength(4);
    expect(await app.sweep()).toMatchObject({ claimed: 0 });
  });

  it('stores the new refresh token, and checks again before the token expires', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    const before = await readCache(app.tokenCache, app.sealer, user);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    expect(await readCache(app.tokenCache, app.sealer, user)).not.toBe(before);
    const account = await accountOf(app, user);
    expect(account?.history).toMatchObject([{ outcome: 'refreshed' }]);
    expect(account?.nextCheckAt.getTime()).toBeGreaterThan(app.now().getTime() + 4 * MINUTE);
  });

  it.each([
    {
      fault: { kind: 'throttled', retryAfter: 900 },
      kind: 'throttled',
      atLeastMs: 15 * MINUTE,
    },
    { fault: { kind: 'throttled-user' }, kind: 'throttled', atLeastMs: 0 },
    { fault: { kind: 'server-error' }, kind: 'transient', atLeastMs: 0 },
    { fault: { kind: 'html' }, kind: 'transient', atLeastMs: 0 },
    { fault: { kind: 'reset' }, kind: 'transient', atLeastMs: 0 },
    { fault: { kind: 'unauthorized-client' }, kind: 'tenant', atLeastMs: 0 },
  ])('marks nobody when the token endpoint is $fault.kind', async ({ fault, kind, atLeastMs }) => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    await control(entra, 'PUT', '/users/adele/fault', fault);
    app.clock.aheadMs = 2 * MINUTE;
    const now = app.now().getTime();
    expect(await app.sweep()).toMatchObject({ failed: { [kind]: 1 } });
    const account = await accountOf(app, user);
    expect(account).toMatchObject({ state: 'active', attempts: 1, failure: { kind } });
    expect(account?.nextCheckAt.getTime()).toBeGreaterThan(now + atLeastMs);
    await control(entra, 'DELETE', '/users/adele/fault');
    app.clock.aheadMs += 2 * 60 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', attempts: 0, failure: undefined });
  });

  it('gives up on a token endpoint that hangs', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'hang' });
    app.clock.aheadMs = 2 * MINUTE;
    // Only this run is so impatient: a visit may take longer on a busy machine.
    const { clock, tokenCache, accounts } = app;
    const hasty = createLocalApp(entra, { clock, tokenCache, accounts, timeouts: { tokenMs: 500 } });
    expect(await hasty.sweep()).toMatchObject({ failed: { transient: 1 } });
    expect(await accountOf(app, user)).toMatchObject({
      state: 'active',
      failure: { code: 'TimeoutError' },
    });
  });

  it('stops and marks nobody when our own secret has expired', async () => {
    const app = createLocalApp(entra);
    const users = [await app.visit('adele'), await app.visit('bruno'), await app.visit('chiara')];
    await control(entra, 'PUT', '/fault', { kind: 'invalid-client', at: 'token' });
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({
      claimed: 1,
      released: 1,
      stoppedBy: 'misconfigured',
    });
    for (const user of users) {
      expect(await accountOf(app, user)).toMatchObject({
        state: 'active',
        failure: undefined,
        lease: undefined,
      });
    }
    const loud = app.events.filter((event) => event.event === 'sweep.misconfigured');
    expect(loud).toHaveLength(1);
    expect(JSON.stringify(loud)).toContain('ENTRA_CLIENT_SECRET');
    await control(entra, 'DELETE', '/fault');
    expect(await app.sweep()).toMatchObject({ refreshed: 3 });
  });

  it('overwrites nothing and marks nobody when a key is missing', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    const otherKeys = createSealer([{ kid: 'other', secret: new Uint8Array(32).fill(9) }]);
    const misled = createLocalApp(entra, {
      clock: app.clock,
      tokenCache: app.tokenCache,
      sealer: otherKeys,
      accounts: app.accounts,
    });
    const before = await app.tokenCache.read(user);
    misled.clock.aheadMs = 2 * MINUTE;
    expect(await misled.sweep()).toMatchObject({ stoppedBy: 'done', released: 1, failed: {} });
    expect(await app.tokenCache.read(user)).toEqual(before);
    expect(JSON.stringify(misled.events)).toContain('TOKEN_CACHE_KEYS');
  });

  it('does not mark a user who comes back while the refusal is being received', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    const letGo = await holdToken(entra, 'adele');
    app.clock.aheadMs = 2 * MINUTE;
    const sweeping = app.sweep();
    await waitForGrant(entra, 'adele');
    await app.visit('adele');
    await letGo();
    expect(await sweeping).toMatchObject({ failed: {}, refreshed: 1 });
    expect(await refreshesOf('adele', 400)).toBe(1);
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', failure: undefined });
  });

  it('leaves nothing of a user who disconnects while a token is requested', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    const letGo = await holdToken(entra, 'adele');
    app.clock.aheadMs = 2 * MINUTE;
    const sweeping = app.sweep();
    await waitForGrant(entra, 'adele');
    await endAccount(app, user, 'disconnected');
    await letGo();
    expect(await sweeping).toMatchObject({ refreshed: 0, superseded: 1 });
    expect(await app.tokenCache.read(user)).toBeUndefined();
    expect(await accountOf(app, user)).toMatchObject({ state: 'disconnected' });
  });

  it('asks for each user once, however many sweeps run at a time', async () => {
    const app = createLocalApp(entra);
    for (const { name } of DEMO_USERS) await app.visit(name);
    app.clock.aheadMs = 2 * MINUTE;
    const summaries = await Promise.all([app.sweep(), app.sweep(), app.sweep()]);
    expect(summaries.reduce((sum, summary) => sum + summary.refreshed, 0)).toBe(DEMO_USERS.length);
    for (const { name } of DEMO_USERS) expect(await refreshesOf(name, 200)).toBe(1);
  });

  it('checks a user again who came back after there was nothing to act with', async () => {
    const app = createLocalApp(entra);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'claims' });
    await expect(app.visit('adele')).rejects.toThrow();
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ waiting: 1, failed: {} });
    await control(entra, 'DELETE', '/users/adele/fault');
    const user = await app.visit('adele');
    expect(await accountOf(app, user)).toMatchObject({ state: 'active' });
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
  });

  it('takes a token whose cache could not be stored for a failure that passes, and checks again soon', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    const { write } = app.tokenCache;
    app.tokenCache.write = () => Promise.reject(new UnavailableError('token-cache'));
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 0, failed: { transient: 1 } });
    const account = await accountOf(app, user);
    expect(account).toMatchObject({ state: 'active', failure: { code: 'token_cache_not_written' } });
    expect(account?.nextCheckAt.getTime()).toBeLessThan(app.now().getTime() + 5 * MINUTE);
    app.tokenCache.write = write;
    app.clock.aheadMs += 5 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
  });

  it('leases no account once its time is over', async () => {
    const app = createLocalApp(entra);
    await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep({ runForMs: 0 })).toMatchObject({ claimed: 0, stoppedBy: 'deadline' });
    expect(await app.sweep()).toMatchObject({ claimed: 1 });
  });

  it('retires a user after the retention time, and erases the tombstone two days later', async () => {
    const app = createLocalApp(entra);
    const user = await app.visit('adele');
    app.clock.aheadMs = 91 * DAY;
    expect(await app.sweep()).toMatchObject({ retired: 1 });
    expect(await app.tokenCache.read(user)).toBeUndefined();
    expect(await accountOf(app, user)).toMatchObject({ state: 'retired', homeAccountId: undefined });
    app.clock.aheadMs += 3 * DAY;
    expect(await app.sweep()).toMatchObject({ erased: 1 });
    expect(await accountOf(app, user)).toBeUndefined();
  });

  it('checks every idle user in every run when a setting says so', async () => {
    const app = createLocalApp(entra, { schedule: { everyRun: true } });
    await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1 });
    app.clock.aheadMs += MINUTE + 1_000;
    expect(await app.sweep()).toMatchObject({ claimed: 1 });
  });
});
