import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ConflictError } from '../../shared/errors.ts';
import type { TokenCacheStore } from '../../shared/tokenCacheStore.ts';
import { MAX_SEALED_BYTES } from '../../shared/tokens/storedCache.ts';
import type { UserId } from '../../shared/userId.ts';
import { NEIGHBOURS, someUser, TENANT } from './sampleAccount.ts';

/** What every token cache store must do. `open` gives a store with nothing in it. */
export function tokenCacheStoreContract(name: string, open: () => TokenCacheStore): void {
  describe(`${name} as a token cache store`, () => {
    it('has nothing for a user it never saw', async () => {
      expect(await open().read(someUser())).toBeUndefined();
    });

    it('gives back what was written, with the ETag that the write answered', async () => {
      const store = open();
      const user = someUser();
      const sealed = `header..iv.${'é漢🙂'.repeat(50_000)}.tag`;
      const etag = await store.write(user, sealed, undefined);
      expect(await store.read(user)).toEqual({ sealed, etag });
    });

    it('keeps users apart', async () => {
      const store = open();
      const [one, other] = [someUser(), someUser()];
      await store.write(one, 'of one', undefined);
      await store.write(other, 'of the other', undefined);
      expect((await store.read(one))?.sealed).toBe('of one');
      expect((await store.read(other))?.sealed).toBe('of the other');
    });

    it('replaces the version it is told of, and changes the ETag', async () => {
      const store = open();
      const user = someUser();
      const first = await store.write(user, 'first', undefined);
      const second = await store.write(user, 'second', first);
      expect(second).not.toBe(first);
      expect(await store.read(user)).toEqual({ sealed: 'second', etag: second });
    });

    it('refuses to write over a cache it was not told of', async () => {
      const store = open();
      const user = someUser();
      const etag = await store.write(user, 'first', undefined);
      await expect(store.write(user, 'second', undefined)).rejects.toThrow(ConflictError);
      expect(await store.read(user)).toEqual({ sealed: 'first', etag });
    });

    it('refuses to write over a version that is not the stored one', async () => {
      const store = open();
      const user = someUser();
      const first = await store.write(user, 'first', undefined);
      const second = await store.write(user, 'second', first);
      await expect(store.write(user, 'third', first)).rejects.toThrow(ConflictError);
      expect(await store.read(user)).toEqual({ sealed: 'second', etag: second });
    });

    it('refuses to replace a cache that is gone', async () => {
      const store = open();
      const user = someUser();
      const etag = await store.write(user, 'first', undefined);
      await store.remove(user);
      await expect(store.write(user, 'second', etag)).rejects.toThrow(ConflictError);
      expect(await store.read(user)).toBeUndefined();
    });

    it('reads what is as large as a cache may be, and nothing of what is larger', async () => {
      const store = open();
      const [user, other] = [someUser(), someUser()];
      const largest = 'x'.repeat(MAX_SEALED_BYTES);
      const etag = await store.write(user, largest, undefined);
      expect((await store.read(user))?.sealed === largest).toBe(true);
      await store.write(other, `${largest}x`, undefined);
      expect(await store.read(other)).toEqual({ sealed: '', etag: expect.any(String) });
      expect((await store.read(user))?.etag).toBe(etag);
    });

    it('takes the same write again for its own success', async () => {
      const store = open();
      const user = someUser();
      const first = await store.write(user, 'first', undefined);
      expect(await store.write(user, 'first', undefined)).toBe(first);
      const second = await store.write(user, 'second', first);
      expect(await store.write(user, 'second', first)).toBe(second);
    });

    it('lets one of many racing writers win', async () => {
      const store = open();
      const user = someUser();
      const first = await store.write(user, 'first', undefined);
      const writes = Array.from({ length: 20 }, (_, n) => store.write(user, `by ${n}`, first));
      const results = await Promise.allSettled(writes);
      const winners = results.flatMap((result, n) => (result.status === 'fulfilled' ? [n] : []));
      expect(winners).toHaveLength(1);
      expect((await store.read(user))?.sealed).toBe(`by ${winners[0]}`);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(ConflictError);
      }
    });

    it('removes any version, and a cache that is not there', async () => {
      const store = open();
      const user = someUser();
      await store.remove(user);
      await store.write(user, 'first', undefined);
      await store.remove(user);
      expect(await store.read(user)).toBeUndefined();
      await store.remove(user);
      await store.write(user, 'again', undefined);
      expect((await store.read(user))?.sealed).toBe('again');
    });

    it('removes the version it is told of', async () => {
      const store = open();
      const user = someUser();
      const etag = await store.write(user, 'first', undefined);
      await store.remove(user, etag);
      expect(await store.read(user)).toBeUndefined();
    });

    it('refuses to remove a version that is not the stored one', async () => {
      const store = open();
      const user = someUser();
      const first = await store.write(user, 'first', undefined);
      const second = await store.write(user, 'second', first);
      await expect(store.remove(user, first)).rejects.toThrow(ConflictError);
      expect(await store.read(user)).toEqual({ sealed: 'second', etag: second });
    });

    it('has nothing against removing a version of a cache that is gone', async () => {
      const store = open();
      const user = someUser();
      const etag = await store.write(user, 'first', undefined);
      await store.remove(user, etag);
      await store.remove(user, etag);
      expect(await store.read(user)).toBeUndefined();
    });

    it('tells the size and the time of a cache, as long as there is one', async () => {
      const store = open();
      const user = someUser();
      expect(await store.metadata(user)).toBeUndefined();
      await store.write(user, 'é漢🙂', undefined);
      expect(await store.metadata(user)).toEqual({ storedAt: expect.any(Date), bytes: 9 });
      await store.remove(user);
      expect(await store.metadata(user)).toBeUndefined();
    });

    it('lists nobody when nothing is stored', async () => {
      const store = open();
      expect(await usersIn(store)).toEqual([]);
      expect(await usersIn(store, TENANT)).toEqual([]);
    });

    it('lists everybody, or one tenant without its neighbours', async () => {
      const store = open();
      const ours = [someUser(TENANT), someUser(TENANT), someUser(TENANT)];
      const others = [someUser(), ...NEIGHBOURS.map((tid) => someUser(tid))];
      for (const user of [...ours, ...others]) await store.write(user, 'sealed', undefined);
      await store.remove(ours.pop() as UserId);
      expect(await usersIn(store)).toEqual([...ours, ...others].sort());
      expect(await usersIn(store, TENANT)).toEqual([...ours].sort());
      expect(await usersIn(store, TENANT.slice(0, 8))).toEqual([]);
      expect(await usersIn(store, randomUUID())).toEqual([]);
    });
  });
}

async function usersIn(store: TokenCacheStore, tid?: string): Promise<UserId[]> {
  return (await Array.fromAsync(store.list(tid))).sort();
}
