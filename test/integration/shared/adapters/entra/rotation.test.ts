/** The keys of the caches are rotated while requests and sweeps go on. */
import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { DEMO_USERS } from '../../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../../dev/entra/startEntra.ts';
import { createBlobTokenCache } from '../../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { type CacheKey, createSealer } from '../../../../../shared/adapters/entra/seal.ts';
import { createLocalApp } from '../../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../../shared/testing/testClock.ts';
import type { TokenCacheStore } from '../../../../../shared/tokenCacheStore.ts';
import { toUserId, type UserId } from '../../../../../shared/userId.ts';
import { accountOf } from '../../../../support/accountOf.ts';
import { uniqueName } from '../../../../support/azuriteAccounts.ts';
import { control, SPA_ORIGIN } from '../../../../support/entraClients.ts';
import { callerFor } from '../../../../support/userTokens.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const OLD: CacheKey = { kid: 'old', secret: new Uint8Array(32).fill(1) };
const NEW: CacheKey = { kid: 'new', secret: new Uint8Array(32).fill(2) };
const NAMES = DEMO_USERS.map(({ name }) => name);
const USERS = DEMO_USERS.map(toUserId);

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
  await control(entra, 'PUT', '/lifetimes', { accessToken: 3_600 });
});
afterAll(async () => {
  await azurite.stop();
  await entra.close();
});

type App = ReturnType<typeof createLocalApp>;

/** An instance with these keys, started so long after the real time. */
function instance(keys: [CacheKey, ...CacheKey[]], aheadMs = 0): App {
  const clock = createShiftedClock();
  clock.aheadMs = aheadMs;
  const accounts = createTableAccounts({ connectionString: azurite.connectionString, tableName, clock });
  return createLocalApp(entra, { clock, accounts, tokenCache: store, sealer: createSealer(keys) });
}

async function kidOf(userId: UserId): Promise<string | undefined> {
  return decodeProtectedHeader((await store.read(userId))?.sealed ?? '').kid;
}
const kids = () => Promise.all(USERS.map(kidOf));

/** Events that say that a cache was not read, or not written. */
const troubles = (app: App) => app.events.filter((event) => 'why' in event);

describe('rotating the keys', () => {
  it('in the order of the runbook, opens every cache at every step', async () => {
    const before = instance([OLD]);
    for (const name of NAMES) await before.visit(name);
    expect(await kids()).toEqual(NAMES.map(() => 'old.u'));

    // The new key comes last everywhere. Nothing changes, and an instance without it still opens every cache.
    const last = instance([OLD, NEW], 2 * MINUTE);
    expect(await last.sweep()).toMatchObject({ fromCache: 4, oldKey: 0, failed: {} });
    await last.visit('adele');
    await before.visit('adele');
    expect(await kids()).toEqual(NAMES.map(() => 'old.u'));

    // It comes first, on one instance and then on the other; the worker counts what it seals anew.
    const first = instance([NEW, OLD], 2 * HOUR);
    await first.visit('bruno');
    expect(await kidOf(toUserId(DEMO_USERS[1]))).toBe('new.u');
    await last.visit('bruno');
    expect(troubles(last)).toEqual([]);
    await first.visit('bruno');
    first.clock.aheadMs += 2 * MINUTE;
    expect(await first.sweep()).toMatchObject({ refreshed: 4, oldKey: 3, failed: {} });
    expect(await kids()).toEqual(NAMES.map(() => 'new.u'));
    first.clock.aheadMs += HOUR;
    expect(await first.sweep()).toMatchObject({ refreshed: 4, oldKey: 0, failed: {} });

    const after = instance([NEW], 6 * HOUR);
    expect(await after.sweep()).toMatchObject({ refreshed: 4, oldKey: 0, failed: {}, stoppedBy: 'done' });
    for (const name of NAMES) await after.visit(name);
    for (const app of [before, last, first, after]) expect(troubles(app)).toEqual([]);
    for (const userId of USERS) {
      expect(await accountOf(after, userId)).toMatchObject({ state: 'active', failure: undefined });
    }
  });

  it('seals anew what is only read: by a request, and by the worker', async () => {
    const before = instance([OLD]);
    const { assertion, userId: adele } = await callerFor(entra, 'adele');
    await before.getProfile(assertion);
    const bruno = await before.visit('bruno');

    expect(await instance([NEW, OLD]).getProfile(assertion)).toMatchObject({ source: 'cache' });
    expect([await kidOf(adele), await kidOf(bruno)]).toEqual(['new.u', 'old.u']);
    const worker = instance([NEW, OLD], 2 * MINUTE);
    expect(await worker.sweep()).toMatchObject({ fromCache: 2, refreshed: 0, oldKey: 1 });
    expect([await kidOf(adele), await kidOf(bruno)]).toEqual(['new.u', 'new.u']);
    for (const userId of [adele, bruno]) {
      const { generation } = (await accountOf(worker, userId)) ?? {};
      const opened = await createSealer([NEW]).open(userId, (await store.read(userId))?.sealed ?? '');
      expect(opened).toMatchObject({ ok: true, generation, oldKey: false });
    }
  });

  it('loses nothing while two instances seal with different keys under traffic', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRED_AT_ONCE });
    const pair = [instance([OLD, NEW]), instance([NEW, OLD])];
    for (const name of NAMES) await pair[0]?.visit(name);
    let claimed = 0;
    for (let round = 1; round <= 3; round += 1) {
      for (const { clock } of pair) clock.aheadMs = round * HOUR;
      const sweeps = pair.map((app) => app.sweep());
      // Each user on both instances at once, beside the worker of both.
      const visits = pair.flatMap((app) => NAMES.map((name) => app.visit(name)));
      for (const summary of await Promise.all(sweeps)) {
        expect(summary).toMatchObject({ failed: {}, stoppedBy: 'done' });
        claimed += summary.claimed;
      }
      await Promise.all(visits);
    }
    expect(claimed).toBeGreaterThan(0);
    for (const app of pair) expect(troubles(app)).toEqual([]);

    const first = instance([NEW, OLD], 5 * HOUR);
    expect(await first.sweep()).toMatchObject({ refreshed: 4, failed: {} });
    expect(await kids()).toEqual(NAMES.map(() => 'new.u'));
    expect(await instance([NEW], 7 * HOUR).sweep()).toMatchObject({ refreshed: 4, failed: {}, oldKey: 0 });
  });
});
