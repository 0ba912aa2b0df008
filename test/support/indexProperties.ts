/** What must hold of the index of due times, whatever happens to the accounts and to the index itself. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { type Account, dueAt, isConnected, type Stored } from '../../shared/account/account.ts';
import { ended, released, seen } from '../../shared/account/transitions.ts';
import type { Finding, LeasedAccount } from '../../shared/accountStore.ts';
import { ConflictError } from '../../shared/errors.ts';
import { toUserId, type UserId } from '../../shared/userId.ts';
import {
  type AccountStoreUnderTest,
  auditAll,
  claimAll,
  entriesOf,
  LEASE_MS,
  MINUTE,
  minutesFrom,
  type OpenAccountStore,
} from './accountStoreUnderTest.ts';
import { sampleActive, sampleNeedsUser, samplePending, sampleTombstone } from './sampleAccount.ts';

const userOf = (n: number): UserId =>
  toUserId({
    tid: '00000000-0000-4000-8000-000000000000',
    oid: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`,
  });

type Create = (fields: { userId: UserId; nextCheckAt: Date }) => Account;
const SAMPLES: Create[] = [sampleActive, samplePending, sampleNeedsUser, sampleTombstone];
/** Few, so that accounts come back to times at which they were due before. Some are over, and some are not. */
const TIMES = [-3, -2, -1, 0, 1, 2].map((minutes) => minutesFrom(minutes));

const time = fc.constantFrom(...TIMES);
const sample = fc.record({ create: fc.constantFrom(...SAMPLES), nextCheckAt: time });

const ACTORS = 3;
const OPERATIONS = [
  'look',
  'create',
  'see',
  'claim',
  'settle',
  'give-back',
  'end',
  'erase',
  'audit',
] as const;
type Step = { actor: number; user: number; operation: (typeof OPERATIONS)[number]; at: Date };

const step: fc.Arbitrary<Step> = fc.record({
  actor: fc.nat(ACTORS - 1),
  user: fc.nat(1),
  operation: fc.constantFrom(...OPERATIONS),
  at: time,
});

/** Each step is taken by up to three actors at once. */
const story = fc.array(
  fc.record({ together: fc.array(step, { minLength: 1, maxLength: ACTORS }), passesMs: fc.nat(LEASE_MS) }),
  { minLength: 1, maxLength: 20 },
);

/**
 * Checks, over random stories of actors who act on what they remember, that after every step each account has exactly
 * one entry, at the time that it names, and that nothing is ever repaired.
 */
export async function checkIndexInvariant(open: OpenAccountStore, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      const { store, index, clock } = open();
      const memories = Array.from({ length: ACTORS }, () => new Map<UserId, Stored>());
      const findings: Finding[] = [];
      const onFound = (finding: Finding) => void findings.push(finding);

      async function take({ actor, user, operation, at }: Step): Promise<void> {
        const userId = userOf(user);
        const memory = memories[actor] ?? new Map<UserId, Stored>();
        const known = memory.get(userId);
        const update = async (to: (account: Stored<Account>) => Account) => {
          if (known !== undefined && known.state !== 'damaged') {
            memory.set(userId, await store.update(known, to(known)));
          }
        };
        switch (operation) {
          case 'look': {
            const account = await store.read(userId);
            if (account !== undefined) memory.set(userId, account);
            return;
          }
          case 'create':
            memory.set(userId, await store.create(samplePending({ userId, nextCheckAt: at })));
            return;
          case 'see':
            return update((account) => (isConnected(account) ? seen(account, at) : account));
          case 'claim':
            for (const shard of store.shards) {
              const claimed = store.claimDue({ shard, runId: `run-${actor}`, leaseMs: LEASE_MS, onFound });
              for await (const { account } of claimed) {
                memory.set(account.userId, account);
                break;
              }
            }
            return;
          case 'settle':
            return update(() => sampleActive({ userId, nextCheckAt: at }));
          case 'give-back':
            return update((account) => released(account));
          case 'end':
            return update(() => ({ ...ended(userId, 'retired', at), nextCheckAt: at }));
          case 'erase':
            if (known !== undefined) await store.erase(known);
            return;
          case 'audit':
            await store.audit({ atMost: 5, onFound });
            return;
          default:
            operation satisfies never;
        }
      }

      for (const { together, passesMs } of steps) {
        await Promise.all(together.map((one) => take(one).catch(unlessConflict)));
        expect(await index.entries()).toEqual(entriesOf(await allOf({ store })));
        clock.advance(passesMs);
      }
      expect(foundIn(findings).filter((found) => found !== 'taken' && found !== 'nobody')).toEqual([]);
    }),
    { numRuns },
  );
}

/** Each thing that is done to the index, or to the accounts behind its back. */
type Damage =
  | { what: 'drop' | 'restore-out-of-step'; n: number }
  | { what: 'move' | 'double'; n: number; at: Date }
  | { what: 'nobody'; n: number; at: Date };

const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.record({ what: fc.constantFrom('drop' as const, 'restore-out-of-step' as const), n: fc.nat(40) }),
  fc.record({ what: fc.constantFrom('move' as const, 'double' as const), n: fc.nat(40), at: time }),
  fc.record({ what: fc.constant('nobody' as const), n: fc.nat(5), at: time }),
);

const damagedStore = fc.record({
  samples: fc.array(sample, { minLength: 1, maxLength: 12 }),
  /** What changes after the snapshot is taken: these accounts move to a later time, or end. */
  moved: fc.array(fc.record({ n: fc.nat(11), at: time, ends: fc.boolean() }), { maxLength: 6 }),
  /** Whether a run has leased what was due, and died. */
  leased: fc.boolean(),
  damages: fc.array(damage, { minLength: 1, maxLength: 12 }),
  sweptFirst: fc.boolean(),
});

/**
 * Checks that after any damage to the index one audit and the runs that follow find every account when it is due, that each
 * lost account is told of once, and that nothing is found after that.
 */
export async function checkIndexRepair(open: OpenAccountStore, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(damagedStore, async ({ samples, moved, leased, damages, sweptFirst }) => {
      const opened = open();
      const { store, index, clock } = opened;
      await Promise.all(
        samples.map(({ create, nextCheckAt }, n) => store.create(create({ userId: userOf(n), nextCheckAt }))),
      );
      const writeBack = await index.snapshot();
      if (leased) await claimAll(store, { runId: 'dead' });
      for (const { n, at, ends } of moved) {
        const userId = userOf(n % samples.length);
        const account = await store.read(userId);
        if (account === undefined) continue;
        const to = ends ? ended(userId, 'retired', at) : sampleActive({ userId });
        await store.update(account, { ...to, nextCheckAt: at });
      }
      for (const one of damages) await inflict(opened, one, writeBack);

      const present = new Set((await index.entries()).map((entry) => JSON.stringify(entry)));
      const accounts = await allOf(opened);
      const lost = accounts.filter((account) => !present.has(JSON.stringify(entryOf(account))));
      const findings: Finding[] = [];
      if (sweptFirst) findings.push(...(await claimAll(store, { runId: 'first' })).findings);
      const audit = await auditAll(store);
      findings.push(...audit.findings);
      expect(audit.connected).toBe(accounts.filter(isConnected).length);

      // By now all accounts are due, and every lease has ended.
      clock.advance(3 * MINUTE + LEASE_MS);
      const swept = await claimAll(store, { runId: 'second' });
      findings.push(...swept.findings);
      expect(usersIn(swept.claimed)).toEqual(accounts.map(({ userId }) => userId).sort());
      const repaired = findings.filter(({ found }) => found === 'repaired').map(({ userId }) => userId);
      expect(repaired.sort()).toEqual(lost.map(({ userId }) => userId).sort());

      expect(await index.entries()).toEqual(entriesOf(await allOf(opened)));
      expect((await auditAll(store)).findings).toEqual([]);
      clock.advance(LEASE_MS);
      const again = await claimAll(store, { runId: 'third' });
      expect(again.findings).toEqual([]);
      expect(usersIn(again.claimed)).toEqual(accounts.map(({ userId }) => userId).sort());
    }),
    { numRuns },
  );
}

async function inflict(
  { index }: AccountStoreUnderTest,
  { what, n, ...more }: Damage,
  writeBack: readonly (() => Promise<void>)[],
): Promise<void> {
  const entries = await index.entries();
  const entry = entries[n % entries.length];
  const at = 'at' in more ? more.at : undefined;
  switch (what) {
    case 'drop':
      if (entry) await index.drop(entry.userId, entry.at);
      return;
    case 'move':
    case 'double':
      if (entry === undefined || at === undefined) return;
      if (what === 'move') await index.drop(entry.userId, entry.at);
      return index.put(entry.userId, at);
    case 'nobody':
      // Beyond the users of the samples.
      return at && index.put(userOf(100 + n), at);
    case 'restore-out-of-step':
      return writeBack[n % writeBack.length]?.();
    default:
      what satisfies never;
  }
}

const busyStore = fc.record({
  samples: fc.array(sample, { minLength: 1, maxLength: 10 }),
  runs: fc.array(fc.array(time, { minLength: 1, maxLength: 4 }), { minLength: 2, maxLength: 3 }),
  visits: fc.array(fc.nat(9), { maxLength: 10 }),
});

/** Checks that runs, audits and visits at the same time never repair an index that nobody damaged. */
export async function checkNoFalseRepair(open: OpenAccountStore, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(busyStore, async ({ samples, runs, visits }) => {
      const { store, index } = open();
      await Promise.all(
        samples.map(({ create, nextCheckAt }, n) => store.create(create({ userId: userOf(n), nextCheckAt }))),
      );
      const findings: Finding[] = [];
      const onFound = (finding: Finding) => void findings.push(finding);

      async function run(runId: string, times: readonly Date[]): Promise<void> {
        for (const at of times) {
          for (const shard of store.shards) {
            for await (const { account } of store.claimDue({ shard, runId, leaseMs: LEASE_MS, onFound })) {
              await store.update(account, { ...released(account), nextCheckAt: at }).catch(unlessConflict);
            }
          }
        }
      }
      async function visit(n: number): Promise<void> {
        const account = await store.read(userOf(n));
        if (account === undefined || !isConnected(account)) return;
        await store.update(account, seen(account, minutesFrom(n))).catch(unlessConflict);
      }

      await Promise.all([
        ...runs.map((times, n) => run(`run-${n}`, times)),
        ...visits.map(visit),
        ...runs.map(async () => void findings.push(...(await auditAll(store, 2)).findings)),
      ]);
      expect(foundIn(findings).filter((found) => found !== 'taken')).toEqual([]);
      expect(await index.entries()).toEqual(entriesOf(await allOf({ store })));
    }),
    { numRuns },
  );
}

const allOf = ({ store }: Pick<AccountStoreUnderTest, 'store'>): Promise<Stored[]> =>
  Array.fromAsync(store.list());

const entryOf = (account: Stored) => ({ userId: account.userId, at: dueAt(account) });
const foundIn = (findings: readonly Finding[]) => findings.map(({ found }) => found);
const usersIn = (claimed: readonly LeasedAccount[]): UserId[] =>
  claimed.map(({ account }) => account.userId).sort();

function unlessConflict(error: unknown): void {
  if (!(error instanceof ConflictError)) throw error;
}
