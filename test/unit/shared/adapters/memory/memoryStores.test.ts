import { describe, it } from 'vitest';
import { createMemorySharedState } from '../../../../../shared/adapters/memory/memorySharedState.ts';
import { createMemoryTokenCacheStore } from '../../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { accountListContract } from '../../../../support/accountListContract.ts';
import { accountStoreContract } from '../../../../support/accountStoreContract.ts';
import { createStoreClock } from '../../../../support/accountStoreUnderTest.ts';
import { auditContract } from '../../../../support/auditContract.ts';
import { claimDueContract } from '../../../../support/claimDueContract.ts';
import {
  checkIndexInvariant,
  checkIndexRepair,
  checkNoFalseRepair,
} from '../../../../support/indexProperties.ts';
import { openMemoryAccounts } from '../../../../support/memoryAccounts.ts';
import { sharedStateContract } from '../../../../support/sharedStateContract.ts';
import { tokenCacheStoreContract } from '../../../../support/tokenCacheStoreContract.ts';

tokenCacheStoreContract('The memory store', createMemoryTokenCacheStore);
accountStoreContract('The memory store', openMemoryAccounts);
accountListContract('The memory store', openMemoryAccounts);
claimDueContract('The memory store', openMemoryAccounts);
auditContract('The memory store', openMemoryAccounts);
sharedStateContract('The memory store', () => {
  const clock = createStoreClock();
  return { state: createMemorySharedState({ clock }), clock };
});

describe('The memory store', () => {
  it('keeps one entry for each account, whatever is done to the accounts at once', () =>
    checkIndexInvariant(openMemoryAccounts, 300));

  it('finds every account again, however its index was damaged', () =>
    checkIndexRepair(openMemoryAccounts, 300));

  it('repairs nothing that is not damaged, however many runs, audits and visits there are at once', () =>
    checkNoFalseRepair(openMemoryAccounts, 100));
});
