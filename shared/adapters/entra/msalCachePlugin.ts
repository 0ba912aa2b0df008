import type { ICachePlugin } from '@azure/msal-node';
import type { CacheSnapshot } from '../../tokens/storedCache.ts';

/**
 * MSAL's plugin for one operation on one client: always gives the snapshot, or what MSAL itself made of it, and
 * never looks at the store again. Writing is `writeCache`'s, after MSAL is done, when it is known whom the
 * tokens are for.
 */
export function createMsalCachePlugin(
  snapshot: CacheSnapshot,
): ICachePlugin & { changed: string | undefined } {
  const plugin: ICachePlugin & { changed: string | undefined } = {
    changed: undefined,
    async beforeCacheAccess({ tokenCache }) {
      // A silent call puts its memory back to what was last given here, so it must be the latest.
      const latest = plugin.changed ?? snapshot.base;
      if (latest !== '') tokenCache.deserialize(latest);
    },
    async afterCacheAccess(access) {
      if (access.cacheHasChanged) plugin.changed = access.tokenCache.serialize();
    },
  };
  return plugin;
}
