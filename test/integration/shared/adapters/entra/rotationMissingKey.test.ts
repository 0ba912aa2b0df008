/** A key is missing: a rotation was ended too early, or a blob stems from elsewhere. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { DEMO_USERS } from '../../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../../dev/entra/startEntra.ts';
import { createBlobTokenCache } from '../../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createSealer } from '../../../../../shared/adapters/entra/seal.ts';
import { shardOf } from '../../../../../shared/adapters/shards.ts';
import { createLocalApp } from '../../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../../shared/testing/testClock.ts';
import type { TokenCacheStore } from '../../../../../shared/tokenCacheStore.ts';
import { toUserId, type UserId } from '../../../../../shared/userId.ts';
import { accountOf, setNextCheck } from '../../../../support/accountOf.ts';
import { openAzuriteAccounts, uniqueName } from '../../../../support/azuriteAccounts.ts';
import { SPA_ORIGIN } from '../../../../support/entraClients.ts';
import { readCache } from '../../../../support/userTokens.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;

let azurite: Azurite;
let entra: Entra;
beforeAll(async () => {
  azurite = await startAzurite();
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterAll(async () => {
  await azurite.stop();
  await entra.close();
});

let app: ReturnType<typeof createLocalApp>;
let store: TokenCacheStore;
beforeEach(() => {
  const { connectionString } = azurite;
  store = createBlobTokenCache({ connectionString, containerName: uniqueName() });
  const clock = createShiftedClock();
  const { store: accounts } = openAzuriteAccounts(azurite, { clock });
  app = createLocalApp(entra, { clock, tokenCache: store, accounts });
});

const sealedOf = async (userId: UserId): Promise<string> => (await store.read(userId))?.sealed ?? '';

describe('a cache sealed with a key that nobody has', () => {
  const elsewhere = createSealer([{ kid: 'elsewhere', secret: new Uint8Array(32).fill(9) }]);
  /** In the order that a run meets them in. */
  const users = DEMO_USERS.map(toUserId).sort((a, b) => (shardOf(a) < shardOf(b) ? -1 : 1));
  /** One user at a time. */
  const sweepInOrder = () => app.sweep({ concurrency: 1 });

  /** Who has waited longest is checked first. */
  async function becomeDueInOrder(): Promise<void> {
    for (const [index, userId] of users.entries()) {
      await setNextCheck(app, userId, new Date(app.now().getTime() + MINUTE + index * 2_000));
    }
  }

  /** Everybody has come by; then one user's cache is sealed elsewhere, and is as it is answered here. */
  async function sealElsewhere(userId: UserId): Promise<string> {
    for (const { name } of DEMO_USERS) await app.visit(name);
    await becomeDueInOrder();
    const { generation = '' } = (await accountOf(app, userId)) ?? {};
    const { etag } = (await store.read(userId)) ?? {};
    const sealed = await elsewhere.seal(userId, await readCache(store, app.sealer, userId), generation);
    await store.write(userId, sealed, etag);
    app.clock.aheadMs = 2 * MINUTE;
    return sealed;
  }

  async function expectPutOff(userId: UserId, stored: string): Promise<void> {
    expect(await sealedOf(userId)).toBe(stored);
    const account = await accountOf(app, userId);
    expect(account).toMatchObject({ state: 'active', failure: undefined, attempts: 1, lease: undefined });
    expect(account?.nextCheckAt.getTime()).toBeGreaterThan(app.now().getTime());
  }

  it('puts its user off and lets the run go on, when other caches opened', async () => {
    const last = users.at(-1) as UserId;
    const sealed = await sealElsewhere(last);
    expect(await sweepInOrder()).toMatchObject({ refreshed: 3, released: 1, failed: {}, stoppedBy: 'done' });
    await expectPutOff(last, sealed);
    const loud = app.events.filter(({ event }) => event === 'sweep.misconfigured');
    expect(loud).toMatchObject([{ code: 'cache_unknown_key', stops: false, count: 1 }]);
  });

  it('does not stop the run either when it is the first that the run meets', async () => {
    const [first, ...others] = users as [UserId, ...UserId[]];
    const sealed = await sealElsewhere(first);
    expect(await sweepInOrder()).toMatchObject({ claimed: 4, released: 1, refreshed: 3, stoppedBy: 'done' });
    await expectPutOff(first, sealed);
    for (const user of others) {
      expect(await accountOf(app, user)).toMatchObject({ state: 'active', attempts: 0, lease: undefined });
    }
  });

  it('answers its user, and leaves the cache as it is', async () => {
    const adele = toUserId(DEMO_USERS[0]);
    const sealed = await sealElsewhere(adele);
    expect(await app.visit('adele')).toBe(adele);
    expect(await sealedOf(adele)).toBe(sealed);
    const whyNot = app.events.flatMap((event) => ('why' in event ? [`${event.event} ${event.why}`] : []));
    expect(whyNot).toEqual(['cache.not-read unknown-key', 'cache.not-written unknown-key']);
  });

  it('opens again once the key is back, with nobody marked', async () => {
    const [first] = users as [UserId];
    const sealed = await sealElsewhere(first);
    await sweepInOrder();
    const whole = createSealer([
      { kid: 'test', secret: new Uint8Array(32).fill(7) },
      { kid: 'elsewhere', secret: new Uint8Array(32).fill(9) },
    ]);
    const { clock, accounts } = app;
    const repaired = createLocalApp(entra, { clock, tokenCache: store, accounts, sealer: whole });
    clock.aheadMs = 2 * 60 * MINUTE;
    expect(await repaired.sweep()).toMatchObject({ refreshed: 4, failed: {}, oldKey: 1 });
    expect(await sealedOf(first)).not.toBe(sealed);
    expect(await accountOf(repaired, first)).toMatchObject({ state: 'active', attempts: 0 });
  });
});
