import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { changeAccount } from '../../../../shared/account/changeAccount.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { ConflictError, UnavailableError } from '../../../../shared/errors.ts';
import type { Account, AccountStore } from '../../../../shared/ports.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { sampleAccount, someUser } from '../../../support/sampleAccount.ts';

const clock = clockOf(() => new Date('2026-11-20T09:00:00Z'));
const counted = (account: Account | undefined) =>
  account === undefined ? 'keep' : { ...account, attempts: account.attempts + 1 };

/** A store in which another operation writes first, the given number of times. It counts the reads. */
function busy(accounts: AccountStore, times: number) {
  const calls = { reads: 0, writes: 0 };
  const store: AccountStore = {
    ...accounts,
    read(...args) {
      calls.reads += 1;
      return accounts.read(...args);
    },
    async move(from, to, signal) {
      calls.writes += 1;
      if (calls.writes <= times) {
        const now = await accounts.read(from.userId);
        if (now !== undefined) await accounts.move(now, { ...now, attempts: now.attempts + 10 });
      }
      return accounts.move(from, to, signal);
    },
  };
  return { store, calls };
}

describe('changeAccount', () => {
  it('writes what the transition makes of the account as it is', async () => {
    const accounts = createMemoryAccountStore();
    const before = await accounts.create(sampleAccount({ attempts: 1 }));
    const change = await changeAccount({ accounts, clock }, before.userId, counted);
    expect(change).toEqual({ before, account: await accounts.read(before.userId), changed: true });
    expect(change.account).toMatchObject({ attempts: 2 });
  });

  it('creates an account that is not there, and leaves it uncreated if the transition keeps that', async () => {
    const accounts = createMemoryAccountStore();
    const userId = someUser();
    const nothing = { before: undefined, account: undefined, changed: false };
    expect(await changeAccount({ accounts, clock }, userId, counted)).toEqual(nothing);
    const created = await changeAccount({ accounts, clock }, userId, () => sampleAccount({ userId }));
    expect(created).toMatchObject({ before: undefined, account: { userId }, changed: true });
  });

  it('decides again on what another operation wrote', async () => {
    const accounts = createMemoryAccountStore();
    const { userId } = await accounts.create(sampleAccount({ attempts: 1 }));
    const { store, calls } = busy(accounts, 2);
    const change = await changeAccount({ accounts: store, clock }, userId, counted);
    expect(change.account).toMatchObject({ attempts: 22 });
    expect(calls).toEqual({ reads: 3, writes: 3 });
  });

  it('reads nothing for the first try on what is known', async () => {
    const accounts = createMemoryAccountStore();
    const known = await accounts.create(sampleAccount());
    const { store, calls } = busy(accounts, 0);
    await changeAccount({ accounts: store, clock }, known.userId, counted, { known });
    expect(calls).toEqual({ reads: 0, writes: 1 });
  });

  it('gives up after eight tries', async () => {
    const accounts = createMemoryAccountStore();
    const { userId } = await accounts.create(sampleAccount());
    const { store, calls } = busy(accounts, 100);
    await expect(changeAccount({ accounts: store, clock }, userId, counted)).rejects.toThrow(ConflictError);
    expect(calls.writes).toBe(8);
  });

  it('waits a random time between two tries, up to twice as long each time', async () => {
    const accounts = createMemoryAccountStore();
    const { userId } = await accounts.create(sampleAccount());
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
    const accounts = createMemoryAccountStore();
    const { userId } = await accounts.create(sampleAccount());
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
    const accounts = createMemoryAccountStore();
    const read = () => Promise.reject(new UnavailableError('accounts'));
    const change = changeAccount({ accounts: { ...accounts, read }, clock }, someUser(), counted);
    await expect(change).rejects.toThrow(UnavailableError);
  });
});
