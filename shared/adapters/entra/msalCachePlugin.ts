import type { ICachePlugin } from '@azure/msal-node';
import type { CacheSnapshot } from '../../tokens/storedCache.ts';

/**
 * Creates MSAL's cache plugin for one operation of one client. It gives MSAL the cache, or what MSAL has made of it, and
 * never reads the store again. It does not write either: `writeCache` does, after MSAL is done, because only then the home
 * account id of the tokens is known.
 * @param base MSAL's serialized cache when the operation began
 */
export function createMsalCachePlugin({
  base,
}: Pick<CacheSnapshot, 'base'>): ICachePlugin & { changed: string | undefined } {
  const plugin: ICachePlugin & { changed: string | undefined } = {
    changed: undefined,
    async beforeCacheAccess({ tokenCache }) {
      // A silent call replaces its memory by what this gives, so it must be the latest version.
      const latest = plugin.changed ?? base;
      if (latest !== '') tokenCache.deserialize(latest);
    },
    async afterCacheAccess(access) {
      if (access.cacheHasChanged) plugin.changed = access.tokenCache.serialize();
    },
  };
  return plugin;
}
