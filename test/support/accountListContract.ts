import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../shared/ports.ts';
import { SHARDS, shardOf } from '../../shared/userId.ts';
import type { OpenAccountStore } from './accountStoreUnderTest.ts';
import { NEIGHBOURS, sampleAccount, someUserOf, TENANT } from './sampleAccount.ts';

/** What every account store must do about listing. `open` gives a store with nothing in it. */
export function accountListContract(name: string, open: OpenAccountStore): void {
  describe(`${name} as a list of accounts`, () => {
    it('has nobody at first', async () => {
      const { store } = open();
      for (const shard of SHARDS) expect(await Array.fromAsync(store.list(shard))).toEqual([]);
      expect(await Array.fromAsync(store.list('0', TENANT))).toEqual([]);
    });

    it('gives every account of many pages once, in its own shard and whole', async () => {
      const { store } = open();
      const created: Account[] = [];
      for (const shard of ['0', '0', '0', '0', '0', 'f']) {
        created.push(await store.create(sampleAccount({ userId: someUserOf(shard) })));
      }
      for (const shard of SHARDS) {
        const listed = await Array.fromAsync(store.list(shard));
        expect(byUser(listed)).toEqual(byUser(created.filter(({ userId }) => shardOf(userId) === shard)));
      }
    });

    it("gives one tenant's without its neighbours", async () => {
      const { store } = open();
      const ours: Account[] = [];
      for (const tid of [TENANT, TENANT, TENANT, ...NEIGHBOURS, randomUUID()]) {
        const account = await store.create(sampleAccount({ userId: someUserOf('0', tid) }));
        if (tid === TENANT) ours.push(account);
      }
      expect(byUser(await Array.fromAsync(store.list('0', TENANT)))).toEqual(byUser(ours));
      for (const tid of [TENANT.slice(0, 8), TENANT.slice(0, -1), randomUUID()]) {
        expect(await Array.fromAsync(store.list('0', tid))).toEqual([]);
      }
      expect(await Array.fromAsync(store.list('1', TENANT))).toEqual([]);
    });

    it('gives tombstones too, and nobody who was erased', async () => {
      const { store } = open();
      const account = await store.create(sampleAccount({ userId: someUserOf('0') }));
      const erased = await store.create(sampleAccount({ userId: someUserOf('0') }));
      const tombstone = await store.move(account, { ...account, state: 'retired' });
      await store.erase(erased);
      expect(await Array.fromAsync(store.list('0'))).toEqual([tombstone]);
    });

    it('lets those who are consumed be changed meanwhile', async () => {
      const { store } = open();
      for (let n = 0; n < 5; n += 1) await store.create(sampleAccount({ userId: someUserOf('0') }));
      for await (const account of store.list('0')) await store.erase(account);
      expect(await Array.fromAsync(store.list('0'))).toEqual([]);
    });
  });
}

const byUser = (accounts: Account[]): Account[] =>
  [...accounts].sort((one, other) => (one.userId < other.userId ? -1 : 1));
