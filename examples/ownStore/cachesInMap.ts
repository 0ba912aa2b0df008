import type { Stores, StoresOptions } from '@stead/shared';
import { ConflictError } from '@stead/shared/errors';
import { memoryStores } from '@stead/shared/stores/memory';
import type { StoredCache, TokenCacheStore } from '@stead/shared/tokenCacheStore';
import type { UserId } from '@stead/shared/userId';

/** No cache is larger. */
const MAX_BYTES = 1_048_576;

/** The caches in a map. A real store writes under a condition, in one request: "if the version is still this one". */
export function cachesInMap({ clock }: Pick<StoresOptions, 'clock'>): TokenCacheStore {
  const caches = new Map<UserId, { cache: StoredCache; storedAt: Date }>();
  return {
    async read(userId) {
      const cache = caches.get(userId)?.cache;
      return cache && Buffer.byteLength(cache.sealed) > MAX_BYTES ? { ...cache, sealed: '' } : cache;
    },
    async write(userId, sealed, ifMatch) {
      const now = caches.get(userId)?.cache;
      if (now?.etag !== ifMatch) {
        // The answer to the same write was lost, and it is sent again.
        if (now?.sealed === sealed) return now.etag;
        throw new ConflictError();
      }
      const etag = clock.newId();
      caches.set(userId, { cache: { sealed, etag }, storedAt: clock.now() });
      return etag;
    },
    async remove(userId, ifMatch) {
      const etag = caches.get(userId)?.cache.etag;
      if (etag !== undefined && ifMatch !== undefined && etag !== ifMatch) throw new ConflictError();
      caches.delete(userId);
    },
    async metadata(userId) {
      const found = caches.get(userId);
      return found && { storedAt: found.storedAt, bytes: Buffer.byteLength(found.cache.sealed) };
    },
    async *list(tid) {
      for (const userId of [...caches.keys()]) {
        if (tid === undefined || userId.startsWith(`${tid}/`)) yield userId;
      }
    },
    keepsRemovedForDays: async () => undefined,
  };
}

/** For `createStead(config, { stores })`. */
export const stores = (options: StoresOptions): Stores => ({
  ...memoryStores(options),
  tokenCache: cachesInMap(options),
});
