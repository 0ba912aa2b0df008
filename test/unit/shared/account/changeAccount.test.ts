import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { type Account, attemptsOf, type Stored } from '../../../../shared/account/account.ts';
import { changeAccount } from '../../../../shared/account/changeAccount.ts';
import type { AccountStore } from '../../../../shared/accountStore.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { ConflictError, UnavailableError } from '../../../../shared/errors.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { active, USER } from './accounts.ts';

const clock = clockOf(() => new Date('2026-11-20T09:00:00Z'));
/** An account that was changed so many times. */
const changed = (times: number) => active({ trouble: { attempts: times } });
const timesOf = (account: Stored | undefined) => attemptsOf(account ?? changed(0));
const counted = (account: Stored | undefined): Account | 'keep' =>
  account === undefined ? 'keep' : changed(timesOf(account) + 1);

/** A store in which another operation writes first, the given number of times. It counts the reads. */
function busy(accounts: AccountStore, times: number) {
  const calls = { reads: 0, writes: 0 };
  const store: AccountStore = {
    ...accounts,
    read(...args) {
      calls.reads += 1;
      return accounts.read(...args);
    },
    async update(from, to, signal) {
      calls.writes += 1;
      if (calls.writes <= times) {
        const now = await accounts.read(from.userId);
        if (now !== undefined) await accounts.update(now, changed(timesOf(now) + 10));
      }
      return accounts.update(from, to, signal);
    },
  };
  return { store, calls };
}

describe('changeAccount', () => {
  it('writes what the transition makes of the account as it is', async () => {
    const accounts = createMemoryAccountStore({ clock });
    const before = await accounts.create(changed(1));
    const change = await changeAccount({ accounts, clock }, before.userId, counted);
    expect(change).toEqual({ before, account: await accounts.read(before.userId), changed: true });
    expect(timesOf(change.account)).toBe(2);
  });

  it('creates an account that is not there, and leaves it uncreated if the transition keeps that', async () => {
    const accounts = createMemoryAccountStore({ clock });
    const nothing = { before: undefined, account: undefined, changed: false };
    expect(await changeAccount({ accounts, clock }, USER, counted)).toEqual(nothing);
    const created = await changeAccount({ accounts, clock }, USER, () => changed(0));
    expect(created).toMatchObject({ before: undefined, account: { userId: USER }, changed: true });
  });

  it('decides again on what another operation wrote', async () => {
    const accounts = createMemoryAccountStore({ clock });
    const { userId } = await accounts.create(changed(1));
    const { store, calls } = busy(accounts, 2);
    const change = await changeAccount({ accounts: store, clock }, userId, counted);
    expect(timesOf(change.account)).toBe(22);
    expect(calls).toEqual({ reads: 3, writes: 3 });
  });

  it('reads nothing for the first try on what is known', async () => {
    const accounts = createMemoryAccountStore({ clock });
    const known = await accounts.create(changed(0));
    const { store, calls } = busy(accounts, 0);
    await changeAccount({ accounts: store, clock }, known.userId, counted, { known });
    expect(calls).toEqual({ reads: 0, writes: 1 });
  });

  it('gives up after eight tries', async () => {
    const accounts = createMemoryAccountStore({ clock });
    const { userId } = await accounts.create(changed(0));
    const { store, calls } = busy(accounts, 100);
    await expect(changeAccount({ accounts: store, clock }, userId, counted)).rejects.toThrow(ConflictError);
    expect(calls.writes).toBe(8);
  });

  it('waits a random time between two tries, up to twice as long each time', async () => {
    const accounts = createMemoryAccountStore({ clock });
    const { userId } = await accounts.create(changed(0));
    const { store } = busy(accounts, 3);
    const waited: number[] = [];
    const random = clockOf(clock.now, {
      random: () => 0.5,
      after(ms, act) {
        waited.push(ms);
        queueMicrotask(act);
        return () => undefined;
      },
    });
    await changeAccount({ accounts: store, clock: random }, userId, counted);
    expect(waited).toEqual([5, 10, 20]);
  });

  it('ends with the signal while it waits between two tries, as a call of the store does', async () => {
    const accounts = createMemoryAccountStore({ clock });
    const { userId } = await accounts.create(changed(0));
    const { store, calls } = busy(accounts, 1);
    const ending = new AbortController();
    const cancelled: number[] = [];
    const asleep = clockOf(clock.now, {
      random: () => 0.5,
      after(ms) {
        queueMicrotask(() => ending.abort(new Error('the run is over')));
        return () => void cancelled.push(ms);
      },
    });
    const { signal } = ending;
    const change = changeAccount({ accounts: store, clock: asleep }, userId, counted, { signal });
    await expect(change).rejects.toThrow(UnavailableError);
    await expect(change).rejects.toMatchObject({ dependency: 'accounts', cause: signal.reason });
    expect(cancelled).toEqual([5]);
    expect(calls).toEqual({ reads: 1, writes: 1 });
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('passes on that the store cannot be reached', async () => {
    const accounts = createMemoryAccountStore({ clock });
    const read = () => Promise.reject(new UnavailableError('accounts'));
    const change = changeAccount({ accounts: { ...accounts, read }, clock }, USER, counted);
    await expect(change).rejects.toThrow(UnavailableError);
  });
});
