import { describe, expect, it } from 'vitest';
import { type Account, dueAt, type Stored } from '../../shared/account/account.ts';
import { leased, released } from '../../shared/account/transitions.ts';
import { ConflictError } from '../../shared/errors.ts';
import { entriesOf, minutesFrom, NOW, type OpenAccountStore, see } from './accountStoreUnderTest.ts';
import {
  LEASE,
  sampleActive,
  sampleNeedsUser,
  samplePending,
  samplePlain,
  sampleTombstone,
  someUser,
  TROUBLE,
} from './sampleAccount.ts';

const LATER = minutesFrom(60);

/** What every account store must do about accounts. */
export function accountStoreContract(name: string, open: OpenAccountStore): void {
  describe(`${name} as an account store`, () => {
    it('has nothing for a user whom it never saw', async () => {
      const { store, index } = open();
      expect(await store.read(someUser())).toBeUndefined();
      expect(await index.entries()).toEqual([]);
    });

    const samples: [string, Account][] = [
      ['an active account', sampleActive()],
      ['an active account with no more than it must have', samplePlain()],
      ['an active account that failed', sampleActive({ trouble: TROUBLE })],
      ['an active account that failed through our own fault', sampleActive({ trouble: { attempts: 2 } })],
      ['an active account that is tried again', samplePlain({ trouble: { ...TROUBLE, attempts: 0 } })],
      ['a pending account', samplePending()],
      ['a pending account that failed', samplePending({ trouble: TROUBLE })],
      ['an account that needs the user', sampleNeedsUser()],
      [
        'an account that needs the user and a consent',
        sampleNeedsUser({
          failure: { kind: 'consent', code: 'AADSTS65001', suberror: 'consent_required', at: NOW },
        }),
      ],
      ['a disconnected account', sampleTombstone({ state: 'disconnected' })],
      ['a retired account', sampleTombstone()],
    ];

    it.each([
      ...samples,
      ...samples.map(([what, account]): [string, Account] => [
        `${what}, leased`,
        { ...account, lease: LEASE },
      ]),
    ])('gives %s back as it was', async (_, account) => {
      const { store, index } = open();
      const created = await store.create(account);
      expect(contentOf(created)).toEqual(account);
      expect(await store.read(account.userId)).toEqual(created);
      expect(await index.entries()).toEqual(entriesOf([account]));
    });

    it.each(samples)('changes %s into every other one, and keeps nothing of what it was', async (_, to) => {
      const { store, index } = open();
      const { userId } = to;
      for (const [n, [, sample]] of samples.entries()) {
        const from = n % 2 === 0 ? sample : { ...sample, lease: LEASE };
        const stored = await store.create({ ...from, userId });
        const updated = await store.update(stored, to);
        expect(contentOf(updated)).toEqual(to);
        expect(await store.read(userId)).toEqual(updated);
        expect(await index.entries()).toEqual(entriesOf([to]));
        await store.erase(updated);
      }
    });

    it('rounds the next check and the end of the lease up to whole seconds', async () => {
      const { store, index } = open();
      const at = (text: string) => new Date(`2026-11-20T${text}Z`);
      const account = await store.create(sampleActive({ nextCheckAt: at('09:00:00.001') }));
      expect(account.nextCheckAt).toEqual(at('09:00:01'));
      expect(await index.entries()).toEqual(entriesOf([account]));
      const held = await store.update(account, leased(contentOf(account), 'run-1', at('09:05:00.999')));
      expect(held.lease?.until).toEqual(at('09:05:01'));
      expect(held.nextCheckAt).toEqual(at('09:00:01'));
      expect(await index.entries()).toEqual(entriesOf([held]));
    });

    it('gives copies, so that nobody can change what is stored', async () => {
      const { store } = open();
      const created = await store.create(sampleActive());
      const read = await store.read(created.userId);
      read?.nextCheckAt.setFullYear(1999);
      expect(await store.read(created.userId)).toEqual(created);
    });

    it('refuses to create an account that is there, and leaves it as it is', async () => {
      const { store, index } = open();
      const created = await store.create(sampleActive());
      const again = sampleActive({ userId: created.userId, nextCheckAt: LATER });
      await expect(store.create(again)).rejects.toThrow(ConflictError);
      expect(await store.read(created.userId)).toEqual(created);
      expect(await index.entries()).toEqual(entriesOf([created]));
    });

    it('takes the same create or update again for its own success', async () => {
      const { store } = open();
      const account = sampleActive();
      const created = await store.create(account);
      expect(await store.create(account)).toEqual(created);
      const to = { ...account, nextCheckAt: LATER };
      const updated = await store.update(created, to);
      expect(await store.update(created, to)).toEqual(updated);
    });

    it('has one entry for each account: at the end of its lease, or at its next check', async () => {
      const { store, index } = open();
      const sample = sampleActive({ nextCheckAt: LATER });
      const created = await store.create(sample);
      const moved = await store.update(created, { ...sample, nextCheckAt: NOW });
      expect(moved.etag).not.toBe(created.etag);
      expect(await index.entries()).toEqual(entriesOf([moved]));
      const held = await store.update(moved, leased(contentOf(moved), 'run-1', LEASE.until));
      expect(held.nextCheckAt).toEqual(NOW);
      expect(await index.entries()).toEqual([{ userId: created.userId, at: LEASE.until }]);
      const free = await store.update(held, released(contentOf(held)));
      expect(await index.entries()).toEqual(entriesOf([free]));
      const changed = await store.update(free, { ...sample, nextCheckAt: NOW, trouble: TROUBLE });
      expect(await index.entries()).toEqual(entriesOf([changed]));
    });

    it.each([
      ['to another time', LATER],
      ['without changing the time', NOW],
    ])('changes nothing when an update %s is based on a stale read', async (_, nextCheckAt) => {
      const { store, index } = open();
      const sample = sampleActive({ nextCheckAt: NOW });
      const stale = await store.create(sample);
      const current = await store.update(stale, { ...sample, trouble: { attempts: 2 } });
      const to = { ...sample, nextCheckAt, trouble: { attempts: 3 } };
      await expect(store.update(stale, to)).rejects.toThrow(ConflictError);
      expect(await store.read(stale.userId)).toEqual(current);
      expect(await index.entries()).toEqual(entriesOf([current]));
    });

    it('does not bring back by an update what was erased', async () => {
      const { store, index } = open();
      const account = await store.create(sampleActive());
      await store.erase(account);
      const to = { ...contentOf(account), nextCheckAt: LATER };
      await expect(store.update(account, to)).rejects.toThrow(ConflictError);
      expect(await store.read(account.userId)).toBeUndefined();
      expect(await index.entries()).toEqual([]);
    });

    it('erases the account and its entry, once', async () => {
      const { store, index } = open();
      for (const sample of [sampleActive(), sampleTombstone(), sampleActive({ lease: LEASE })]) {
        const account = await store.create(sample);
        await store.erase(account);
        expect(await store.read(account.userId)).toBeUndefined();
        expect(await index.entries()).toEqual([]);
        await expect(store.erase(account)).rejects.toThrow(ConflictError);
      }
    });

    it('does not erase an account that changed since it was read', async () => {
      const { store, index } = open();
      const stale = await store.create(sampleActive());
      await see(store, stale.userId, LATER);
      await expect(store.erase(stale)).rejects.toThrow(ConflictError);
      expect(await store.read(stale.userId)).toMatchObject({ lastActivity: LATER });
      expect(await index.entries()).toEqual(entriesOf([stale]));
    });

    it.each([
      ['stays', NOW],
      ['moves', LATER],
    ])('restores a missing entry with every change, where it %s', async (_, nextCheckAt) => {
      const { store, index } = open();
      const sample = sampleActive({ nextCheckAt: NOW });
      const account = await store.create(sample);
      await index.drop(account.userId, dueAt(account));
      const updated = await store.update(account, { ...sample, nextCheckAt, trouble: TROUBLE });
      expect(await index.entries()).toEqual(entriesOf([updated]));
    });

    it('takes an entry that is left at this time for its own', async () => {
      const { store, index } = open();
      const account = await store.create(sampleActive());
      await index.put(account.userId, LATER);
      const updated = await store.update(account, { ...contentOf(account), nextCheckAt: LATER });
      expect(await index.entries()).toEqual(entriesOf([updated]));
    });
  });
}

const contentOf = ({ etag: _, ...content }: Stored<Account>): Account => content;
