import { describe, expect, it } from 'vitest';
import { ConflictError } from '../../shared/errors.ts';
import type { AccountFields, HistoryEntry } from '../../shared/ports.ts';
import { dueRowKey } from '../../shared/userId.ts';
import { dueRowOf, fieldsOf, type OpenAccountStore, see } from './accountStoreUnderTest.ts';
import { sampleAccount, someUser } from './sampleAccount.ts';

const DUE = new Date('2026-11-20T09:00:00Z');
const LATER = new Date('2026-11-20T10:00:00Z');

/** What every account store must do about accounts. `open` gives a store with nothing in it. */
export function accountStoreContract(name: string, open: OpenAccountStore): void {
  describe(`${name} as an account store`, () => {
    it('has nothing for a user it never saw', async () => {
      const { store } = open();
      const userId = someUser();
      expect(await store.read(userId)).toBeUndefined();
      expect(await dueRowOf(store, userId)).toBeUndefined();
    });

    it.each<[string, Partial<AccountFields>]>([
      ['every field', {}],
      ['no field that may be missing', WITHOUT_OPTIONALS],
      ['a failure of no more than its kind', { failure: { kind: 'throttled', code: 'http_429', at: DUE } }],
    ])('gives back an account with %s', async (_, fields) => {
      const { store } = open();
      const account = sampleAccount(fields);
      const created = await store.create(account);
      expect(fieldsOf(created)).toEqual(account);
      expect(await store.read(account.userId)).toEqual(created);
    });

    it('clears what a move leaves undefined', async () => {
      const { store } = open();
      const from = await store.create(sampleAccount());
      const to = { ...fieldsOf(from), ...WITHOUT_OPTIONALS };
      const moved = await store.move(from, to);
      expect(fieldsOf(moved)).toEqual(to);
      expect(await store.read(from.userId)).toEqual(moved);
    });

    it('rounds the due time up to a whole second', async () => {
      const { store, dueRowKeys } = open();
      const { userId, dueAt } = await store.create(
        sampleAccount({ dueAt: new Date('2026-11-20T09:00:00.001Z') }),
      );
      expect(dueAt).toEqual(new Date('2026-11-20T09:00:01Z'));
      expect(await dueRowKeys()).toEqual([dueRowKey(dueAt, userId)]);
    });

    it('changes the generation when it is told to', async () => {
      const { store } = open();
      const from = await store.create(sampleAccount({ generation: 'first' }));
      await store.move(from, { ...from, generation: 'second' });
      expect((await store.read(from.userId))?.generation).toBe('second');
    });

    it('keeps the last twenty of the history', async () => {
      const { store } = open();
      const history = Array.from(
        { length: 25 },
        (_, n): HistoryEntry => ({
          at: new Date(DUE.getTime() + n),
          outcome: 'refreshed',
        }),
      );
      const { userId } = await store.create(sampleAccount({ history }));
      expect((await store.read(userId))?.history).toEqual(history.slice(5));
    });

    it('refuses to create a user who is there, and leaves them as they are', async () => {
      const { store, dueRowKeys } = open();
      const created = await store.create(sampleAccount({ dueAt: DUE }));
      const again = sampleAccount({ userId: created.userId, dueAt: LATER });
      await expect(store.create(again)).rejects.toThrow(ConflictError);
      expect(await store.read(created.userId)).toEqual(created);
      expect(await dueRowKeys()).toEqual([dueRowKey(DUE, created.userId)]);
    });

    it('takes the same create or move again for its own success', async () => {
      const { store } = open();
      const fields = sampleAccount();
      const created = await store.create(fields);
      expect(await store.create(fields)).toEqual(created);
      const to = { ...fields, dueAt: LATER, attempts: 4 };
      const moved = await store.move(created, to);
      expect(await store.move(created, to)).toEqual(moved);
    });

    it('moves the due row with the account', async () => {
      const { store, dueRowKeys } = open();
      const from = await store.create(sampleAccount({ dueAt: DUE }));
      const moved = await store.move(from, { ...from, dueAt: LATER });
      expect(moved.etag).not.toBe(from.etag);
      expect(moved.dueAt).toEqual(LATER);
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, from.userId)]);
    });

    it('leaves the due row where it is when the time stays', async () => {
      const { store } = open();
      const from = await store.create(sampleAccount({ dueAt: DUE }));
      const before = await dueRowOf(store, from.userId);
      await store.move(from, { ...from, attempts: 7 });
      expect(await dueRowOf(store, from.userId)).toEqual({ ...before, etag: expect.any(String) });
    });

    it.each<[string, Date]>([
      ['to another time', LATER],
      ['without changing the time', DUE],
    ])('changes nothing when a move %s is based on a stale read', async (_, dueAt) => {
      const { store, dueRowKeys } = open();
      const stale = await store.create(sampleAccount({ dueAt: DUE, attempts: 1 }));
      const current = await store.move(stale, { ...stale, attempts: 2 });
      await expect(store.move(stale, { ...stale, dueAt, attempts: 3 })).rejects.toThrow(ConflictError);
      expect(await store.read(stale.userId)).toEqual(current);
      expect(await dueRowKeys()).toEqual([dueRowKey(DUE, stale.userId)]);
    });

    it('does not bring back by a move who was erased', async () => {
      const { store, dueRowKeys } = open();
      const account = await store.create(sampleAccount());
      await store.erase(account);
      await expect(store.move(account, { ...account, dueAt: LATER })).rejects.toThrow(ConflictError);
      expect(await store.read(account.userId)).toBeUndefined();
      expect(await dueRowKeys()).toEqual([]);
    });

    it.each([
      'disconnected',
      'retired',
    ] as const)('keeps of a %s user when and why, and no more', async (state) => {
      const { store, dueRowKeys } = open();
      const from = await store.create(sampleAccount());
      const tombstone = await store.move(from, { ...from, state, dueAt: LATER, runId: undefined });
      const { userId, lastActivity } = from;
      expect(fieldsOf(tombstone)).toEqual({
        ...WITHOUT_OPTIONALS,
        userId,
        lastActivity,
        state,
        generation: '',
        dueAt: LATER,
        attempts: 0,
        history: [],
      });
      expect(await store.read(userId)).toEqual(tombstone);
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, userId)]);
    });

    it('revives a tombstone', async () => {
      const { store } = open();
      const account = await store.create(sampleAccount());
      const tombstone = await store.move(account, { ...account, state: 'retired' });
      const back = await store.move(tombstone, account);
      expect(fieldsOf(back)).toEqual(fieldsOf(account));
      expect(await store.read(account.userId)).toEqual(back);
    });

    it('erases both rows, once', async () => {
      const { store, dueRowKeys } = open();
      const account = await store.create(sampleAccount());
      await store.erase(account);
      expect(await store.read(account.userId)).toBeUndefined();
      expect(await dueRowKeys()).toEqual([]);
      await expect(store.erase(account)).rejects.toThrow(ConflictError);
    });

    it('does not erase who changed since they were read', async () => {
      const { store, dueRowKeys } = open();
      const stale = await store.create(sampleAccount({ dueAt: DUE }));
      await see(store, stale.userId, LATER);
      await expect(store.erase(stale)).rejects.toThrow(ConflictError);
      expect(await store.read(stale.userId)).toBeDefined();
      expect(await dueRowKeys()).toEqual([dueRowKey(DUE, stale.userId)]);
    });
  });
}

const WITHOUT_OPTIONALS = {
  homeAccountId: undefined,
  userPrincipalName: undefined,
  runId: undefined,
  failure: undefined,
  lastRefreshed: undefined,
  expiresOn: undefined,
  refreshTokenExpiresOn: undefined,
} satisfies Partial<AccountFields>;
