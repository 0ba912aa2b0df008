import { describe, expect, it } from 'vitest';
import { connectAccount } from '../../../../shared/account/connectAccount.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { nowByStore } from '../../../../shared/account/nowByStore.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { active, USER } from './accounts.ts';
import { DAY, from, MINUTE, NOW, SETTINGS } from './scheduleTimes.ts';

const clock = clockOf(() => NOW);

function setUp(aheadMs: number | undefined) {
  const accounts = { ...createMemoryAccountStore({ clock }), clockAheadMs: () => aheadMs };
  return { accounts, clock, schedule: SETTINGS, tokenCache: createMemoryTokenCacheStore() };
}

const caller = { userId: USER, userPrincipalName: undefined } as Parameters<typeof connectAccount>[1];

describe('nowByStore', () => {
  it.each([
    undefined,
    0,
    5 * MINUTE,
    -5 * MINUTE,
  ])("is this machine's time if it may be right: %s", (ahead) => {
    expect(nowByStore(setUp(ahead))).toEqual(NOW);
  });

  it.each([
    5 * MINUTE + 1,
    -5 * MINUTE - 1,
    100 * DAY,
    -100 * DAY,
  ])("is the store's time otherwise: %s", (ahead) => {
    expect(nowByStore(setUp(ahead))).toEqual(from(ahead));
  });

  it.each(['disconnected', 'retired'] as const)('dates the end of an account: %s', async (as) => {
    const services = setUp(100 * DAY);
    await services.accounts.create(active());
    await endAccount(services, USER, as);
    expect(await services.accounts.read(USER)).toMatchObject({ state: as, since: from(100 * DAY) });
  });

  it('dates a new connection', async () => {
    const services = setUp(-100 * DAY);
    const { account } = await connectAccount(services, caller, { reconnect: false });
    expect(account).toMatchObject({ state: 'pending', lastActivity: from(-100 * DAY) });
  });
});
