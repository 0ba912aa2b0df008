import type { AccountStore } from '../../shared/accountStore.ts';
import type { TokenCacheStore } from '../../shared/tokenCacheStore.ts';

/** Waits for its turn, and then makes the call. */
export type Order = <T>(name: string, call: () => Promise<T>) => Promise<T>;

/** The same stores, whose every call about one user goes through `order`. Listing and claiming do not. */
export function orderedStores(stores: { accounts: AccountStore; tokenCache: TokenCacheStore }, order: Order) {
  const { accounts, tokenCache } = stores;
  return {
    accounts: through(order, accounts, ['read', 'create', 'update', 'erase']),
    tokenCache: through(order, tokenCache, ['read', 'write', 'remove']),
  };
}

function through<Store extends object>(order: Order, store: Store, names: (keyof Store & string)[]): Store {
  const ordered = names.map((name) => {
    const call = store[name] as (...args: unknown[]) => Promise<unknown>;
    return [name, (...args: unknown[]) => order(name, () => call(...args))];
  });
  return { ...store, ...Object.fromEntries(ordered) };
}
