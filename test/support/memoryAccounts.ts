import { createMemoryAccountStore } from '../../shared/adapters/memory/memoryAccountStore.ts';
import { createStoreClock, type OpenAccountStore } from './accountStoreUnderTest.ts';

/** A memory store, and its index behind its back. */
export const openMemoryAccounts: OpenAccountStore = () => {
  const clock = createStoreClock();
  const store = createMemoryAccountStore({ clock });
  const { entries, put, drop } = store.index;
  return {
    store,
    clock,
    index: {
      entries: async () => entries(),
      put: async (userId, at) => put(userId, at),
      drop: async (userId, at) => drop(userId, at),
      snapshot: async () =>
        entries().map(
          ({ userId, at }) =>
            async () =>
              put(userId, at),
        ),
    },
  };
};
