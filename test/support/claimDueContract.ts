import { describe, expect, it } from 'vitest';
import type { Account, Stored } from '../../shared/account/account.ts';
import { leased, released, seen } from '../../shared/account/transitions.ts';
import type { AccountStore, Finding, LeasedAccount } from '../../shared/accountStore.ts';
import { shardOf } from '../../shared/adapters/shards.ts';
import type { UserId } from '../../shared/userId.ts';
import {
  type AccountStoreUnderTest,
  claimAll,
  entriesOf,
  inOrder,
  LEASE_MS,
  MINUTE,
  minutesFrom,
  NOW,
  type OpenAccountStore,
} from './accountStoreUnderTest.ts';
import { sampleActive, sampleTombstone, someUser, someUserOf } from './sampleAccount.ts';

const EARLIER = minutesFrom(-60);
const LATER = minutesFrom(60);
const UNTIL = new Date(NOW.getTime() + LEASE_MS);
const LEASED_AT_ONCE = 4;

/** What every account store must do about due accounts. */
export function claimDueContract(name: string, open: OpenAccountStore): void {
  describe(`${name}, asked for what is due,`, () => {
    it('leases the due accounts of a shard, those that have waited longest first', async () => {
      const { store, clock } = open();
      const [a, b, c, d, e] = usersOfOneShard(5);
      const at = (second: number) => new Date(NOW.getTime() + second * 1_000);
      const times: [UserId, number][] = [
        [b, 2],
        [c, 5],
        [a, 1],
        [d, 3],
        [e, 4],
      ];
      for (const [userId, second] of times)
        await store.create(sampleActive({ userId, nextCheckAt: at(second) }));
      clock.advance(4_999);
      const other = shardOf(a) === '0' ? '1' : '0';
      expect(await claimAll(store, { shards: [other] })).toEqual({ claimed: [], findings: [] });
      const { claimed, findings } = await claimAll(store, { shards: [shardOf(a)] });
      expect(usersOf(claimed)).toEqual([a, b, d, e]);
      expect(claimed.map(({ dueSince }) => dueSince)).toEqual([1, 2, 3, 4].map(at));
      expect(findings).toEqual([]);
    });

    it('tells since when something is due in a shard', async () => {
      const { store, clock, index } = open();
      const [a, b] = usersOfOneShard(2);
      expect(await store.dueSince(shardOf(a))).toBeUndefined();
      await store.create(sampleActive({ userId: a, nextCheckAt: LATER }));
      await store.create(sampleActive({ userId: b, nextCheckAt: minutesFrom(1) }));
      expect(await store.dueSince(shardOf(a))).toBeUndefined();
      clock.advance(MINUTE - 1);
      expect(await store.dueSince(shardOf(a))).toBeUndefined();
      clock.advance(1);
      expect(await store.dueSince(shardOf(a))).toEqual(minutesFrom(1));
      clock.advance(120 * MINUTE);
      expect(await store.dueSince(shardOf(a))).toEqual(minutesFrom(1));
      expect(await store.dueSince(shardOf(a) === '0' ? '1' : '0')).toBeUndefined();
      await index.drop(b, minutesFrom(1));
      expect(await store.dueSince(shardOf(a))).toEqual(LATER);
    });

    it('counts what is due in a shard, up to a number', async () => {
      const { store, clock } = open();
      const users = usersOfOneShard(3);
      const [a] = users;
      const shard = shardOf(a as (typeof users)[number]);
      expect(await store.dueIn?.(shard, 10)).toBeUndefined();
      for (const [index, userId] of users.entries())
        await store.create(sampleActive({ userId, nextCheckAt: minutesFrom(index + 1) }));
      clock.advance(2 * MINUTE);
      expect(await store.dueIn?.(shard, 10)).toEqual({ dueSince: minutesFrom(1), count: 2 });
      clock.advance(MINUTE);
      expect(await store.dueIn?.(shard, 10)).toEqual({ dueSince: minutesFrom(1), count: 3 });
      expect(await store.dueIn?.(shard, 3)).toEqual({ dueSince: minutesFrom(1), count: 3 });
      expect(await store.dueIn?.(shard, 2)).toEqual({ dueSince: minutesFrom(1), count: 2 });
      expect(await store.dueIn?.(shard === '0' ? '1' : '0', 10)).toBeUndefined();
    });

    it('changes of an account no more than its lease', async () => {
      const { store, clock, index } = open();
      const account = await store.create(sampleActive({ nextCheckAt: EARLIER }));
      clock.advance(1);
      const { claimed } = await claimAll(store, { runId: 'run-1' });
      const lease = { runId: 'run-1', until: new Date(UNTIL.getTime() + 1_000) };
      expect(claimed).toEqual([
        { account: { ...account, lease, etag: expect.any(String) }, dueSince: EARLIER },
      ]);
      const [first] = claimed;
      expect(first?.account.etag).not.toBe(account.etag);
      expect(await store.read(account.userId)).toEqual(first?.account);
      expect(await index.entries()).toEqual([{ userId: account.userId, at: lease.until }]);
    });

    it('leases an account again when the lease has ended, and tells whose it was', async () => {
      const { store, clock } = open();
      const { userId } = await store.create(sampleActive({ nextCheckAt: EARLIER }));
      await claimAll(store, { runId: 'run-1' });
      clock.advance(LEASE_MS - 1);
      expect(await claimAll(store, { runId: 'run-2' })).toEqual({ claimed: [], findings: [] });
      clock.advance(1);
      const { claimed } = await claimAll(store, { runId: 'run-2' });
      expect(claimed).toMatchObject([
        {
          account: { userId, lease: { runId: 'run-2' }, nextCheckAt: EARLIER },
          dueSince: UNTIL,
          abandonedBy: 'run-1',
        },
      ]);
    });

    it('tells of nobody when the lease was given back', async () => {
      const { store } = open();
      await store.create(sampleActive({ nextCheckAt: EARLIER }));
      const [first] = (await claimAll(store, { runId: 'run-1' })).claimed;
      if (first) await store.update(first.account, released(first.account));
      const [second] = (await claimAll(store, { runId: 'run-2' })).claimed;
      expect(second?.dueSince).toEqual(EARLIER);
      expect(second).not.toHaveProperty('abandonedBy');
    });

    it('leases a tombstone without giving it anything back', async () => {
      const { store } = open();
      const tombstone = await store.create(sampleTombstone({ state: 'disconnected', nextCheckAt: EARLIER }));
      const [first] = (await claimAll(store)).claimed;
      const lease = { runId: 'run-1', until: UNTIL };
      expect(first?.account).toEqual({ ...tombstone, lease, etag: expect.any(String) });
      if (first) await store.erase(first.account);
      expect(await store.read(tombstone.userId)).toBeUndefined();
    });

    it('leases every account of many pages once', async () => {
      const { store } = open();
      const users = usersOfOneShard(11);
      for (const userId of users) await store.create(sampleActive({ userId, nextCheckAt: EARLIER }));
      const { claimed } = await claimAll(store, { shards: [shardOf(users[0])] });
      expect(usersOf(claimed).sort()).toEqual([...users].sort());
      expect(await claimAll(store)).toEqual({ claimed: [], findings: [] });
    });

    it('lets one of twenty runs at the same time have an account, and finds nothing to repair', async () => {
      const { store } = open();
      const accounts: Stored<Account>[] = [];
      for (const userId of usersOfOneShard(3)) {
        accounts.push(await store.create(sampleActive({ userId, nextCheckAt: EARLIER })));
      }
      const swept = await Promise.all(
        Array.from({ length: 20 }, (_, n) => claimAll(store, { runId: `run-${n}` })),
      );
      const claimed = swept.flatMap((one) => one.claimed);
      expect(usersOf(claimed).sort()).toEqual(accounts.map(({ userId }) => userId).sort());
      for (const { account } of claimed) expect(await store.read(account.userId)).toEqual(account);
      const found = new Set(swept.flatMap(({ findings }) => findings.map((finding) => finding.found)));
      expect([...found].filter((one) => one !== 'taken')).toEqual([]);
    });

    describe('leases a few accounts ahead, and', () => {
      it('none before the first one is pulled', async () => {
        const opened = await withDue(open, 6);
        const claimed = startClaiming(opened);
        expect(await leasedIn(opened.store)).toHaveLength(0);
        await claimed.next();
        expect(await leasedIn(opened.store)).toHaveLength(LEASED_AT_ONCE);
        for (let n = 1; n < LEASED_AT_ONCE; n += 1) await claimed.next();
        expect(await leasedIn(opened.store)).toHaveLength(LEASED_AT_ONCE);
        await claimed.next();
        expect(await leasedIn(opened.store)).toHaveLength(6);
      });

      it('takes the time of each lease when it is made', async () => {
        const opened = await withDue(open, 6);
        const ends: number[] = [];
        for await (const { account } of { [Symbol.asyncIterator]: () => startClaiming(opened) }) {
          ends.push(((account.lease?.until.getTime() ?? 0) - NOW.getTime() - LEASE_MS) / MINUTE);
          opened.clock.advance(MINUTE);
        }
        expect(ends).toEqual([0, 0, 0, 0, 4, 4]);
      });

      it.each([1, 2, 4])('gives the others back when its caller stops after %d', async (pulls) => {
        const opened = await withDue(open, 6);
        const { store, index, accounts } = opened;
        const claimed = startClaiming(opened);
        const handedOut = await pull(claimed, pulls);
        await claimed.return?.(undefined);
        expect(await claimed.next()).toEqual({ done: true, value: undefined });
        expect((await leasedIn(store)).map(({ userId }) => userId).sort()).toEqual(usersOf(handedOut).sort());
        const kept = accounts.filter(({ userId }) => !usersOf(handedOut).includes(userId));
        for (const account of kept) {
          expect(await store.read(account.userId)).toEqual({ ...account, etag: expect.any(String) });
        }
        const entries = [...entriesOf(kept), ...entriesOf(handedOut.map(({ account }) => account))];
        expect(await index.entries()).toEqual(inOrder(entries));
      });

      it.each([
        2, 6,
      ])('ends without an error and gives the others back when its signal aborts (%d)', async (count) => {
        const opened = await withDue(open, count);
        const { store, index, shard, accounts } = opened;
        const nobody = someUserOf(shard);
        await index.put(nobody, minutesFrom(-90));
        const abort = new AbortController();
        const claimed = startClaiming(opened, { signal: abort.signal });
        const handedOut = usersOf(await pull(claimed, 1));
        abort.abort();
        expect(await claimed.next()).toEqual({ done: true, value: undefined });
        expect((await leasedIn(store)).map(({ userId }) => userId).sort()).toEqual(handedOut.sort());
        for (const account of accounts.slice(LEASED_AT_ONCE)) {
          expect(await store.read(account.userId)).toEqual(account);
        }
        expect((await index.entries()).filter(({ userId }) => userId === nobody)).toHaveLength(1);
      });

      it('leases nothing if its signal has aborted', async () => {
        const opened = await withDue(open, 6);
        const claimed = startClaiming(opened, { signal: AbortSignal.abort() });
        expect(await claimed.next()).toEqual({ done: true, value: undefined });
        for (const account of opened.accounts) {
          expect(await opened.store.read(account.userId)).toEqual(account);
        }
      });

      it('gives an account back whose user visited meanwhile, with what the visit wrote', async () => {
        const opened = await withDue(open, 3);
        const claimed = startClaiming(opened);
        const [first] = await pull(claimed, 1);
        const [other] = (await leasedIn(opened.store)).filter(
          ({ userId }) => userId !== first?.account.userId,
        );
        if (other?.state !== 'active') throw new TypeError('no other account is leased');
        const { lease: _, ...visited } = await opened.store.update(other, seen(other, LATER));
        await claimed.return?.(undefined);
        expect(await opened.store.read(visited.userId)).toEqual({ ...visited, etag: expect.any(String) });
        expect(await leasedIn(opened.store)).toHaveLength(1);
      });

      it('leaves an account alone that another run has leased meanwhile', async () => {
        const opened = await withDue(open, 3);
        const claimed = startClaiming(opened);
        const [first] = await pull(claimed, 1);
        const [other] = (await leasedIn(opened.store)).filter(
          ({ userId }) => userId !== first?.account.userId,
        );
        if (other?.state !== 'active') throw new TypeError('no other account is leased');
        const taken = await opened.store.update(other, leased(other, 'another run', LATER));
        await claimed.return?.(undefined);
        expect(await opened.store.read(taken.userId)).toEqual(taken);
      });
    });

    describe('repairs its index: it', () => {
      it('deletes an entry of an account that is due at another time', async () => {
        const { store, index } = open();
        const account = await store.create(sampleActive({ nextCheckAt: LATER }));
        const { userId } = account;
        await index.put(userId, EARLIER);
        await index.put(userId, minutesFrom(-30));
        const { claimed, findings } = await claimAll(store);
        expect(claimed).toEqual([]);
        expect(findings).toEqual(Array(2).fill({ userId, found: 'taken' }));
        expect(await store.read(userId)).toEqual(account);
        expect(await index.entries()).toEqual(entriesOf([account]));
      });

      it('leases an account only by its own entry', async () => {
        const { store, index } = open();
        const { userId } = await store.create(sampleActive({ nextCheckAt: minutesFrom(-10) }));
        await index.put(userId, minutesFrom(-20));
        await index.put(userId, minutesFrom(-5));
        const { claimed, findings } = await claimAll(store);
        expect(claimed).toMatchObject([{ account: { userId }, dueSince: minutesFrom(-10) }]);
        expect(findings).toEqual(Array(2).fill({ userId, found: 'taken' }));
        expect(await index.entries()).toEqual([{ userId, at: UNTIL }]);
      });

      it('restores the missing entry of an account when it meets another one, and tells it once', async () => {
        const { store, index, clock } = open();
        const account = await store.create(sampleActive({ nextCheckAt: LATER }));
        const { userId } = account;
        await index.put(userId, EARLIER);
        await index.put(userId, minutesFrom(-30));
        await index.drop(userId, LATER);
        const { claimed, findings } = await claimAll(store);
        expect(claimed).toEqual([]);
        expect(findings.map(({ found }) => found).sort()).toEqual(['repaired', 'taken']);
        expect(await store.read(userId)).toEqual({ ...account, etag: expect.any(String) });
        expect(await index.entries()).toEqual(entriesOf([account]));
        clock.advance(60 * MINUTE);
        expect(await claimAll(store)).toMatchObject({ claimed: [{ account: { userId } }], findings: [] });
      });

      it('deletes the entries of nobody, but only when it has read all that is due', async () => {
        const opened = await withDue(open, 5);
        const { store, index, shard } = opened;
        const nobodies = Array.from({ length: 5 }, () => someUserOf(shard));
        for (const userId of nobodies) await index.put(userId, minutesFrom(-90));
        const left = async () =>
          (await index.entries()).filter(({ userId }) => nobodies.includes(userId)).length;
        const findings: Finding[] = [];
        const claimed = startClaiming(opened, { onFound: (finding) => findings.push(finding) });
        await claimed.next();
        await claimed.return?.(undefined);
        expect(await left()).toBe(5);
        expect(findings).toHaveLength(5);
        const swept = await claimAll(store, { shards: [shard] });
        expect(swept.findings.map(({ found }) => found)).toEqual(Array(5).fill('nobody'));
        expect(swept.findings.map(({ userId }) => userId).sort()).toEqual([...nobodies].sort());
        expect(await left()).toBe(0);
      });

      it('spares the entry of an account that was created since its entry was read', async () => {
        const opened = await withDue(open, 5);
        const { store, index, shard } = opened;
        const newcomer = someUserOf(shard);
        await index.put(newcomer, minutesFrom(-90));
        const claimed = startClaiming(opened);
        await claimed.next();
        const account = await store.create(sampleActive({ userId: newcomer, nextCheckAt: minutesFrom(-90) }));
        while (!(await claimed.next()).done);
        expect(await store.read(newcomer)).toEqual(account);
        expect((await index.entries()).filter(({ userId }) => userId === newcomer)).toEqual(
          entriesOf([account]),
        );
      });

      it('spares an entry that was written again since it was read', async () => {
        const opened = await withDue(open, 5, { pageSize: 100 });
        const { store, index, shard } = opened;
        const { userId } = await store.create(
          sampleActive({ userId: someUserOf(shard), nextCheckAt: LATER }),
        );
        const last = minutesFrom(-1);
        await index.put(userId, last);
        const claimed = startClaiming(opened);
        await claimed.next();
        await index.put(userId, last);
        while (!(await claimed.next()).done);
        expect((await index.entries()).filter((entry) => entry.userId === userId)).toEqual([
          { userId, at: last },
          { userId, at: LATER },
        ]);
      });
    });
  });
}

const usersOf = (claimed: readonly LeasedAccount[]): UserId[] => claimed.map(({ account }) => account.userId);

type Users = [UserId, UserId, UserId, UserId, UserId];

/** At least as many as the type says are there only if the test asks for them. */
function usersOfOneShard(count: number): Users {
  const shard = shardOf(someUser());
  return Array.from({ length: count }, () => someUserOf(shard)) as Users;
}

type WithDue = AccountStoreUnderTest & { shard: string; accounts: Stored<Account>[] };

/** A store in which so many accounts of one shard are due, each a second after the one before it. */
async function withDue(
  open: OpenAccountStore,
  count: number,
  options?: { pageSize: number },
): Promise<WithDue> {
  const opened = open(options);
  const users = usersOfOneShard(count);
  const accounts: Stored<Account>[] = [];
  for (const [n, userId] of users.entries()) {
    const nextCheckAt = new Date(EARLIER.getTime() + n * 1_000);
    accounts.push(await opened.store.create(sampleActive({ userId, nextCheckAt })));
  }
  return { ...opened, shard: shardOf(users[0]), accounts };
}

const startClaiming = (
  { store, shard }: WithDue,
  more: { signal?: AbortSignal; onFound?: (finding: Finding) => void } = {},
): AsyncIterator<LeasedAccount> =>
  store.claimDue({ shard, runId: 'run-1', leaseMs: LEASE_MS, ...more })[Symbol.asyncIterator]();

async function pull(claimed: AsyncIterator<LeasedAccount>, count: number): Promise<LeasedAccount[]> {
  const pulled: LeasedAccount[] = [];
  for (let n = 0; n < count; n += 1) pulled.push((await claimed.next()).value);
  return pulled;
}

const leasedIn = async (store: AccountStore): Promise<Stored[]> =>
  (await Array.fromAsync(store.list())).filter(({ lease }) => lease !== undefined);
