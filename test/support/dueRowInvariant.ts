import fc from 'fast-check';
import { expect } from 'vitest';
import { ConflictError } from '../../shared/errors.ts';
import type { Account, AccountFields, DueRow } from '../../shared/ports.ts';
import { dueRowKey, toUserId, type UserId } from '../../shared/userId.ts';
import { dueRowOf, type OpenAccountStore } from './accountStoreUnderTest.ts';
import { sampleAccount } from './sampleAccount.ts';

const USERS = [1, 2].map((n) =>
  toUserId({ tid: '00000000-0000-4000-8000-000000000000', oid: `00000000-0000-4000-8000-00000000000${n}` }),
);
const ACTORS = 3;
/** Few, so that users come back to where they were. */
const TIMES = [0, 1, 2, 3].map((second) => new Date(`2026-11-20T09:00:0${second}Z`));

/** What an actor remembers of a user, however old. */
type Memory = { account?: Account | undefined; due?: DueRow | undefined };

const OPERATIONS = [
  'look',
  'create',
  'see',
  'claim',
  'settle',
  'needs-user',
  'retire',
  'revive',
  'erase',
] as const;
type Step = { actor: number; user: number; operation: (typeof OPERATIONS)[number]; time: number };

const step: fc.Arbitrary<Step> = fc.record({
  actor: fc.nat(ACTORS - 1),
  user: fc.nat(USERS.length - 1),
  operation: fc.constantFrom(...OPERATIONS),
  time: fc.nat(TIMES.length - 1),
});

/** Steps taken one after the other, each by up to three actors at once. */
const story = fc.array(fc.array(step, { minLength: 1, maxLength: ACTORS }), { minLength: 1, maxLength: 25 });

/**
 * Checks, over random stories of actors who act on what they remember, that after every step each user has exactly
 * one due row, named by the account's `dueAt`, and a user who is not there has none.
 */
export async function checkDueRowInvariant(open: OpenAccountStore, numRuns: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(story, async (steps) => {
      const { store, dueRowKeys } = open();
      const memories = Array.from({ length: ACTORS }, () => USERS.map((): Memory => ({})));

      async function take({ actor, user, operation, time }: Step): Promise<void> {
        const userId = USERS[user] as UserId;
        const memory = memories[actor]?.[user] as Memory;
        const dueAt = TIMES[time] as Date;
        const move = async (change: Partial<AccountFields>) => {
          if (memory.account)
            memory.account = await store.move(memory.account, { ...memory.account, ...change });
        };
        switch (operation) {
          case 'look':
            memory.account = await store.read(userId);
            memory.due = (await dueRowOf(store, userId)) ?? memory.due;
            return;
          case 'create':
            memory.account = await store.create(sampleAccount({ userId, dueAt, state: 'pending' }));
            return;
          case 'see':
            return move({ lastActivity: dueAt });
          case 'claim':
            if (memory.due) {
              const lease = { runId: `run-${actor}`, until: dueAt };
              const claimed = await store.claim(memory.due, lease);
              if (claimed === 'nobody') await store.removeDue([memory.due]);
              else if (typeof claimed === 'string')
                throw new Error(`an account is ${claimed} that nobody damaged`);
              else memory.account = claimed?.account ?? memory.account;
            }
            return;
          case 'settle':
            return move({ state: 'active', dueAt, runId: undefined });
          case 'needs-user':
            return move({ state: 'needs-user', dueAt, runId: undefined });
          case 'retire':
            return move({ state: 'retired', dueAt, runId: undefined });
          case 'revive':
            return move({ ...sampleAccount({ userId, dueAt }), state: 'active' });
          case 'erase':
            if (memory.account) await store.erase(memory.account);
            return;
          default:
            operation satisfies never;
        }
      }

      for (const together of steps) {
        await Promise.all(together.map((one) => take(one).catch(unlessConflict)));
        const accounts = await Promise.all(USERS.map((userId) => store.read(userId)));
        const named = accounts.flatMap((account) =>
          account ? [dueRowKey(account.dueAt, account.userId)] : [],
        );
        expect(await dueRowKeys()).toEqual(named.sort());
      }
    }),
    { numRuns },
  );
}

function unlessConflict(error: unknown): void {
  if (!(error instanceof ConflictError)) throw error;
}
