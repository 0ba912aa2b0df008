import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Stored } from '../../shared/account/account.ts';
import { ended } from '../../shared/account/transitions.ts';
import { NOW, type OpenAccountStore } from './accountStoreUnderTest.ts';
import { NEIGHBOURS, sampleActive, someUser, TENANT } from './sampleAccount.ts';

/** What every account store must do about listing. */
export function accountListContract(name: string, open: OpenAccountStore): void {
  describe(`${name} as a list of accounts`, () => {
    it('is empty at first', async () => {
      const { store } = open();
      expect(await Array.fromAsync(store.list())).toEqual([]);
      expect(await Array.fromAsync(store.list({ tid: TENANT }))).toEqual([]);
    });

    it('gives every account of many pages once, and whole', async () => {
      const { store } = open();
      const created: Stored[] = [];
      for (let n = 0; n < 40; n += 1) created.push(await store.create(sampleActive()));
      expect(byUser(await Array.fromAsync(store.list()))).toEqual(byUser(created));
      expect(byUser(await Array.fromAsync(store.list({ tid: undefined })))).toEqual(byUser(created));
    });

    it("gives one tenant's without its neighbours", async () => {
      const { store } = open();
      const ours: Stored[] = [];
      for (const tid of [TENANT, TENANT, TENANT, ...NEIGHBOURS, randomUUID()]) {
        const account = await store.create(sampleActive({ userId: someUser(tid) }));
        if (tid === TENANT) ours.push(account);
      }
      expect(byUser(await Array.fromAsync(store.list({ tid: TENANT })))).toEqual(byUser(ours));
      for (const tid of [TENANT.slice(0, 8), TENANT.slice(0, -1), randomUUID()]) {
        expect(await Array.fromAsync(store.list({ tid }))).toEqual([]);
      }
    });

    it('gives tombstones too, and nobody who was erased', async () => {
      const { store } = open();
      const account = await store.create(sampleActive());
      const erased = await store.create(sampleActive());
      const tombstone = await store.update(account, ended(account.userId, 'retired', NOW));
      await store.erase(erased);
      expect(await Array.fromAsync(store.list())).toEqual([tombstone]);
    });

    it('lets an account be changed while the list is read', async () => {
      const { store } = open();
      for (let n = 0; n < 10; n += 1) await store.create(sampleActive());
      for await (const account of store.list()) await store.erase(account);
      expect(await Array.fromAsync(store.list())).toEqual([]);
    });
  });
}

const byUser = (accounts: Stored[]): Stored[] =>
  accounts.toSorted((one, other) => (one.userId < other.userId ? -1 : 1));
