/** What is left of a user who disconnected or was erased, in real storage. */
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import {
  ALL_USERS,
  DEMO_USERS,
  homeAccountId,
  OTHER_TENANT_USER,
  TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { createBlobTokenCache } from '../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { dueRowKey, userRowKey } from '../../../../shared/adapters/azureStorage/rowKeys.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../shared/testing/testClock.ts';
import { toUserId, type UserId } from '../../../../shared/userId.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { openAzuriteAccounts, uniqueName } from '../../../support/azuriteAccounts.ts';
import { until } from '../../../support/azuriteFaults.ts';
import { control, holdToken, journal, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { callerFor, waitForGrant } from '../../../support/userTokens.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const ADELE = DEMO_USERS[0];
const DANA = DEMO_USERS[3];

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
afterEach(async () => {
  for (const { name } of ALL_USERS) await control(entra, 'DELETE', `/users/${name}/fault`);
  await control(entra, 'DELETE', '/requests');
});
afterAll(async () => {
  await azurite.stop();
  await entra.close();
});

function openApp() {
  const { connectionString } = azurite;
  const containerName = uniqueName();
  const clock = createShiftedClock();
  const { store: accounts, table } = openAzuriteAccounts(azurite, { clock });
  const app = createLocalApp(entra, {
    clock,
    accounts,
    tokenCache: createBlobTokenCache({ connectionString, containerName }),
  });
  const container =
    BlobServiceClient.fromConnectionString(connectionString).getContainerClient(containerName);
  /** A user's rows as they are stored, without the properties that the service adds. */
  async function rowsOf(userId: UserId): Promise<Record<string, unknown>[]> {
    const rows = await Array.fromAsync(table.listEntities());
    return rows
      .filter(({ rowKey }) => rowKey?.endsWith(userId.replace('/', '_')))
      .map(({ etag: _, timestamp: __, ...row }) => row);
  }
  return { app, container, rowsOf };
}

type App = ReturnType<typeof openApp>['app'];

/** What operators do to a tenant, without what they print. */
async function eraseTenant(app: App, tid: string): Promise<void> {
  for await (const { userId } of app.accounts.list({ tid })) await endAccount(app, userId, 'retired');
}

const exchangesOnTheWire = async () =>
  (await journal(entra)).filter(({ grant, status }) => grant === 'on_behalf_of' && status === 0).length;

describe('what is left of a user', () => {
  it.each([
    'disconnected',
    'retired',
  ] as const)('who is %s is no more than a tombstone and one index entry', async (state) => {
    const { app, rowsOf, container } = openApp();
    const caller = await callerFor(entra, DANA.name);
    await app.getProfile(caller.assertion);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    expect(JSON.stringify(await rowsOf(caller.userId))).toContain(homeAccountId(DANA));

    if (state === 'disconnected') await app.connection.delete(caller.assertion);
    else await endAccount(app, caller.userId, state);
    const rows = await rowsOf(caller.userId);
    const account = await accountOf(app, caller.userId);
    expect(rows.map(({ rowKey }) => rowKey).sort()).toEqual([
      dueRowKey(account?.nextCheckAt ?? new Date(Number.NaN), caller.userId),
      userRowKey(caller.userId),
    ]);
    const row = rows.find(({ rowKey }) => rowKey === userRowKey(caller.userId));
    const columns = ['dueAt', 'lastActivity', 'partitionKey', 'rowKey', 'runId', 'state'];
    expect(Object.keys(row ?? {}).sort()).toEqual(columns);
    expect(row).toMatchObject({ state, runId: '' });
    const stored = JSON.stringify(rows);
    for (const gone of [DANA.upn, DANA.profile.userPrincipalName, DANA.homeOid])
      expect(stored).not.toContain(gone);
    expect(await Array.fromAsync(container.listBlobsFlat())).toEqual([]);
  });

  it.each([
    ['retired', 2],
    ['disconnected', 90],
  ] as const)('who is %s is erased after %i days, with whatever was stored late', async (state, days) => {
    const { app, rowsOf, container } = openApp();
    const userId = await app.visit(ADELE.name);
    const sealed = (await app.tokenCache.read(userId))?.sealed ?? '';
    await endAccount(app, userId, state);
    await app.tokenCache.write(userId, sealed, undefined);
    app.clock.aheadMs = 9 * MINUTE;
    expect(await app.sweep()).toMatchObject({ due: 0 });
    // The first check deletes the cache if the process that had to do it died.
    app.clock.aheadMs = 11 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, waiting: 1 });
    expect(await Array.fromAsync(container.listBlobsFlat())).toEqual([]);
    await app.tokenCache.write(userId, sealed, undefined);
    app.clock.aheadMs = days * DAY - MINUTE;
    expect(await app.sweep()).toMatchObject({ due: 0 });
    app.clock.aheadMs = days * DAY + MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, erased: 1 });
    expect(await rowsOf(userId)).toEqual([]);
    expect(await Array.fromAsync(container.listBlobsFlat())).toEqual([]);
  });

  it('is not in a snapshot of the cache either', async () => {
    const { app, container } = openApp();
    const users = [await app.visit(ADELE.name), await app.visit(DANA.name)] as const;
    for (const userId of users) {
      await container.getBlobClient(userId).createSnapshot();
      await app.visit(userId === users[0] ? ADELE.name : DANA.name);
      await container.getBlobClient(userId).createSnapshot();
    }
    const everything = () => Array.fromAsync(container.listBlobsFlat({ includeSnapshots: true }));
    expect(await everything()).toHaveLength(6);
    await endAccount(app, users[0], 'disconnected');
    expect((await everything()).map(({ name }) => name)).toEqual([users[1], users[1], users[1]]);
    await app.tokenCache.remove(users[1]);
    expect(await everything()).toEqual([]);
  });
});

describe('a user who disconnected', () => {
  it('gets answers, stays disconnected through visits, and has that extended', async () => {
    const { app, rowsOf } = openApp();
    const userId = await app.visit(ADELE.name);
    await endAccount(app, userId, 'disconnected');
    for (const hours of [1, 25, 26]) {
      app.clock.aheadMs = hours * 60 * MINUTE;
      expect(await app.visit(ADELE.name)).toBe(userId);
      expect(await app.sweep()).toMatchObject({ erased: 0 });
      expect(await accountOf(app, userId)).toMatchObject({
        state: 'disconnected',
        userPrincipalName: undefined,
      });
      expect(await app.tokenCache.read(userId)).toBeUndefined();
      expect(await rowsOf(userId)).toHaveLength(2);
    }
    // The extended tombstone is checked when it would have ended, and stays.
    app.clock.aheadMs = 90 * DAY + MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, waiting: 1, erased: 0 });
    app.clock.aheadMs = 91 * DAY + 2 * 60 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, erased: 1 });
    expect((await journal(entra)).filter(({ grant }) => grant === 'on_behalf_of')).toHaveLength(4);
  });

  it('is kept again once they reconnect and visit', async () => {
    const { app } = openApp();
    const { assertion, userId } = await callerFor(entra, ADELE.name);
    await app.getProfile(assertion);
    await app.connection.delete(assertion);
    await app.getProfile(assertion);
    expect(await app.tokenCache.read(userId)).toBeUndefined();
    expect((await app.connection.put(assertion)).connection).toMatchObject({ state: 'pending' });
    await app.getProfile(assertion);
    expect(await app.tokenCache.read(userId)).toBeDefined();
    expect((await app.connection.get(assertion)).connection).toMatchObject({ state: 'active' });
  });
});

describe('a user who was erased', () => {
  it('is connected again by their next visit', async () => {
    const { app } = openApp();
    const userId = await app.visit(ADELE.name);
    const first = await accountOf(app, userId);
    await endAccount(app, userId, 'retired');
    await app.visit(ADELE.name);
    const again = await accountOf(app, userId);
    expect(again).toMatchObject({ state: 'active' });
    expect(again?.generation).not.toBe(first?.generation);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, failed: {} });
  });
});

describe('ending an account while a token is requested', () => {
  it('leaves nothing of an exchange', async () => {
    const { app } = openApp();
    const { assertion, userId } = await callerFor(entra, ADELE.name);
    const letGo = await holdToken(entra, ADELE.name);
    const asking = app.getProfile(assertion);
    await until(async () => (await exchangesOnTheWire()) > 0);
    await app.connection.delete(assertion);
    await letGo();
    expect((await asking).result.givenName).toBe('Adele');
    expect(await app.tokenCache.read(userId)).toBeUndefined();
    expect(await accountOf(app, userId)).toMatchObject({ state: 'disconnected' });
  });

  it('leaves nothing of a refresh', async () => {
    const { app, rowsOf } = openApp();
    const userId = await app.visit(ADELE.name);
    const letGo = await holdToken(entra, ADELE.name);
    app.clock.aheadMs = 2 * MINUTE;
    const sweeping = app.sweep();
    await waitForGrant(entra, ADELE.name);
    await endAccount(app, userId, 'retired');
    await letGo();
    expect(await sweeping).toMatchObject({ superseded: 1, refreshed: 0 });
    expect(await app.tokenCache.read(userId)).toBeUndefined();
    expect(await rowsOf(userId)).toHaveLength(2);
  });
});

describe('erasing a tenant', () => {
  it('leaves no cache and no connection of its users, even if they keep coming meanwhile, and spares others', async () => {
    const { app } = openApp();
    const others = await app.visit(OTHER_TENANT_USER.name);
    const before = [await app.tokenCache.read(others), await accountOf(app, others)];
    for (const { name } of DEMO_USERS) await app.visit(name);
    const visits = Promise.all(DEMO_USERS.map(({ name }) => app.visit(name)));
    await eraseTenant(app, TENANT_ID);
    await visits;
    for (const user of DEMO_USERS) {
      const account = await accountOf(app, toUserId(user));
      const stored = await app.tokenCache.read(toUserId(user));
      // A visit that came after the erasure connects the user again; nothing in between is possible.
      if (account?.state === 'retired') expect(stored).toBeUndefined();
      else expect(['active', 'pending']).toContain(account?.state);
    }

    await eraseTenant(app, TENANT_ID);
    expect(await Array.fromAsync(app.tokenCache.list(TENANT_ID))).toEqual([]);
    for (const user of DEMO_USERS) {
      expect(await accountOf(app, toUserId(user))).toMatchObject({ state: 'retired', generation: undefined });
    }
    expect([await app.tokenCache.read(others), await accountOf(app, others)]).toEqual(before);
  });
});
