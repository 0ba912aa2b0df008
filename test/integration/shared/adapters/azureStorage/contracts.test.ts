import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { createBlobTokenCache } from '../../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableTenants } from '../../../../../shared/adapters/azureStorage/tableTenants.ts';
import { accountListContract } from '../../../../support/accountListContract.ts';
import { accountStoreContract } from '../../../../support/accountStoreContract.ts';
import { openAzuriteAccounts, uniqueName } from '../../../../support/azuriteAccounts.ts';
import { type AzuriteProxy, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';
import { dueRowContract } from '../../../../support/dueRowContract.ts';
import { checkDueRowInvariant } from '../../../../support/dueRowInvariant.ts';
import { tenantStoreContract } from '../../../../support/tenantStoreContract.ts';
import { tokenCacheStoreContract } from '../../../../support/tokenCacheStoreContract.ts';

let azurite: Azurite;
let table: AzuriteProxy;
beforeAll(async () => {
  azurite = await startAzurite();
  table = await startAzuriteProxy(azurite, 'table');
});
afterAll(async () => {
  await table.close();
  await azurite.stop();
});

tokenCacheStoreContract('Azure blobs', () =>
  createBlobTokenCache({ connectionString: azurite.connectionString, containerName: uniqueName() }),
);

tenantStoreContract('An Azure table', () =>
  createTableTenants({ connectionString: table.connectionString, tableName: uniqueName() }),
);

accountStoreContract('An Azure table', () => openAzuriteAccounts(table));
accountListContract('An Azure table', () => openAzuriteAccounts(table));
dueRowContract('An Azure table', () => openAzuriteAccounts(table));

describe('An Azure table', () => {
  it('has one due row for every user, whatever is done to them at once', () =>
    checkDueRowInvariant(() => openAzuriteAccounts(table), 20));
});
