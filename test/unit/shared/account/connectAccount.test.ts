import { describe, expect, it } from 'vitest';
import { type Account, type Damaged, isConnected, type Stored } from '../../../../shared/account/account.ts';
import { connectAccount, findAccount } from '../../../../shared/account/connectAccount.ts';
import { ended } from '../../../../shared/account/transitions.ts';
import type { AccountStore } from '../../../../shared/accountStore.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { ConflictError, UnavailableError } from '../../../../shared/errors.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { active, CONNECTED, damaged, pending, USER } from './accounts.ts';
import { CALLER } from './everyTransition.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW, SETTINGS } from './scheduleTimes.ts';

const STAY = { reconnect: false };

function setUp() {
  const time = { now: NOW };
  const clock = clockOf(() => time.now, { newId: createTestClock().newId });
  const accounts = createMemoryAccountStore({ clock });
  return { accounts, time, services: { accounts, schedule: SETTINGS, clock } };
}

/** A store in which another operation writes first before every call of `method`. */
const busy = (accounts: AccountStore, method: 'create' | 'update'): AccountStore => ({
  ...accounts,
  [method]: () => Promise.reject(new ConflictError('Another operation was faster.')),
});

/** A store whose row was edited, until somebody writes it. */
function damagedStore(accounts: AccountStore, stored: Stored<Account>, was: Damaged['was']): AccountStore {
  return {
    ...accounts,
    async read(userId) {
      const now = await accounts.read(userId);
      return now?.etag === stored.etag ? { ...damaged(was), etag: now.etag } : now;
    },
    update: (before, to) => accounts.update(before.state === 'damaged' ? stored : before, to),
  };
}

const generationOf = (account: Stored | undefined) =>
  account !== undefined && isConnected(account) ? account.generation : undefined;

describe('connectAccount', () => {
  it('creates the account of a user who is seen first: pending, and due once they are idle', async () => {
    const { accounts, services } = setUp();
    const { account, was } = await connectAccount(services, CALLER, STAY);
    expect(was).toBe('unknown');
    expect(account).toMatchObject({
      userId: USER,
      state: 'pending',
      userPrincipalName: CALLER.userPrincipalName,
      lastActivity: NOW,
      nextCheckAt: from(MINUTE),
      history: [],
    });
    expect(await accounts.read(USER)).toEqual(account);
  });

  it.each([
    ['connected', false],
    ['connected', true],
    ['retired', false],
    ['retired', true],
    ['disconnected', true],
  ] as const)('connects a damaged account anew (%s, reconnect: %s)', async (wasWhat, reconnect) => {
    const { accounts, services } = setUp();
    const before = await accounts.create(pending());
    const edited = { ...services, accounts: damagedStore(accounts, before, wasWhat) };
    const { account, was } = await connectAccount(edited, CALLER, { reconnect });
    expect(was).toBe('ended');
    expect(account).toMatchObject({ state: 'pending', lastActivity: NOW });
    expect(generationOf(account)).not.toBe(generationOf(before));
    expect(await accounts.read(USER)).toEqual(account);
  });

  it('keeps a damaged account disconnected, and repairs it', async () => {
    const { accounts, services } = setUp();
    const before = await accounts.create(ended(USER, 'disconnected', ago(30 * DAY)));
    const edited = { ...services, accounts: damagedStore(accounts, before, 'disconnected') };
    const { account, was } = await connectAccount(edited, CALLER, STAY);
    expect(was).toBe('unchanged');
    expect(account).toMatchObject(ended(USER, 'disconnected', NOW));
    expect(await accounts.read(USER)).toEqual(account);
  });

  it.each(CONNECTED)('changes nothing of a user who is $state', async (connected) => {
    const { accounts, services } = setUp();
    const before = await accounts.create(connected);
    for (const reconnect of [false, true]) {
      const { account, was } = await connectAccount(services, CALLER, { reconnect });
      expect(was).toBe('unchanged');
      expect(account).toEqual({ ...before, etag: reconnect ? expect.any(String) : before.etag });
    }
    expect(await accounts.read(USER)).toEqual({ ...before, etag: expect.any(String) });
  });

  it('restores the entry of an account in the index, if the user connects again', async () => {
    const { accounts, services } = setUp();
    const { nextCheckAt } = await accounts.create(active());
    accounts.index.drop(USER, nextCheckAt);
    await connectAccount(services, CALLER, { reconnect: true });
    expect(accounts.index.entries()).toMatchObject([{ userId: USER }]);
  });

  it.each([
    ['retired', false],
    ['retired', true],
    ['disconnected', true],
  ] as const)('connects a user anew who was %s (reconnect: %s)', async (state, reconnect) => {
    const { accounts, services } = setUp();
    await accounts.create(ended(USER, state, NOW));
    const { account, was } = await connectAccount(services, CALLER, { reconnect });
    expect(was).toBe('ended');
    expect(account).toMatchObject({ state: 'pending', history: [], nextCheckAt: from(MINUTE) });
    expect(account).not.toHaveProperty('trouble');
    expect(await accounts.read(USER)).toEqual(account);
  });

  it('keeps a user disconnected who does not reconnect, and extends that once a day', async () => {
    const { accounts, time, services } = setUp();
    const before = await accounts.create(ended(USER, 'disconnected', NOW));
    const extended: number[] = [];
    for (let hours = 0; hours <= 48; hours += 6) {
      time.now = from(hours * HOUR);
      const { account, was } = await connectAccount(services, CALLER, STAY);
      expect([account.state, was]).toEqual(['disconnected', 'unchanged']);
      const now = await accounts.read(USER);
      expect(now?.nextCheckAt).toEqual(before.nextCheckAt);
      extended.push(now?.state === 'disconnected' ? (now.since.getTime() - NOW.getTime()) / DAY : Number.NaN);
    }
    expect(extended).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2]);
  });

  it('does not extend a disconnection that the user has just ended elsewhere', async () => {
    const { accounts, services } = setUp();
    await accounts.create(ended(USER, 'disconnected', ago(2 * DAY)));
    const raced: AccountStore = {
      ...accounts,
      async update(before, to) {
        if (to.state !== 'disconnected') return accounts.update(before, to);
        await connectAccount(services, CALLER, { reconnect: true });
        return accounts.update(before, to);
      },
    };
    await connectAccount({ ...services, accounts: raced }, CALLER, STAY);
    expect(await accounts.read(USER)).toMatchObject({ state: 'pending' });
  });

  it('gives every connection a generation of its own', async () => {
    const { accounts, services } = setUp();
    const generations = new Set<string | undefined>();
    for (const state of ['retired', 'disconnected', 'retired'] as const) {
      const { account } = await connectAccount(services, CALLER, { reconnect: true });
      const again = await connectAccount(services, CALLER, STAY);
      expect(generationOf(again.account)).toBe(generationOf(account));
      generations.add(generationOf(account));
      await accounts.update(account, ended(USER, state, NOW));
    }
    expect(generations.size).toBe(3);
    expect(generations).not.toContain(undefined);
  });

  it('reads again when another operation created the account first', async () => {
    const { accounts, services } = setUp();
    let creates = 0;
    const raced: AccountStore = {
      ...accounts,
      async create(account) {
        creates += 1;
        await accounts.create(pending());
        return accounts.create(account);
      },
    };
    const { account, was } = await connectAccount({ ...services, accounts: raced }, CALLER, STAY);
    expect([was, generationOf(account), creates]).toEqual(['unchanged', 'generation-1', 1]);
  });

  it('gives up on an account that changes on every try', async () => {
    const { accounts, services } = setUp();
    const connect = (method: 'create' | 'update') =>
      connectAccount({ ...services, accounts: busy(accounts, method) }, CALLER, STAY);
    await expect(connect('create')).rejects.toThrow(ConflictError);
    await accounts.create(ended(USER, 'retired', NOW));
    await expect(connect('update')).rejects.toThrow(ConflictError);
    expect((await accounts.read(USER))?.state).toBe('retired');
  });

  it('passes on that the store cannot be reached', async () => {
    const { accounts, services } = setUp();
    const down = { ...accounts, read: () => Promise.reject(new UnavailableError('accounts')) };
    const connecting = connectAccount({ ...services, accounts: down }, CALLER, STAY);
    await expect(connecting).rejects.toThrow(UnavailableError);
  });
});

describe('findAccount', () => {
  it('creates no account', async () => {
    const { accounts, services } = setUp();
    expect(await findAccount(services, CALLER)).toEqual({ account: undefined, was: 'unchanged' });
    expect(await Array.fromAsync(accounts.list())).toEqual([]);
    expect(accounts.index.entries()).toEqual([]);
  });

  it.each(CONNECTED)('leaves a user connected who is $state', async (connected) => {
    const { accounts, services } = setUp();
    const before = await accounts.create(connected);
    expect(await findAccount(services, CALLER)).toEqual({ account: before, was: 'unchanged' });
    expect(await accounts.read(USER)).toEqual(before);
  });

  it.each(['retired', 'disconnected'] as const)('does not connect a user who is %s', async (state) => {
    const { accounts, services } = setUp();
    const before = await accounts.create(ended(USER, state, NOW));
    expect(await findAccount(services, CALLER)).toEqual({ account: before, was: 'unchanged' });
    expect(await accounts.read(USER)).toEqual(before);
  });

  it('extends a disconnection, because visits may connect users some day', async () => {
    const { accounts, services } = setUp();
    await accounts.create(ended(USER, 'disconnected', ago(2 * DAY)));
    await findAccount(services, CALLER);
    expect(await accounts.read(USER)).toMatchObject({ state: 'disconnected', since: NOW });
  });

  it('makes a damaged connection anew, because the user has asked for it', async () => {
    const { accounts, services } = setUp();
    const before = await accounts.create(pending());
    const edited = { ...services, accounts: damagedStore(accounts, before, 'connected') };
    const { account, was } = await findAccount(edited, CALLER);
    expect([account?.state, was]).toEqual(['pending', 'ended']);
    expect(generationOf(account)).not.toBe(generationOf(before));
  });

  it.each([
    'retired',
    'disconnected',
  ] as const)('repairs a damaged tombstone as what it was: %s', async (state) => {
    const { accounts, services } = setUp();
    const before = await accounts.create(ended(USER, state, ago(30 * DAY)));
    const edited = { ...services, accounts: damagedStore(accounts, before, state) };
    expect(await findAccount(edited, CALLER)).toMatchObject({ account: { state }, was: 'unchanged' });
    expect(await accounts.read(USER)).toMatchObject(ended(USER, state, NOW));
  });
});
