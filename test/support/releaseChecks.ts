/** What must hold whenever two releases have worked on one storage. */
import { expect } from 'vitest';
import { type CacheKeyLike, checkStorage, expectSound } from './checkStorage.ts';
import type { DrillUser } from './drillStage.ts';
import type { Release, ReleaseHost, ReleaseStage } from './releaseStage.ts';
import type { SealedCache, Stored } from './storedByReleases.ts';

/** This release may seal with a key of the user's own, whose name the previous release does not know. */
export const isOfPresent = (cache: SealedCache | undefined): boolean => cache?.kid.endsWith('.u') ?? false;

export const canOpen = (release: Release, cache: SealedCache | undefined): boolean =>
  cache !== undefined && (release === 'present' || !isOfPresent(cache));

/** The worker has checked the user, and their connection goes on. */
const ACTIVE = { state: 'active', runId: '' };

export type ReleaseChecks = ReturnType<typeof createReleaseChecks>;

export function createReleaseChecks(stage: ReleaseStage) {
  const { stored } = stage;
  const readAll = (users: readonly DrillUser[]): Promise<Stored[]> => Promise.all(users.map(stored.read));
  const report = (keys: readonly CacheKeyLike[] = stage.keys) =>
    checkStorage({ connectionString: stage.connectionString, keys, earlierSeals: true });

  /** Runs `act` after an hour has passed for these users; gives what is stored of each before and after. */
  async function anHourLater(users: readonly DrillUser[], act: () => Promise<unknown>) {
    const before = await readAll(users);
    await stored.letAnHourPass(users);
    await act();
    const after = await readAll(users);
    return users.map((user, index) => ({ user, was: before[index] as Stored, is: after[index] as Stored }));
  }

  return {
    readAll,

    /** One release checks these users: it refreshes whose cache it can open, and leaves the others as they are. */
    async sweepAlone(host: ReleaseHost, users: readonly DrillUser[]): Promise<void> {
      const begun = Date.now();
      for (const { user, was, is } of await anHourLater(users, host.sweep)) {
        const who = `${user.name}, checked by the ${host.release} release`;
        expect(is.account, who).toMatchObject(ACTIVE);
        if (canOpen(host.release, was.cache)) {
          expect(refreshedAt(is), who).toBeGreaterThanOrEqual(begun);
        } else {
          expect(refreshedAt(is), who).toBe(refreshedAt(was));
          expect(is.cache, who).toEqual(was.cache);
        }
      }
    },

    /** Both releases check these users at the same time, each `triggers` times. Nobody is refreshed twice. */
    async sweepTogether(users: readonly DrillUser[], triggers = 1): Promise<void> {
      const hosts = await stage.both();
      await stage.forgetGrants();
      const checked = await anHourLater(users, () =>
        Promise.all(hosts.flatMap((host) => Array.from({ length: triggers }, host.sweep))),
      );
      const refreshes = await stage.refreshesOf(users);
      for (const { user, was, is } of checked) {
        expect(is.account, user.name).toMatchObject(ACTIVE);
        const statuses = refreshes.flatMap((one) => (one.user === user.name ? [one.status] : []));
        if (isOfPresent(was.cache)) {
          // The previous release may have been faster, and has then only put the user off.
          expect([[], [200]], user.name).toContainEqual(statuses);
          expect(isOfPresent(is.cache), user.name).toBe(true);
        } else expect(statuses, user.name).toEqual([200]);
      }
    },

    /** Everything that is stored is sound, and these users are connected, each with a cache of their own. */
    async expectKept(users: readonly DrillUser[]): Promise<void> {
      const all = await report();
      expectSound(all);
      for (const { userId } of users) {
        const { row, blob } = all.users.get(userId) ?? {};
        const homeAccountId = userId.split('/').reverse().join('.');
        expect(row).toMatchObject({ ...ACTIVE, homeAccountId });
        // Neither release keeps an access token beside the other's.
        const oneToken = { accessTokenScopes: [expect.any(String)] };
        expect(blob).toMatchObject({ opens: true, homeAccountIds: [homeAccountId], ...oneToken });
      }
    },

    /** One key is enough to open all caches of these users. */
    async expectSealedWith(key: CacheKeyLike, users: readonly DrillUser[]): Promise<void> {
      const all = await report([key]);
      for (const { userId } of users) expect(all.users.get(userId)?.blob).toMatchObject({ opens: true });
    },

    /** Nothing but the tombstones of these users is left, and both releases say so. */
    async expectDisconnected(users: readonly DrillUser[]): Promise<void> {
      const hosts = await stage.both();
      expectSound(await report());
      for (const user of users) {
        const { account, cache } = await stored.read(user);
        expect(account).toMatchObject({ state: 'disconnected', runId: '' });
        expect(cache).toBeUndefined();
        for (const host of hosts)
          expect(await host.connection(user)).toMatchObject({ state: 'disconnected' });
      }
    },
  };
}

const refreshedAt = ({ account }: Stored): number =>
  account?.lastRefreshed instanceof Date ? account.lastRefreshed.getTime() : 0;
