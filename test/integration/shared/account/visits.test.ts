/** Requests of one user over time: what is remembered between them, and what ends that. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { accountOf, markUser } from '../../../support/accountOf.ts';
import { control, journal, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';
import { callerFor } from '../../../support/userTokens.ts';

const MINUTE = 60_000;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(async () => {
  await control(entra, 'DELETE', '/users/adele/fault');
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra.close());

const exchanges = async () => (await journal(entra)).filter((entry) => entry.grant === 'on_behalf_of').length;

describe('two devices of one user', () => {
  it('do not exchange again and again', async () => {
    const app = createLocalApp(entra);
    const devices = [await callerFor(entra, 'adele'), await callerFor(entra, 'adele')];
    for (let round = 0; round < 5; round += 1) {
      for (const { assertion } of devices) await app.getProfile(assertion);
    }
    expect(await exchanges()).toBe(2);
  });

  it('that ask twenty times at once cause one exchange each', async () => {
    const app = createLocalApp(entra);
    const devices = [await callerFor(entra, 'adele'), await callerFor(entra, 'adele')];
    const asked = devices.flatMap(({ assertion }) =>
      Array.from({ length: 10 }, () => app.getProfile(assertion)),
    );
    for (const { result } of await Promise.all(asked)) expect(result.givenName).toBe('Adele');
    expect(await exchanges()).toBe(2);
  });
});

describe('a user who goes on working', () => {
  it('has their activity recorded about once a minute', async () => {
    const app = createLocalApp(entra);
    const { assertion, userId } = await callerFor(entra, 'adele');
    await app.getProfile(assertion);
    const first = await accountOf(app, userId);
    app.clock.aheadMs = MINUTE / 2;
    await app.getProfile(assertion);
    expect((await accountOf(app, userId))?.lastActivity).toEqual(first?.lastActivity);
    app.clock.aheadMs = MINUTE + 1_000;
    await app.getProfile(assertion);
    const touched = (await accountOf(app, userId))?.lastActivity?.getTime() ?? 0;
    expect(touched).toBeGreaterThanOrEqual((first?.lastActivity?.getTime() ?? 0) + MINUTE);
    expect(await exchanges()).toBe(1);
  });

  it('meets within a minute what the worker was refused with, and is healed by an exchange', async () => {
    const app = createLocalApp(entra);
    const { assertion, userId } = await callerFor(entra, 'adele');
    await app.getProfile(assertion);
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    const failure = { kind: 'needs-user' as const, code: 'AADSTS50076', claims, at: app.now() };
    await markUser(app, userId, failure);
    app.clock.aheadMs = MINUTE + 1_000;
    // A missing consent is told as such: the challenge comes again after it.
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'consent' });
    const consent = await app.getProfile(assertion).catch((error: unknown) => error);
    expect(consent).toMatchObject({ failure: { kind: 'consent' } });
    expect(consent).not.toHaveProperty('failure.claims');
    await signIn(entra, 'adele');
    // The refusal is remembered for a moment.
    app.clock.aheadMs += MINUTE;
    await control(entra, 'PUT', '/users/adele/fault', {
      kind: 'error',
      error: 'invalid_grant',
      errorNo: 50173,
    });
    await expect(app.getProfile(assertion)).rejects.toMatchObject({
      failure: { kind: 'needs-user', claims },
    });
    await control(entra, 'DELETE', '/users/adele/fault');
    app.clock.aheadMs += MINUTE;
    expect((await app.getProfile(assertion)).source).toBe('network');
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active', failure: undefined });
  });

  it('has their cache stored a minute later, when it could not be at first', async () => {
    const app = createLocalApp(entra);
    const { tokenCache: store, events } = app;
    const { assertion, userId } = await callerFor(entra, 'adele');
    const { write } = store;
    store.write = () => Promise.reject(new UnavailableError('token-cache'));
    expect((await app.getProfile(assertion)).result.givenName).toBe('Adele');
    expect(await accountOf(app, userId)).toMatchObject({ state: 'pending' });
    expect(events.map((event) => event.event)).toContain('cache.not-written');
    store.write = write;
    app.clock.aheadMs = MINUTE + 1_000;
    await app.getProfile(assertion);
    expect(await store.read(userId)).toBeDefined();
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active' });
  });
});
