import { describe, expect, it } from 'vitest';
import { type Account, dueAt, isConnected, type Notice, type Stored } from '../../shared/account/account.ts';
import { ended } from '../../shared/account/transitions.ts';
import type { AccountStore } from '../../shared/accountStore.ts';
import type { UserId } from '../../shared/userId.ts';
import {
  auditAll,
  claimAll,
  entriesOf,
  LEASE_MS,
  minutesFrom,
  NOW,
  type OpenAccountStore,
} from './accountStoreUnderTest.ts';
import { sampleActive, sampleNeedsUser, samplePending, sampleTombstone, someUser } from './sampleAccount.ts';

const LATER = minutesFrom(60);

/** What every account store must do about audits. */
export function auditContract(name: string, open: OpenAccountStore): void {
  describe(`${name}, audited,`, () => {
    it('has no account at first', async () => {
      const { store } = open();
      expect(await auditAll(store)).toMatchObject({ connected: 0, damaged: 0, findings: [] });
    });

    it('counts each connected account of all pages once, and no tombstone', async () => {
      const { store, index } = open();
      const accounts = await createAll(store, 30);
      expect(await auditAll(store)).toMatchObject({ connected: 30, damaged: 0, findings: [] });
      expect(await auditAll(store, 1_000)).toMatchObject({ connected: 30, damaged: 0, findings: [] });
      for (const account of accounts.slice(0, 10)) {
        await store.update(account, ended(account.userId, 'disconnected', NOW));
      }
      expect(await auditAll(store)).toMatchObject({ connected: 20, damaged: 0, findings: [] });
      expect(await index.entries()).toHaveLength(30);
    });

    it('reads at most as many accounts as one page may have', async () => {
      const { store } = open();
      await createAll(store, 30);
      let from: string | undefined;
      let pages = 0;
      do {
        const page = await store.audit({ from, atMost: 2 });
        expect(page.connected).toBeLessThanOrEqual(2);
        pages += 1;
        from = page.next;
      } while (from !== undefined);
      expect(pages).toBeGreaterThanOrEqual(15);
    });

    it('goes on where it was told to, even if that account no longer exists', async () => {
      const { store } = open();
      const accounts = await createAll(store, 30);
      const first = await pageWith(store, 3);
      for (const account of accounts) await store.erase(account);
      expect(await auditAll(store, 3, first.next)).toMatchObject({ connected: 0, findings: [] });
    });

    it.each([
      '',
      ' ',
      'z',
      '00',
      'user|',
      'due|2026-11-20T09:00:00Z|x',
      '🙂',
      "' or 1 eq 1",
      '[object Object]',
    ])('begins anew if it cannot read where to go on: %j', async (from) => {
      const { store } = open();
      await createAll(store, 20);
      expect(await auditAll(store, 3, from)).toMatchObject({ connected: 20, findings: [] });
    });

    it('knows the notice of each account, so that one which is due too late is found', async () => {
      const { store } = open();
      const { notice } = sampleNeedsUser();
      const told = await store.create(sampleNeedsUser({ nextCheckAt: LATER }));
      const { notice: _, ...plain } = sampleNeedsUser({ nextCheckAt: LATER });
      await store.create(plain);
      const seen: (Notice | undefined)[] = [];
      const late: UserId[] = [];
      let from: string | undefined;
      do {
        const page = await store.audit({
          from,
          atMost: 1_000,
          isDueTooLate: (account) => {
            seen.push(isConnected(account) ? account.notice : undefined);
            return isConnected(account) && account.notice !== undefined;
          },
        });
        late.push(...page.late);
        from = page.next;
      } while (from !== undefined);
      expect(seen).toHaveLength(2);
      expect(seen).toContainEqual(notice);
      expect(seen).toContain(undefined);
      expect(late).toEqual([told.userId]);
    });

    it('restores every missing entry, tells each one once, and leaves all other entries alone', async () => {
      const { store, index } = open();
      const accounts = [
        ...(await createAll(store, 20)),
        await store.create(sampleTombstone({ nextCheckAt: LATER })),
        await store.create(samplePending({ nextCheckAt: minutesFrom(-60) })),
      ];
      await claimAll(store);
      const current = await Promise.all(accounts.map(({ userId }) => read(store, userId)));
      const lost = current.filter((_, n) => n % 3 !== 0);
      for (const account of lost) await index.drop(account.userId, dueAt(account));
      const stray = { userId: someUser(), at: minutesFrom(-30) };
      await index.put(stray.userId, stray.at);

      const { findings } = await auditAll(store);
      expect(findings.map(({ userId }) => userId).sort()).toEqual(lost.map(({ userId }) => userId).sort());
      expect(new Set(findings.map(({ found }) => found))).toEqual(new Set(['repaired']));
      expect(await index.entries()).toEqual([stray, ...entriesOf(current)]);
      for (const account of current) {
        expect(await store.read(account.userId)).toEqual({ ...account, etag: expect.any(String) });
      }
      expect(await auditAll(store)).toMatchObject({ findings: [] });
    });

    it('lets the next run find what it restored', async () => {
      const { store, index, clock } = open();
      const [account] = await createAll(store, 1);
      if (account === undefined) throw new TypeError('there is no account');
      await index.drop(account.userId, account.nextCheckAt);
      clock.advance(120 * LEASE_MS);
      expect((await claimAll(store)).claimed).toEqual([]);
      await auditAll(store);
      expect((await claimAll(store)).claimed).toMatchObject([{ account: { userId: account.userId } }]);
    });
  });
}

/** Accounts of all connected states, due later. */
async function createAll(store: AccountStore, count: number): Promise<Stored<Account>[]> {
  const samples = [sampleActive, sampleNeedsUser, samplePending];
  const accounts = Array.from(
    { length: count },
    (_, n) => samples[n % samples.length]?.({ nextCheckAt: LATER }) ?? sampleActive(),
  );
  return Promise.all(accounts.map((account) => store.create(account)));
}

async function read(store: AccountStore, userId: Stored['userId']): Promise<Stored> {
  const account = await store.read(userId);
  if (account === undefined) throw new TypeError('the account is gone');
  return account;
}

/** The first page with an account in it. */
async function pageWith(store: AccountStore, atMost: number) {
  let page = await store.audit({ atMost });
  while (page.connected === 0 && page.next !== undefined)
    page = await store.audit({ from: page.next, atMost });
  return page;
}
