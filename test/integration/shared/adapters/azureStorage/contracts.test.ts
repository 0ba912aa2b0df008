import { afterAll, beforeAll, describe, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { createBlobTokenCache } from '../../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableSharedState } from '../../../../../shared/adapters/azureStorage/tableSharedState.ts';
import { accountListContract } from '../../../../support/accountListContract.ts';
import { accountStoreContract } from '../../../../support/accountStoreContract.ts';
import { createStoreClock, type OpenAccountStore } from '../../../../support/accountStoreUnderTest.ts';
import { auditContract } from '../../../../support/auditContract.ts';
import { openAzuriteAccounts, uniqueName } from '../../../../support/azuriteAccounts.ts';
import { type AzuriteProxy, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';
import { claimDueContract } from '../../../../support/claimDueContract.ts';
import {
  checkIndexInvariant,
  checkIndexRepair,
  checkNoFalseRepair,
} from '../../../../support/indexProperties.ts';
import { sharedStateContract } from '../../../../support/sharedStateContract.ts';
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

sharedStateContract('An Azure table', () => {
  const clock = createStoreClock();
  const { connectionString } = table;
  return { state: createTableSharedState({ connectionString, tableName: uniqueName(), clock }), clock };
});

const open: OpenAccountStore = (options) => openAzuriteAccounts(table, options);

accountStoreContract('An Azure table', open);
accountListContract('An Azure table', open);
claimDueContract('An Azure table', open);
auditContract('An Azure table', open);

describe('An Azure table', () => {
  it(
    'keeps one entry for each account, whatever is done to the accounts at once',
    () => checkIndexInvariant(open, 15),
    120_000,
  );

  it('finds every account again, however its index was damaged', () => checkIndexRepair(open, 15), 120_000);

  it(
    'repairs nothing that is not damaged, however many runs, audits and visits there are at once',
    () => checkNoFalseRepair(open, 10),
    120_000,
  );
});
