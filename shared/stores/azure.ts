import { createBlobTokenCache } from '../adapters/azureStorage/blobTokenCache.ts';
import type { BlobAccess } from '../adapters/azureStorage/storageAccess.ts';
import { createTableAccounts } from '../adapters/azureStorage/tableAccounts.ts';
import { createTableSharedState } from '../adapters/azureStorage/tableSharedState.ts';
import type { Clock } from '../clock.ts';
import type { TokenCacheStoreName } from '../config.ts';
import type { Stores, StoresOptions } from '../stead.ts';
import type { TokenCacheStore } from '../tokenCacheStore.ts';

const TOKEN_CACHES: Record<TokenCacheStoreName, (storage: BlobAccess & { clock: Clock }) => TokenCacheStore> =
  {
    blob: createBlobTokenCache,
  };

/**
 * The stores in an Azure storage account: caches in Blob Storage, accounts and what instances share in Table Storage. For
 * `createStead(config, { stores: azureStores })`. It needs the packages `@azure/data-tables` and `@azure/storage-blob`.
 * @throws {TypeError} the settings name no storage account.
 */
export function azureStores({ access, clock, tokenCacheStore }: StoresOptions): Stores {
  if (access === undefined) {
    throw new TypeError('The settings name no storage account. Read them without hasOwnStores.');
  }
  return {
    accounts: createTableAccounts({ ...access, clock }),
    sharedState: createTableSharedState({ ...access, clock }),
    tokenCache: TOKEN_CACHES[tokenCacheStore]({ ...access, clock }),
  };
}
