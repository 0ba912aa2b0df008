import { describe, expect, it } from 'vitest';
import type { Account, Damaged } from '../../../../shared/account/account.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { decideReplay, type LoggedEnd, replayEnd } from '../../../../shared/operators/replayEnd.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { active, damaged, needsUser, pending, tombstone, USER } from '../account/accounts.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW } from '../account/scheduleTimes.ts';

/** When the account ended, as the log says. */
const ENDED = ago(HOUR);
const disconnected: LoggedEnd = { as: 'disconnected', at: ENDED };
const retired: LoggedEnd = { as: 'retired', at: ENDED };
const afterEnd = (ms: number) => new Date(ENDED.getTime() + ms);

/** Connected that long after the end, and not seen since. */
const connectedAfter = (ms: number) => active({ connectedAt: afterEnd(ms), lastActivity: afterEnd(ms) });
/** Connected the day before the end, and seen that long after it. */
const seenAfter = (ms: number) => active({ connectedAt: ago(DAY), lastActivity: afterEnd(ms) });
/** The same, connected by an earlier release. */
const formerly = <A extends { connectedAt?: Date }>({ connectedAt: _, ...account }: A) => account;

describe('decideReplay', () => {
  it.each<[string, Account | Damaged, LoggedEnd, string]>([
    ['a connection from before', seenAfter(-MINUTE), disconnected, 'end'],
    ['a connection from before', seenAfter(-MINUTE), retired, 'end'],
    ['one that was not exchanged yet', pending({ lastActivity: afterEnd(-MINUTE) }), disconnected, 'end'],
    ['one that needs the user', needsUser({ lastActivity: afterEnd(-MINUTE) }), retired, 'end'],
    ['a visit since, which is no wish to be connected', seenAfter(30 * MINUTE), disconnected, 'end'],
    ['a visit since, which connects a retired user', seenAfter(30 * MINUTE), retired, 'newer'],
    ['a connection since', connectedAfter(30 * MINUTE), disconnected, 'newer'],
    ['a connection since', connectedAfter(30 * MINUTE), retired, 'newer'],
    ['a time that a wrong clock may have written', connectedAfter(5 * MINUTE), disconnected, 'end'],
    ['a time that none can have written', connectedAfter(5 * MINUTE + 1), disconnected, 'newer'],
    ['a time that a wrong clock may have written', seenAfter(5 * MINUTE), retired, 'end'],
    ['a time that none can have written', seenAfter(5 * MINUTE + 1), retired, 'newer'],
    ['an earlier release, by its oldest time', formerly(seenAfter(-MINUTE)), disconnected, 'end'],
    [
      'an earlier release, with a check from before',
      formerly(seenAfter(30 * MINUTE)),
      disconnected,
      // Its history has a check half an hour after the end.
      'newer',
    ],
    [
      'an earlier release, with a check from before',
      formerly({ ...seenAfter(30 * MINUTE), lastRefreshed: ago(2 * HOUR) }),
      disconnected,
      'end',
    ],
    ['the same tombstone', tombstone('disconnected', ago(DAY)), disconnected, 'ended'],
    ['the same tombstone', tombstone('retired', ago(DAY)), retired, 'ended'],
    ['a wish that the store has not', tombstone('retired', ago(DAY)), disconnected, 'end'],
    ['a wish that the store has not', tombstone('retired', NOW), disconnected, 'end'],
    ['a wish that an operator erased', tombstone('disconnected', ago(DAY)), retired, 'end'],
    ['a wish that is newer', tombstone('disconnected', NOW), retired, 'newer'],
    ['a damaged account', damaged('connected'), disconnected, 'end'],
    ['a damaged account', damaged('disconnected'), retired, 'end'],
  ])('of %s', (_why, account, end, decision) => {
    expect(decideReplay({ ...account, etag: 'etag' }, end)).toBe(decision);
  });
});

describe('replayEnd', () => {
  async function setUp(account: Account | undefined) {
    const clock = clockOf(() => NOW);
    const accounts = createMemoryAccountStore({ clock });
    const tokenCache = createMemoryTokenCacheStore();
    if (account !== undefined) await accounts.create(account);
    await tokenCache.write(USER, 'sealed', undefined);
    return { accounts, tokenCache, services: { accounts, tokenCache, clock } };
  }

  it('remembers a disconnection since it was asked for, and deletes the cache', async () => {
    const { accounts, tokenCache, services } = await setUp(seenAfter(-MINUTE));
    expect(await replayEnd(services, USER, disconnected)).toBe('end');
    const tombstone = { state: 'disconnected', userId: USER, since: ENDED, nextCheckAt: from(10 * MINUTE) };
    expect(await accounts.read(USER)).toStrictEqual({ ...tombstone, etag: expect.any(String) });
    expect(await tokenCache.read(USER)).toBeUndefined();
    const after = await accounts.read(USER);
    expect(await replayEnd(services, USER, disconnected)).toBe('ended');
    expect(await accounts.read(USER)).toEqual(after);
  });

  it('retires again from now on', async () => {
    const { accounts, tokenCache, services } = await setUp(seenAfter(-MINUTE));
    expect(await replayEnd(services, USER, retired)).toBe('end');
    expect(await accounts.read(USER)).toMatchObject({ state: 'retired', since: NOW });
    expect(await tokenCache.read(USER)).toBeUndefined();
  });

  it('leaves a newer account and its cache alone', async () => {
    const { accounts, tokenCache, services } = await setUp(connectedAfter(30 * MINUTE));
    const before = await accounts.read(USER);
    expect(await replayEnd(services, USER, disconnected)).toBe('newer');
    expect(await accounts.read(USER)).toEqual(before);
    expect(await tokenCache.read(USER)).toBeDefined();
  });

  it('decides by what is stored when it writes', async () => {
    const { accounts, services } = await setUp(seenAfter(-MINUTE));
    const meddled = {
      ...accounts,
      async update(...[before, to]: Parameters<typeof accounts.update>) {
        await accounts.update(before, connectedAfter(30 * MINUTE));
        return accounts.update(before, to);
      },
    };
    expect(await replayEnd({ ...services, accounts: meddled }, USER, disconnected)).toBe('newer');
    expect(await accounts.read(USER)).toMatchObject({ state: 'active' });
  });

  it('goes on where it stopped', async () => {
    const { accounts, tokenCache, services } = await setUp(seenAfter(-MINUTE));
    const down = () => Promise.reject(new UnavailableError('token-cache'));
    const faulty = { ...services, tokenCache: { ...tokenCache, remove: down } };
    await expect(replayEnd(faulty, USER, disconnected)).rejects.toThrow(UnavailableError);
    expect(await accounts.read(USER)).toMatchObject({ state: 'disconnected' });
    expect(await replayEnd(services, USER, disconnected)).toBe('end');
    expect(await tokenCache.read(USER)).toBeUndefined();
  });
});
