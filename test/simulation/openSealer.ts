import type { MemorySealer, OpenedCache, Sealer } from '../../shared/ports.ts';
import type { UserId } from '../../shared/userId.ts';

/** What a stored cache holds. In this simulation it can be read by everybody, so that the invariants can. */
export type OpenCache = { kid: string; sub: string; msal: string; gen: string };

export function readOpenCache(sealed: string): OpenCache | undefined {
  try {
    const { kid, sub, msal, gen } = JSON.parse(sealed);
    return typeof kid === 'string' && typeof msal === 'string' ? { kid, sub, msal, gen } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A sealer that seals nothing. It refuses what the real one refuses: a cache of another user, one of a key that this process
 * does not have, and one that cannot be read. The real one would use the thread pool, whose order no scheduler decides.
 * @param kids the names of the keys; the first one seals
 */
export const createOpenSealer = ([first, ...others]: readonly [string, ...string[]]): Sealer => ({
  seal: async (userId: UserId, msal: string, gen: string) =>
    JSON.stringify({ kid: first, sub: userId, msal, gen }),

  async open(userId: UserId, sealed: string): Promise<OpenedCache> {
    const cache = readOpenCache(sealed);
    if (cache === undefined) return { ok: false, reason: 'corrupt' };
    const { kid, sub, msal, gen } = cache;
    if (kid !== first && !others.includes(kid)) return { ok: false, reason: 'unknown-key', kid };
    if (sub !== userId) return { ok: false, reason: 'corrupt' };
    return { ok: true, cache: msal, generation: gen, oldKey: kid !== first };
  },
});

/** The same for what tasks remember. The text is where a cache has MSAL's. */
export function createOpenMemorySealer(kids: readonly [string, ...string[]]): MemorySealer {
  const { seal, open } = createOpenSealer(kids);
  return {
    seal,
    async open(userId, sealed) {
      const opened = await open(userId, sealed);
      return opened.ok ? { ok: true, memory: opened.cache, generation: opened.generation } : opened;
    },
  };
}
