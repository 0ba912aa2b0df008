import { createMemoryAccountStore } from '../adapters/memory/memoryAccountStore.ts';
import { createMemorySharedState } from '../adapters/memory/memorySharedState.ts';
import { createMemoryTokenCacheStore } from '../adapters/memory/memoryTokenCacheStore.ts';
import type { Stores, StoresOptions } from '../stead.ts';

/**
 * Stores in memory, for tests and first steps: `createStead(config, { stores: memoryStores })`. They live as long as the
 * process, and another instance does not see them.
 */
export const memoryStores = ({ clock }: Pick<StoresOptions, 'clock'>): Stores => ({
  accounts: createMemoryAccountStore({ clock }),
  sharedState: createMemorySharedState({ clock }),
  tokenCache: createMemoryTokenCacheStore({ clock }),
});
