import { describe, it } from 'vitest';
import { createMemoryAccountStore } from '../../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTenantStore } from '../../../../../shared/adapters/memory/memoryTenantStore.ts';
import { createMemoryTokenCacheStore } from '../../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { accountListContract } from '../../../../support/accountListContract.ts';
import { accountStoreContract } from '../../../../support/accountStoreContract.ts';
import type { OpenAccountStore } from '../../../../support/accountStoreUnderTest.ts';
import { dueRowContract } from '../../../../support/dueRowContract.ts';
import { checkDueRowInvariant } from '../../../../support/dueRowInvariant.ts';
import { tenantStoreContract } from '../../../../support/tenantStoreContract.ts';
import { tokenCacheStoreContract } from '../../../../support/tokenCacheStoreContract.ts';

tokenCacheStoreContract('The in-memory twin', createMemoryTokenCacheStore);
tenantStoreContract('The in-memory twin', createMemoryTenantStore);

const open: OpenAccountStore = () => {
  const store = createMemoryAccountStore();
  let puts = 0;
  return {
    store,
    dueRowKeys: async () => [...store.dueRows.keys()].sort(),
    async putDueRow(_, rowKey) {
      puts += 1;
      store.dueRows.set(rowKey, `put ${puts}`);
    },
    async dropDueRow(_, rowKey) {
      store.dueRows.delete(rowKey);
    },
  };
};

accountStoreContract('The in-memory twin', open);
accountListContract('The in-memory twin', open);
dueRowContract('The in-memory twin', open);

describe('The in-memory twin', () => {
  it('has one due row for every user, whatever is done to them in which order', () =>
    checkDueRowInvariant(open, 500));
});
