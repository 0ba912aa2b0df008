import { randomUUID } from 'node:crypto';
import type { Active } from '../shared/account/account.ts';
import { toUserId } from '../shared/userId.ts';
import { type CacheOwner, makeMsalCache, makeRefreshToken } from './makeMsalCache.ts';

const MINUTE_MS = 60_000;
/** As many as a row keeps. */
const HISTORY = 20;

/** An account that is due, as days of background refreshes would have left it. */
export function dueAccount(owner: Pick<CacheOwner, 'tid' | 'oid'>) {
  const at = (minutes: number) => new Date(Date.now() + minutes * MINUTE_MS);
  return {
    userId: toUserId(owner),
    homeAccountId: `${owner.oid}.${owner.tid}`,
    userPrincipalName: `${owner.oid}@bench.example`,
    lastActivity: at(-HISTORY * 60),
    state: 'active',
    generation: randomUUID(),
    // The store rounds it up to the second, and it must be over all the same.
    nextCheckAt: at(-0.1 - Math.random()),
    lastRefreshed: at(-60),
    expiresOn: at(15),
    refreshTokenExpiresOn: at(23 * 60),
    history: Array.from({ length: HISTORY }, (_, index) => ({
      at: at((index - HISTORY) * 60),
      outcome: 'refreshed' as const,
    })),
  } satisfies Active;
}

/** The cache of such an account. */
export const dueCache = (owner: CacheOwner, account: Active & { lastRefreshed: Date }): string =>
  makeMsalCache(owner, {
    refreshToken: makeRefreshToken(owner.oid),
    cachedAt: seconds(account.lastRefreshed),
    expiresOn: seconds(account.expiresOn),
    otherApis: 0,
  });

const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000);
