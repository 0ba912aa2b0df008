/** The release that gives each user a key of their own, beside the one before it. */
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { DEMO_USERS } from '../../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../../dev/entra/startEntra.ts';
import { endAccount } from '../../../../../shared/account/endAccount.ts';
import { createBlobTokenCache } from '../../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { type CacheKey, createSealer } from '../../../../../shared/adapters/entra/seal.ts';
import type { Sealer } from '../../../../../shared/ports.ts';
import { createLocalApp } from '../../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../../shared/testing/testClock.ts';
import type { TokenCacheStore } from '../../../../../shared/tokenCacheStore.ts';
import { toUserId, type UserId } from '../../../../../shared/userId.ts';
import { accountOf } from '../../../../support/accountOf.ts';
import { uniqueName } from '../../../../support/azuriteAccounts.ts';
import { control, SPA_ORIGIN } from '../../../../support/entraClients.ts';
import { createFormerSealer } from '../../../../support/formerSealer.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const KEY: CacheKey = { kid: 'k1', secret: new Uint8Array(32).fill(1) };
const NAMES = DEMO_USERS.map(({ name }) => name);
const USERS = DEMO_USERS.map(toUserId);
const [ADELE] = USERS as [UserId];

let azurite: Azurite;
let entra: Entra;
let tableName: string;
let store: TokenCacheStore;
beforeAll(async () => {
  azurite = await startAzurite();
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
beforeEach(async () => {
  const { connectionString } = azurite;
  tableName = uniqueName();
  store = createBlobTokenCache({ connectionString, containerName: uniqueName() });
  await control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRED_AT_ONCE });
});
afterAll(async () => {
  await azurite.stop();
  await entra.close();
});

type App = ReturnType<typeof createLocalApp>;

function instance(sealer: Sealer, aheadMs: number): App {
  const clock = createShiftedClock();
  clock.aheadMs = aheadMs;
  const accounts = createTableAccounts({ connectionString: azurite.connectionString, tableName, clock });
  return createLocalApp(entra, { clock, accounts, tokenCache: store, sealer });
}
const release = (aheadMs = 0) => instance(createSealer([KEY]), aheadMs);
const previousRelease = (aheadMs = 0) => instance(createFormerSealer(KEY), aheadMs);

const sealedOf = async (userId: UserId): Promise<string> => (await store.read(userId))?.sealed ?? '';
const kids = () => Promise.all(USERS.map(async (user) => decodeProtectedHeader(await sealedOf(user)).kid));
const troubles = (app: App) =>
  app.events.flatMap((event) => ('why' in event ? [`${event.event} ${event.why}`] : []));

describe('what the previous release sealed', () => {
  it('opens, and is sealed anew by the worker, which counts it once', async () => {
    const previous = previousRelease();
    for (const name of NAMES) await previous.visit(name);
    expect(await kids()).toEqual(NAMES.map(() => 'k1'));

    const app = release(2 * HOUR);
    expect(await app.sweep()).toMatchObject({ refreshed: 4, oldKey: 4, failed: {} });
    expect(await kids()).toEqual(NAMES.map(() => 'k1.u'));
    app.clock.aheadMs += 2 * HOUR;
    expect(await app.sweep()).toMatchObject({ refreshed: 4, oldKey: 0, failed: {} });
    expect(troubles(app)).toEqual([]);
  });

  it('is sealed anew where it is only read', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: 3_600 });
    const previous = previousRelease();
    for (const name of NAMES) await previous.visit(name);
    const app = release(2 * MINUTE);
    expect(await app.sweep()).toMatchObject({ fromCache: 4, refreshed: 0, oldKey: 4 });
    expect(await kids()).toEqual(NAMES.map(() => 'k1.u'));
    app.clock.aheadMs += 2 * HOUR;
    expect(await app.sweep()).toMatchObject({ refreshed: 4, oldKey: 0 });
  });
});

describe('the previous release, with a cache that this one sealed', () => {
  it('marks nobody and leaves the cache; this release goes on with it', async () => {
    for (const name of NAMES) await release().visit(name);
    const sealed = await Promise.all(USERS.map(sealedOf));

    const previous = previousRelease(2 * HOUR);
    expect(await previous.sweep()).toMatchObject({
      released: 4,
      refreshed: 0,
      failed: {},
      stoppedBy: 'done',
    });
    expect(await Promise.all(USERS.map(sealedOf))).toEqual(sealed);
    const loud = previous.events.filter(({ event }) => event === 'sweep.misconfigured');
    expect(loud).toMatchObject([{ code: 'cache_unknown_key', stops: false, count: 4 }]);
    for (const user of USERS) {
      expect(await accountOf(release(), user)).toMatchObject({
        state: 'active',
        failure: undefined,
        attempts: 1,
      });
    }

    expect(await release(4 * HOUR).sweep()).toMatchObject({ refreshed: 4, oldKey: 0, failed: {} });
  });

  it('answers a visit, and leaves the cache as it is', async () => {
    await release().visit('adele');
    const sealed = await sealedOf(ADELE);
    const previous = previousRelease(2 * HOUR);
    expect(await previous.visit('adele')).toBe(ADELE);
    expect(await sealedOf(ADELE)).toBe(sealed);
    expect(troubles(previous)).toEqual(['cache.not-read unknown-key', 'cache.not-written unknown-key']);
    expect(await accountOf(release(), ADELE)).toMatchObject({ state: 'active', failure: undefined });
  });

  it('does not heal a user who needs to sign in; this release does', async () => {
    await release().visit('adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    await release(2 * HOUR).sweep();
    const state = async () => (await accountOf(release(), ADELE))?.state;
    expect(await state()).toBe('needs-user');
    await previousRelease(3 * HOUR).visit('adele');
    expect(await state()).toBe('needs-user');
    await release(4 * HOUR).visit('adele');
    expect(await state()).toBe('active');
  });

  it('connects a user anew once their cache is erased', async () => {
    await release().visit('adele');
    const previous = previousRelease(2 * HOUR);
    await endAccount(previous, ADELE, 'retired');
    await previous.visit('adele');
    previous.clock.aheadMs += 2 * HOUR;
    expect(await previous.sweep()).toMatchObject({ refreshed: 1, failed: {} });
    expect(await accountOf(release(), ADELE)).toMatchObject({ state: 'active' });
  });
});

describe('both releases at once, under traffic', () => {
  it('overwrite nothing of each other, and mark nobody', async () => {
    for (const name of NAMES) await previousRelease().visit(name);
    for (let round = 1; round <= 3; round += 1) {
      const pair = [previousRelease(round * 2 * HOUR), release(round * 2 * HOUR)];
      const sweeps = pair.map((app) => app.sweep());
      const visits = pair.flatMap((app) => NAMES.map((name) => app.visit(name)));
      for (const summary of await Promise.all(sweeps)) {
        expect(summary).toMatchObject({ failed: {}, stoppedBy: 'done' });
      }
      await Promise.all(visits);
    }
    for (const user of USERS) {
      expect(await accountOf(release(), user)).toMatchObject({ state: 'active', failure: undefined });
    }
    expect(await release(10 * HOUR).sweep()).toMatchObject({ refreshed: 4, failed: {} });
    expect(await kids()).toEqual(NAMES.map(() => 'k1.u'));
  });
});
