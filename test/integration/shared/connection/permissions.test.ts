/** What `GET /api/connection` tells of the permissions: those of the stored tokens, of this user and this connection alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { registerForApi } from '../../../support/adminConsent.ts';
import { control, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';
import { callerFor } from '../../../support/userTokens.ts';

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
beforeEach(async () => {
  await registerForApi(entra, []);
  for (const user of ['adele', 'bruno']) await control(entra, 'DELETE', `/users/${user}/consent`);
});
afterAll(() => entra?.close());

async function visited(name: string, app = createLocalApp(entra)) {
  const { assertion, userId } = await callerFor(entra, name);
  await app.getProfile(assertion);
  const permissions = async () => (await app.connection.get(assertion)).connection.permissions;
  return { app, assertion, userId, permissions };
}

describe('the permissions of a connection', () => {
  it('are what the user consented to, by their usual names', async () => {
    const { permissions } = await visited('adele');
    expect(await permissions()).toEqual({ graph: ['User.Read'] });
  });

  it('are told to each user of themselves', async () => {
    const bruno = await visited('bruno');
    await registerForApi(entra, ['Files.Read']);
    await signIn(entra, 'adele', { prompt: 'consent' });
    const adele = await visited('adele', bruno.app);
    expect((await adele.permissions())?.graph?.toSorted()).toEqual(['Files.Read', 'User.Read']);
    expect(await bruno.permissions()).toEqual({ graph: ['User.Read'] });
  });

  it('are not those of a cache that was copied from another user', async () => {
    const tokenCache = createMemoryTokenCacheStore();
    const app = createLocalApp(entra, { tokenCache });
    const adele = await visited('adele', app);
    const bruno = await visited('bruno', app);
    const stolen = await tokenCache.read(bruno.userId);
    const own = await tokenCache.read(adele.userId);
    await tokenCache.write(adele.userId, stolen?.sealed ?? '', own?.etag);
    expect(await adele.permissions()).toBeUndefined();
    expect((await app.connection.get(adele.assertion)).connection.state).toBe('active');
  });

  it('end with the connection: those of an earlier one are not told', async () => {
    const tokenCache = createMemoryTokenCacheStore();
    const { app, assertion, userId, permissions } = await visited(
      'adele',
      createLocalApp(entra, { tokenCache }),
    );
    const before = await tokenCache.read(userId);
    await app.connection.delete(assertion);
    expect(await permissions()).toBeUndefined();
    await app.connection.put(assertion);
    await tokenCache.write(userId, before?.sealed ?? '', undefined);
    expect(await permissions()).toBeUndefined();
    await app.getProfile(assertion);
    expect(await permissions()).toEqual({ graph: ['User.Read'] });
  });

  it('are left out if the caches cannot be reached, and the answer does not wait for them', async () => {
    const tokenCache = createMemoryTokenCacheStore();
    const { app, assertion } = await visited('adele', createLocalApp(entra, { tokenCache }));
    const signals: (AbortSignal | undefined)[] = [];
    tokenCache.read = (_user, signal) => {
      signals.push(signal);
      return new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(new UnavailableError('token-cache')));
      });
    };
    const begun = performance.now();
    const { connection } = await app.connection.get(assertion);
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(connection.state).toBe('active');
    expect(connection).not.toHaveProperty('permissions');
    expect(signals).toHaveLength(1);
    expect(app.events.filter(({ event }) => event === 'cache.not-read')).toHaveLength(1);
  });

  it('cost no call of the store for a user who is not connected', async () => {
    const tokenCache = createMemoryTokenCacheStore();
    const app = createLocalApp(entra, { tokenCache, settings: { CONNECT: 'ask' } });
    const { assertion } = await callerFor(entra, 'adele');
    tokenCache.read = () => Promise.reject(new Error('it is read'));
    expect((await app.connection.get(assertion)).connection).toEqual({ state: 'not-connected', history: [] });
    expect((await app.connection.put(assertion)).connection).toMatchObject({ state: 'pending' });
  });
});
