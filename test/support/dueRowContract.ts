import { describe, expect, it } from 'vitest';
import type { AccountStore, DueRow } from '../../shared/ports.ts';
import { dueRowKey, shardOf, type UserId } from '../../shared/userId.ts';
import { claimOf, dueRowOf, dueRowsOf, FAR, type OpenAccountStore } from './accountStoreUnderTest.ts';
import { sampleAccount, someUser, someUserOf } from './sampleAccount.ts';

const DUE = new Date('2026-11-20T09:00:00Z');
const LATER = new Date('2026-11-20T10:00:00Z');
const LEASE = { runId: 'run-1', until: LATER };

/** What every account store must do about who is due. `open` gives a store with nothing in it. */
export function dueRowContract(name: string, open: OpenAccountStore): void {
  describe(`${name} as a store of due rows`, () => {
    it('lists who is due in a shard, earliest first, up to the second that has begun', async () => {
      const { store } = open();
      const [a, b, c, d] = usersOfOneShard(4);
      const at = (second: string) => new Date(`2026-11-20T09:00:${second}Z`);
      await store.create(sampleAccount({ userId: b, dueAt: at('02') }));
      await store.create(sampleAccount({ userId: c, dueAt: at('04') }));
      await store.create(sampleAccount({ userId: a, dueAt: at('01') }));
      await store.create(sampleAccount({ userId: d, dueAt: at('03') }));
      const due = await dueRowsOf(store, shardOf(a), at('03.999'));
      expect(due.map((row) => row.userId)).toEqual([a, b, d]);
      expect(due.map((row) => row.rowKey)).toEqual([
        dueRowKey(at('01'), a),
        dueRowKey(at('02'), b),
        dueRowKey(at('03'), d),
      ]);
      const otherShard = shardOf(a) === '0' ? '1' : '0';
      expect(await dueRowsOf(store, otherShard)).toEqual([]);
    });

    it('tells since when somebody is due in a shard', async () => {
      const { store, putDueRow } = open();
      const [a, b] = usersOfOneShard(4);
      expect(await store.dueSince(shardOf(a), FAR)).toBeUndefined();
      await putDueRow(shardOf(a), 'due|2026-01-01T00:00:00Z|nobody');
      await store.create(sampleAccount({ userId: a, dueAt: LATER }));
      await store.create(sampleAccount({ userId: b, dueAt: DUE }));
      expect(await store.dueSince(shardOf(a), FAR)).toEqual(DUE);
      expect(await store.dueSince(shardOf(a), DUE)).toEqual(DUE);
      expect(await store.dueSince(shardOf(a), new Date(DUE.getTime() - 1_000))).toBeUndefined();
      expect(await store.dueSince(shardOf(a) === '0' ? '1' : '0', FAR)).toBeUndefined();
    });

    it('does not let a due row without a readable time hide the others, and removes it by a claim', async () => {
      const { store, dueRowKeys, putDueRow } = open();
      const { userId } = await store.create(sampleAccount({ dueAt: DUE, runId: undefined }));
      const shard = shardOf(userId);
      await putDueRow(shard, dueRowKey(DUE, userId).replace('2026-', '0-'));
      expect(await store.dueSince(shard, LATER)).toEqual(LATER);
      const [unreadable, readable] = await dueRowsOf(store, shard, LATER);
      expect([unreadable?.dueSince, readable?.dueSince]).toEqual([LATER, DUE]);
      expect(await store.claim(unreadable as DueRow, LEASE)).toBeUndefined();
      expect(await dueRowKeys()).toEqual([dueRowKey(DUE, userId)]);
      expect((await claim(store, userId, LEASE))?.account).toMatchObject({ userId });
    });

    it('lists every due user of many pages once', async () => {
      const { store } = open();
      const users = usersOfOneShard(7);
      for (const userId of users) await store.create(sampleAccount({ userId }));
      const due = await dueRowsOf(store, shardOf(users[0]));
      expect(due.map((row) => row.userId).sort()).toEqual([...users].sort());
    });

    it('passes over due rows that are not its own', async () => {
      const { store, putDueRow } = open();
      const { userId } = await store.create(sampleAccount());
      for (const key of ['due|', 'due|2026', `due|2026-11-20T09:00:00Z|${'x'.repeat(73)}`]) {
        await putDueRow(shardOf(userId), key);
      }
      expect((await dueRowsOf(store, shardOf(userId))).map((row) => row.userId)).toEqual([userId]);
    });

    it('claims a due user', async () => {
      const { store, dueRowKeys } = open();
      const account = await store.create(sampleAccount({ dueAt: DUE, runId: undefined }));
      const claimed = await claim(store, account.userId, LEASE);
      expect(claimed).toEqual({
        account: { ...account, dueAt: LATER, runId: 'run-1', etag: expect.any(String) },
        abandonedBy: undefined,
      });
      expect(await store.read(account.userId)).toEqual(claimed?.account);
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, account.userId)]);
    });

    it('tells whose lease a claimed user was left with', async () => {
      const { store } = open();
      const { userId } = await store.create(sampleAccount({ dueAt: DUE, runId: undefined }));
      const first = await claim(store, userId, { runId: 'run-1', until: LATER });
      const second = await claim(store, userId, { runId: 'run-2', until: FAR });
      expect(first).toMatchObject({ account: { runId: 'run-1' }, abandonedBy: undefined });
      expect(second).toMatchObject({ account: { runId: 'run-2' }, abandonedBy: 'run-1' });
    });

    it('tells of nobody when the user was put back in time', async () => {
      const { store } = open();
      const { userId } = await store.create(sampleAccount({ dueAt: DUE, runId: undefined }));
      const first = await claim(store, userId, { runId: 'run-1', until: LATER });
      if (first) await store.move(first.account, { ...first.account, dueAt: DUE, runId: undefined });
      expect(await claim(store, userId, { runId: 'run-2', until: LATER })).toMatchObject({
        abandonedBy: undefined,
      });
    });

    it('claims a tombstone without giving it anything back', async () => {
      const { store } = open();
      const account = await store.create(sampleAccount());
      const tombstone = await store.move(account, { ...account, state: 'disconnected', dueAt: DUE });
      const claimed = await claim(store, account.userId, LEASE);
      expect(claimed?.account).toEqual({
        ...tombstone,
        dueAt: LATER,
        runId: 'run-1',
        etag: expect.any(String),
      });
      if (claimed) await store.erase(claimed.account);
      expect(await store.read(account.userId)).toBeUndefined();
    });

    it('lets one of twenty racing claims win', async () => {
      const { store, dueRowKeys } = open();
      const { userId } = await store.create(sampleAccount({ dueAt: DUE, runId: undefined }));
      const due = (await dueRowOf(store, userId)) as DueRow;
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, n) => claimOf(store, due, { runId: `run-${n}`, until: LATER })),
      );
      const won = claims.filter((claimed) => claimed !== undefined);
      expect(won).toHaveLength(1);
      expect(await store.read(userId)).toEqual(won[0]?.account);
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, userId)]);
    });

    it('answers nothing to a claim of a user who has moved on', async () => {
      const { store, dueRowKeys } = open();
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      const due = (await dueRowOf(store, account.userId)) as DueRow;
      const moved = await store.move(account, { ...account, dueAt: LATER });
      expect(await store.claim(due, { runId: 'run-1', until: FAR })).toBeUndefined();
      expect(await store.read(account.userId)).toEqual(moved);
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, account.userId)]);
    });

    it('deletes a due row that disagrees with the account', async () => {
      const { store, dueRowKeys, putDueRow } = open();
      const account = await store.create(sampleAccount({ dueAt: LATER }));
      await putDueRow(shardOf(account.userId), dueRowKey(DUE, account.userId));
      expect(await claim(store, account.userId, LEASE)).toBeUndefined();
      expect(await store.read(account.userId)).toEqual(account);
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, account.userId)]);
    });

    it('brings a missing due row back when it meets another one of the account', async () => {
      const { store, dueRowKeys, putDueRow, dropDueRow } = open();
      const account = await store.create(sampleAccount({ dueAt: LATER }));
      const { userId } = account;
      await putDueRow(shardOf(userId), dueRowKey(DUE, userId));
      await dropDueRow(shardOf(userId), dueRowKey(LATER, userId));
      expect(await store.claim((await dueRowOf(store, userId)) as DueRow, LEASE)).toBe('repaired');
      expect(await store.read(userId)).toEqual({ ...account, etag: expect.any(String) });
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, userId)]);
      expect((await claim(store, userId, { runId: 'run-1', until: FAR }))?.account).toMatchObject({ userId });
    });

    it('brings a missing due row back with every change of the account, where it stays or moves', async () => {
      for (const dueAt of [DUE, LATER]) {
        const { store, dueRowKeys, dropDueRow } = open();
        const account = await store.create(sampleAccount({ dueAt: DUE }));
        await dropDueRow(shardOf(account.userId), dueRowKey(DUE, account.userId));
        await store.move(account, { ...account, dueAt, attempts: 7 });
        expect(await dueRowKeys()).toEqual([dueRowKey(dueAt, account.userId)]);
      }
    });

    it('says of a due row that there is nobody, and leaves it there', async () => {
      const { store, dueRowKeys, putDueRow } = open();
      const userId = someUser();
      await putDueRow(shardOf(userId), dueRowKey(DUE, userId));
      expect(await store.claim((await dueRowOf(store, userId)) as DueRow, LEASE)).toBe('nobody');
      expect(await dueRowKeys()).toEqual([dueRowKey(DUE, userId)]);
    });

    it('removes due rows of any number of shards, and no others', async () => {
      const { store, dueRowKeys, putDueRow } = open();
      const kept = await store.create(sampleAccount({ dueAt: DUE }));
      await store.removeDue([]);
      const users = Array.from({ length: 8 }, () => someUser());
      for (const userId of users) await putDueRow(shardOf(userId), dueRowKey(DUE, userId));
      const strays = await Promise.all(users.map((userId) => dueRowOf(store, userId)));
      await store.removeDue(strays as DueRow[]);
      expect(await dueRowKeys()).toEqual([dueRowKey(DUE, kept.userId)]);
      await store.removeDue(strays as DueRow[]);
      expect(await store.read(kept.userId)).toEqual(kept);
    });

    it('spares the due row of a user who was created since it was read', async () => {
      const { store, dueRowKeys, putDueRow } = open();
      const [newcomer, ...nobodies] = usersOfOneShard(4);
      for (const userId of [newcomer, ...nobodies]) {
        await putDueRow(shardOf(userId), dueRowKey(DUE, userId));
      }
      const strays = await dueRowsOf(store, shardOf(newcomer));
      const account = await store.create(sampleAccount({ userId: newcomer, dueAt: DUE }));
      await store.removeDue(strays);
      expect(await dueRowKeys()).toEqual([dueRowKey(DUE, newcomer)]);
      expect(await store.read(newcomer)).toEqual(account);
    });

    it('spares a disagreeing due row that was put there anew since it was read', async () => {
      const { store, dueRowKeys, putDueRow } = open();
      const { userId } = await store.create(sampleAccount({ dueAt: LATER }));
      await putDueRow(shardOf(userId), dueRowKey(DUE, userId));
      const due = (await dueRowOf(store, userId)) as DueRow;
      await putDueRow(shardOf(userId), dueRowKey(DUE, userId));
      expect(await store.claim(due, LEASE)).toBeUndefined();
      expect(await dueRowKeys()).toEqual([dueRowKey(DUE, userId), dueRowKey(LATER, userId)]);
    });

    it('takes a stray due row for its own when an account is put in its place', async () => {
      const { store, dueRowKeys, putDueRow } = open();
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      await putDueRow(shardOf(account.userId), dueRowKey(LATER, account.userId));
      await store.move(account, { ...account, dueAt: LATER });
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, account.userId)]);
    });
  });
}

async function claim(store: AccountStore, userId: UserId, lease: typeof LEASE) {
  const due = await dueRowOf(store, userId);
  return due === undefined ? undefined : claimOf(store, due, lease);
}

function usersOfOneShard(count: number): [UserId, UserId, UserId, UserId, ...UserId[]] {
  const shard = shardOf(someUser());
  return Array.from({ length: count }, () => someUserOf(shard)) as ReturnType<typeof usersOfOneShard>;
}
