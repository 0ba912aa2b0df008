import { describe, expect, it } from 'vitest';
import { ConflictError } from '../../shared/errors.ts';
import type { TokenCacheStore } from '../../shared/ports.ts';
import { someUser } from './sampleAccount.ts';

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
  });
}
