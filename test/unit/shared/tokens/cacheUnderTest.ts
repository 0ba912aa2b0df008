import { type CacheKey, createSealer } from '../../../../shared/adapters/entra/seal.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { systemClock } from '../../../../shared/clock.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import type { TokenCacheStore } from '../../../../shared/tokenCacheStore.ts';
import {
  type CacheContext,
  type CacheWrite,
  type ReadOptions,
  readSnapshot,
  writeCache,
} from '../../../../shared/tokens/storedCache.ts';
import { createLogId } from '../../../../shared/userId.ts';
import { someUser } from '../../../support/sampleAccount.ts';

export const HOME = 'home-oid.home-tid';
export const GENERATION = 'this generation';

/** A serialized cache with one access token for each scope, of one home account. */
export const cacheOf = (scopes: string[], home = HOME): string =>
  JSON.stringify({
    AccessToken: Object.fromEntries(
      scopes.map((scope) => [`${home} ${scope}`, { home_account_id: home, secret: scope, cached_at: '1' }]),
    ),
    RefreshToken: { [home]: { home_account_id: home, secret: `of ${scopes.join()}` } },
  });

export type CacheOptions = {
  /** Uniform in [0, 1), for the back-off. */
  random?: () => number;
  /** Methods of the store that do something else. */
  faults?: Partial<TokenCacheStore>;
  keys?: [CacheKey, ...CacheKey[]];
};

const KEYS: [CacheKey] = [{ kid: 'k1', secret: new Uint8Array(32).fill(1) }];

/** One user's cache in a store where somebody else may be faster: `meddle` happens before the n-th write. */
export function cacheUnderTest(
  meddle: (write: number) => unknown = () => undefined,
  { random = () => 0, faults = {}, keys = KEYS }: CacheOptions = {},
) {
  const userId = someUser();
  const twin = createMemoryTokenCacheStore();
  const sealer = createSealer(keys);
  const events: LogEvent[] = [];
  let writes = 0;
  const store: TokenCacheStore = {
    ...twin,
    async write(...args) {
      writes += 1;
      await meddle(writes);
      return twin.write(...args);
    },
    ...faults,
  };
  const context: CacheContext = {
    store,
    sealer,
    logId: createLogId(new Uint8Array(32)),
    log: (event) => events.push(event),
    clock: { ...systemClock, random },
  };
  return {
    userId,
    sealer,
    events,
    writes: () => writes,
    snapshot: (options?: ReadOptions) => readSnapshot(context, userId, GENERATION, options),
    write: async (more: Pick<CacheWrite, 'snapshot' | 'mine'> & Partial<CacheWrite>) =>
      (
        await writeCache(context, {
          userId,
          generation: GENERATION,
          homeAccountId: HOME,
          writer: 'request',
          ...more,
        })
      )?.etag,
    stored: () => twin.read(userId),
    /** What somebody else does: their bytes take the place of whatever is stored. */
    async put(sealed: string): Promise<void> {
      await twin.write(userId, sealed, (await twin.read(userId))?.etag);
    },
    async putCache(cache: string, generation = GENERATION): Promise<void> {
      await this.put(await sealer.seal(userId, cache, generation));
    },
    remove: () => twin.remove(userId),
    /** The secrets in the stored cache, which must open. */
    async secrets(): Promise<string[]> {
      const stored = await twin.read(userId);
      const opened = await sealer.open(userId, stored?.sealed ?? '');
      if (!opened.ok) throw new Error(`the stored cache does not open: ${opened.reason}`);
      const sections = JSON.parse(opened.cache) as Record<string, Record<string, { secret: string }>>;
      return Object.values(sections)
        .flatMap((section) => Object.values(section).map(({ secret }) => secret))
        .sort();
    },
  };
}
