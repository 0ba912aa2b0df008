import { type Clock, systemClock } from '../../clock.ts';
import { ConflictError } from '../../errors.ts';
import type { StoredCache, TokenCacheStore } from '../../tokenCacheStore.ts';
import { MAX_SEALED_BYTES } from '../../tokens/storedCache.ts';
import type { UserId } from '../../userId.ts';

/** A token cache store in memory, with the same ETags and conflicts as the blob store. */
export function createMemoryTokenCacheStore({
  clock = systemClock,
}: {
  clock?: Clock;
} = {}): TokenCacheStore {
  const stored = new Map<UserId, StoredCache & { storedAt: Date }>();
  let version = 0;
  return {
    async read(userId) {
      const current = stored.get(userId);
      if (current === undefined) return undefined;
      const { sealed, etag } = current;
      return { sealed: Buffer.byteLength(sealed) > MAX_SEALED_BYTES ? '' : sealed, etag };
    },
    async write(userId, sealed, ifMatch) {
      const current = stored.get(userId);
      if (current?.etag !== ifMatch) {
        if (current?.sealed === sealed) return current.etag;
        throw new ConflictError('Another version is stored.');
      }
      version += 1;
      const etag = `"${version}"`;
      stored.set(userId, { sealed, etag, storedAt: clock.now() });
      return etag;
    },
    async remove(userId, ifMatch) {
      const current = stored.get(userId);
      if (current === undefined) return;
      if (ifMatch !== undefined && current.etag !== ifMatch)
        throw new ConflictError('Another version is stored.');
      stored.delete(userId);
    },
    async metadata(userId) {
      const current = stored.get(userId);
      return current && { storedAt: current.storedAt, bytes: Buffer.byteLength(current.sealed) };
    },
    async *list(tid) {
      for (const userId of [...stored.keys()].sort()) {
        if (tid === undefined || userId.startsWith(`${tid}/`)) yield userId;
      }
    },
    keepsRemovedForDays: async () => undefined,
  };
}
