/** Rows that somebody edited: no run erases their users, and each user's next visit connects them anew. */
import { TableClient } from '@azure/data-tables';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { shardOf, type UserId, userRowKey } from '../../../../shared/userId.ts';
import { openAzuriteAccounts } from '../../../support/azuriteAccounts.ts';
import { SPA_ORIGIN } from '../../../support/entraClients.ts';

const MINUTE = 60_000;
const DAMAGE: unknown[] = ['', 'yesterday', 7, '2026-13-01T00:00:00Z'];

let azurite: Azurite;
let entra: Entra;
beforeAll(async () => {
  [azurite, entra] = await Promise.all([startAzurite(), startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] })]);
});
afterAll(async () => {
  await Promise.all([entra.close(), azurite.stop()]);
});

async function damagedAdele(lastActivity: unknown) {
  const { store: accounts, tableName } = openAzuriteAccounts(azurite);
  const app = createLocalApp(entra, { accounts });
  const userId = await app.visit('adele');
  const table = TableClient.fromConnectionString(azurite.connectionString, tableName, {
    allowInsecureConnection: true,
  });
  const keys = (user: UserId) => ({ partitionKey: shardOf(user), rowKey: userRowKey(user) });
  await table.updateEntity({ ...keys(userId), lastActivity }, 'Merge');
  app.clock.aheadMs = 20 * MINUTE;
  return { app, userId };
}

it.each(
  DAMAGE,
)('a last activity of %j erases nobody, is told once, and ends with a visit', async (damage) => {
  const { app, userId } = await damagedAdele(damage);
  const before = await app.tokenCache.read(userId);
  expect(await app.sweep()).toMatchObject({ due: 1, claimed: 0, retired: 0, erased: 0, brokenOff: 0 });
  expect(await app.sweep()).toMatchObject({ due: 0 });
  const told = app.events.filter(({ event }) => event === 'account.damaged');
  expect(told).toEqual([{ event: 'account.damaged', user: app.logId(userId) }]);
  expect(await app.accounts.read(userId)).toMatchObject({ damaged: true });
  expect(await app.tokenCache.read(userId)).toEqual(before);

  await app.visit('adele');
  const account = await app.accounts.read(userId);
  expect(account).toMatchObject({ state: 'active' });
  expect(account).not.toHaveProperty('damaged');
  app.clock.aheadMs += 5 * MINUTE;
  expect(await app.sweep()).toMatchObject({ due: 1, claimed: 1 });
});
