import { type Account, dueAt, isConnected, type Stored } from '../../shared/account/account.ts';
import { seen } from '../../shared/account/transitions.ts';
import type { AccountStore, Finding, LeasedAccount } from '../../shared/accountStore.ts';
import { systemClock } from '../../shared/clock.ts';
import { createTestClock, type TestClock } from '../../shared/testing/testClock.ts';
import type { UserId } from '../../shared/userId.ts';

/** An entry of the index, in whole seconds. */
export type IndexEntry = { userId: UserId; at: Date };

export type AccountStoreUnderTest = {
  store: AccountStore;
  /** The clock of the store. It begins at {@link NOW}. */
  clock: TestClock;
  /** The index behind the store's back. */
  index: {
    entries(): Promise<IndexEntry[]>;
    /** Puts an entry. One that is there already is written again, so it is another version of it. */
    put(userId: UserId, at: Date): Promise<void>;
    drop(userId: UserId, at: Date): Promise<void>;
    /**
     * Remembers all that is stored, as far as the store lets somebody write it back.
     * @returns for each thing a function that writes it back as it was
     */
    snapshot(): Promise<(() => Promise<void>)[]>;
  };
};

/** Opens a store with nothing in it. `pageSize`: how many rows it reads at once, if it reads pages; default 2. */
export type OpenAccountStore = (options?: { pageSize?: number }) => AccountStoreUnderTest;

export const NOW = new Date('2026-11-20T09:00:00Z');
export const MINUTE = 60_000;
export const minutesFrom = (minutes: number, from = NOW): Date => new Date(from.getTime() + minutes * MINUTE);

/** A clock that only the test moves. Its timers are real, because the SDKs wait for a real service. */
export const createStoreClock = (): TestClock => ({
  ...createTestClock({ startAt: NOW }),
  after: systemClock.after,
  timeout: systemClock.timeout,
});

/** The entry that each of these accounts should have. */
export const entriesOf = (accounts: readonly (Account | Stored)[]): IndexEntry[] =>
  inOrder(accounts.map((account) => ({ userId: account.userId, at: dueAt(account) })));

export const inOrder = (entries: readonly IndexEntry[]): IndexEntry[] => {
  const text = ({ userId, at }: IndexEntry) => `${at.toISOString()} ${userId}`;
  return entries.toSorted((one, other) => (text(one) < text(other) ? -1 : 1));
};

/** A visit, and no more: the account has another last activity, and another version. */
export async function see(store: AccountStore, userId: UserId, at: Date): Promise<void> {
  const account = await store.read(userId);
  if (account !== undefined && isConnected(account)) await store.update(account, seen(account, at));
}

export const LEASE_MS = 5 * MINUTE;

type Swept = { claimed: LeasedAccount[]; findings: Finding[] };

/** Leases all that is due, in the given shards or in all. */
export async function claimAll(
  store: AccountStore,
  { runId = 'run-1', shards = store.shards }: { runId?: string; shards?: readonly string[] } = {},
): Promise<Swept> {
  const swept: Swept = { claimed: [], findings: [] };
  for (const shard of shards) {
    const onFound = (finding: Finding) => void swept.findings.push(finding);
    for await (const account of store.claimDue({ shard, runId, leaseMs: LEASE_MS, onFound })) {
      swept.claimed.push(account);
    }
  }
  return swept;
}

type Audited = { connected: number; damaged: number; pages: number; findings: Finding[] };

/** Audits all accounts, from a page to the last one. */
export async function auditAll(store: AccountStore, atMost = 3, from?: string): Promise<Audited> {
  const pass: Audited = { connected: 0, damaged: 0, pages: 0, findings: [] };
  let next: string | undefined = from;
  do {
    const onFound = (finding: Finding) => void pass.findings.push(finding);
    const page = await store.audit({ from: next, atMost, onFound });
    pass.connected += page.connected;
    pass.damaged += page.damaged;
    pass.pages += 1;
    next = page.next;
  } while (next !== undefined);
  return pass;
}
