import { describe, expect, it } from 'vitest';
import { connectAccount } from '../../../../shared/account/connectAccount.ts';
import { tombstoneOf } from '../../../../shared/account/transitions.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { ConflictError, UnavailableError } from '../../../../shared/errors.ts';
import type { AccountStore, Caller } from '../../../../shared/ports.ts';
import { dueRowKey, partsOf } from '../../../../shared/userId.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { sampleAccount, someUser } from '../../../support/sampleAccount.ts';

const NOW = new Date('2026-11-20T09:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const SCHEDULE = { idleForMs: 60_000, minIntervalMs: 300_000, everyRun: false, retentionMs: 90 * DAY };
const STAY = { reconnect: false };

function setUp() {
  const accounts = createMemoryAccountStore();
  const userId = someUser();
  const clock = { now: NOW };
  const deps = { accounts, schedule: SCHEDULE, clock: clockOf(() => clock.now) };
  const caller: Caller = {
    userId,
    ...partsOf(userId),
    userPrincipalName: 'anna@contoso.example',
    expiresOn: new Date(NOW.getTime() + HOUR),
    assertion: 'an assertion',
  };
  return { accounts, userId, clock, deps, caller };
}

/** A store in which somebody else changes the row before every call of `method`. */
const busy = (accounts: AccountStore, method: 'create' | 'move'): AccountStore => ({
  ...accounts,
  [method]: () => Promise.reject(new ConflictError('Somebody else was faster.')),
});

describe('connectAccount', () => {
  it('makes the row of a user who is seen first: pending, due once they are idle, with no secret', async () => {
    const { accounts, userId, deps, caller } = setUp();
    const { account, was } = await connectAccount(deps, caller, STAY);
    expect(was).toBe('unknown');
    expect(account).toMatchObject({
      userId,
      state: 'pending',
      userPrincipalName: caller.userPrincipalName,
      homeAccountId: undefined,
      lastActivity: NOW,
      dueAt: new Date(NOW.getTime() + SCHEDULE.idleForMs),
      history: [],
    });
    expect(await accounts.read(userId)).toEqual(account);
  });

  it.each([
    'pending',
    'active',
    'needs-user',
    'retired',
  ] as const)('connects anew a damaged account that is %s', async (state) => {
    const { accounts, userId, deps, caller } = setUp();
    const before = await accounts.create(sampleAccount({ userId, state }));
    const damaged = { ...accounts, read: async () => ({ ...before, damaged: true as const }) };
    const { account, was } = await connectAccount({ ...deps, accounts: damaged }, caller, STAY);
    expect(was).toBe('ended');
    expect(account).toMatchObject({ state: 'pending', lastActivity: NOW });
    expect(account.generation).not.toBe(before.generation);
  });

  it('keeps a damaged account disconnected that is, and repairs it', async () => {
    const { accounts, userId, deps, caller } = setUp();
    const before = await accounts.create(tombstoneOf(userId, 'disconnected', new Date(0)));
    const damaged = { ...accounts, read: async () => ({ ...before, damaged: true as const }) };
    const { account, was } = await connectAccount({ ...deps, accounts: damaged }, caller, STAY);
    expect(was).toBe('unchanged');
    expect(account).toMatchObject({ state: 'disconnected', lastActivity: NOW });
  });

  it.each(['pending', 'active', 'needs-user'] as const)('leaves a user alone who is %s', async (state) => {
    const { accounts, userId, deps, caller } = setUp();
    const before = await accounts.create(sampleAccount({ userId, state }));
    for (const reconnect of [false, true]) {
      expect(await connectAccount(deps, caller, { reconnect })).toEqual({
        account: before,
        was: 'unchanged',
      });
    }
    expect(await accounts.read(userId)).toEqual(before);
  });

  it.each([
    ['retired', false],
    ['retired', true],
    ['disconnected', true],
  ] as const)('begins anew with a user who was %s (reconnect: %s)', async (state, reconnect) => {
    const { accounts, userId, deps, caller } = setUp();
    await accounts.create(tombstoneOf(userId, state, deps.clock.now()));
    const { account, was } = await connectAccount(deps, caller, { reconnect });
    expect(was).toBe('ended');
    expect(account).toMatchObject({ state: 'pending', history: [], attempts: 0, failure: undefined });
    expect([...accounts.dueRows.keys()]).toEqual([dueRowKey(account.dueAt, userId)]);
  });

  it('leaves a user disconnected who does not reconnect, and prolongs that once a day', async () => {
    const { accounts, userId, clock, deps, caller } = setUp();
    await accounts.create(tombstoneOf(userId, 'disconnected', deps.clock.now()));
    const prolonged: number[] = [];
    for (let hours = 0; hours <= 48; hours += 6) {
      clock.now = new Date(NOW.getTime() + hours * HOUR);
      const { account, was } = await connectAccount(deps, caller, STAY);
      expect([account.state, was]).toEqual(['disconnected', 'unchanged']);
      expect([...accounts.dueRows.keys()]).toEqual([dueRowKey(account.dueAt, userId)]);
      const since = (await accounts.read(userId))?.lastActivity.getTime() ?? 0;
      prolonged.push((since - NOW.getTime()) / DAY);
    }
    expect(prolonged).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2]);
  });

  it('gives every connection a generation of its own', async () => {
    const { accounts, userId, deps, caller } = setUp();
    const generations = new Set<string>();
    for (const state of ['retired', 'disconnected', 'retired'] as const) {
      const { account } = await connectAccount(deps, caller, { reconnect: true });
      expect((await connectAccount(deps, caller, STAY)).account.generation).toBe(account.generation);
      generations.add(account.generation);
      await accounts.move(account, tombstoneOf(userId, state, deps.clock.now()));
      expect((await accounts.read(userId))?.generation).toBe('');
    }
    expect(generations.size).toBe(3);
    expect(generations).not.toContain('');
  });

  it('reads again when somebody else made the row first', async () => {
    const { accounts, userId, deps, caller } = setUp();
    const theirs = sampleAccount({ userId });
    let made = 0;
    const raced: AccountStore = {
      ...accounts,
      async create(fields) {
        made += 1;
        await accounts.create(theirs);
        return accounts.create(fields);
      },
    };
    const { account, was } = await connectAccount({ ...deps, accounts: raced }, caller, STAY);
    expect([was, account.generation, made]).toEqual(['unchanged', theirs.generation, 1]);
  });

  it('gives up on a row that changes on every try', async () => {
    const { accounts, userId, deps, caller } = setUp();
    const unseen = { ...deps, accounts: busy(accounts, 'create') };
    await expect(connectAccount(unseen, caller, STAY)).rejects.toThrow(ConflictError);
    await accounts.create(tombstoneOf(userId, 'retired', deps.clock.now()));
    const retired = { ...deps, accounts: busy(accounts, 'move') };
    await expect(connectAccount(retired, caller, STAY)).rejects.toThrow(ConflictError);
    expect((await accounts.read(userId))?.state).toBe('retired');
  });

  it('reports an outage as an outage', async () => {
    const { accounts, deps, caller } = setUp();
    const down = { ...accounts, read: () => Promise.reject(new UnavailableError('accounts')) };
    await expect(connectAccount({ ...deps, accounts: down }, caller, STAY)).rejects.toThrow(UnavailableError);
  });
});
