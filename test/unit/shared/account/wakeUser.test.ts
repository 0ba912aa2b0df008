import { describe, expect, it } from 'vitest';
import type { Account } from '../../../../shared/account/account.ts';
import { wakeUser } from '../../../../shared/account/wakeUser.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { ConflictError } from '../../../../shared/errors.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { active, CONNECTED, LEASE, needsUser, pending, TOKENS, TOMBSTONES, USER } from './accounts.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW } from './scheduleTimes.ts';

async function storeOf(account?: Account) {
  const clock = clockOf(() => NOW);
  const accounts = createMemoryAccountStore({ clock });
  if (account) await accounts.create(account);
  return { accounts, clock };
}

describe('wakeUser', () => {
  it.each([
    active({ ...TOKENS, nextCheckAt: from(HOUR) }),
    pending({ nextCheckAt: from(HOUR) }),
  ])('makes an account due now: $state', async (account) => {
    const services = await storeOf(account);
    expect(await wakeUser(services, USER)).toBe('woken');
    expect(await services.accounts.read(USER)).toMatchObject({
      state: account.state,
      nextCheckAt: NOW,
      wokenAt: NOW,
    });
    expect(services.accounts.index.entries()).toEqual([{ userId: USER, at: NOW }]);
  });

  it('leaves an account that is due already where it is', async () => {
    const services = await storeOf(active({ nextCheckAt: ago(HOUR) }));
    expect(await wakeUser(services, USER)).toBe('woken');
    expect(await services.accounts.read(USER)).toMatchObject({ nextCheckAt: ago(HOUR), wokenAt: NOW });
  });

  it.each([
    [ago(0), 'too-soon'],
    [ago(MINUTE - 1), 'too-soon'],
    [ago(MINUTE), 'woken'],
    // A wrong clock must not keep the user asleep.
    [from(DAY), 'woken'],
  ] as const)('wakes at most once a minute: woken at %s', async (wokenAt, expected) => {
    const services = await storeOf(active({ nextCheckAt: from(HOUR), wokenAt }));
    expect(await wakeUser(services, USER)).toBe(expected);
  });

  it.each([
    ['not-connected', undefined],
    ...TOMBSTONES.map((account) => ['not-connected', account] as const),
    ['needs-user', needsUser()],
    ['being-checked', active({ lease: LEASE })],
    ['being-checked', active({ lease: { ...LEASE, until: ago(HOUR) } })],
  ] as const)('changes nothing otherwise: %s', async (expected, account) => {
    const services = await storeOf(account);
    const before = await services.accounts.read(USER);
    expect(await wakeUser(services, USER)).toBe(expected);
    expect(await services.accounts.read(USER)).toEqual(before);
  });

  it('lets one of many instances at the same time wake the user', async () => {
    const { accounts } = await storeOf(active({ nextCheckAt: from(HOUR) }));
    let asked = 0;
    const clock = clockOf(() => {
      asked += 1;
      return from(asked);
    });
    const results = await Promise.all(Array.from({ length: 8 }, () => wakeUser({ accounts, clock }, USER)));
    expect(results.toSorted()).toEqual([...Array(7).fill('too-soon'), 'woken']);
  });

  it('lets one of many at the same millisecond wake the user, with the stores in memory', async () => {
    const services = await storeOf(active({ nextCheckAt: from(HOUR) }));
    const results = await Promise.all(Array.from({ length: 8 }, () => wakeUser(services, USER)));
    expect(results.toSorted()).toEqual([...Array(7).fill('too-soon'), 'woken']);
  });

  it('says so if the account changes on every try', async () => {
    const { accounts } = await storeOf(active());
    accounts.update = () => Promise.reject(new ConflictError('changed'));
    await expect(wakeUser({ accounts, clock: clockOf(() => NOW) }, USER)).rejects.toThrow(ConflictError);
  });

  it('knows every state of a connected account', () => {
    expect(new Set(CONNECTED.map(({ state }) => state))).toEqual(
      new Set(['pending', 'active', 'needs-user']),
    );
  });
});
