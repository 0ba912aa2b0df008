import { describe, expect, it } from 'vitest';
import { connectAccount } from '../../../../shared/account/connectAccount.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { nowByStore, tokenByStore } from '../../../../shared/account/nowByStore.ts';
import { recordVisit } from '../../../../shared/account/visit.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { createTestApp } from '../../../support/testApp.ts';
import { active, USER } from './accounts.ts';
import { CALLER, token } from './everyTransition.ts';
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

  it('dates the end of a new token, and leaves that of a cached one, and that of the grant', () => {
    const ends = { expiresOn: NOW, refreshTokenExpiresOn: from(DAY) };
    const late = { expiresOn: from(DAY), refreshTokenExpiresOn: from(DAY) };
    expect(tokenByStore(setUp(DAY), token(ends))).toMatchObject(late);
    expect(tokenByStore(setUp(DAY), token({ ...ends, source: 'cache' }))).toMatchObject(ends);
    expect(tokenByStore(setUp(5 * MINUTE), token(ends))).toMatchObject(ends);
  });

  it('dates what a visit brought', async () => {
    const services = { ...createTestApp({ clock }), ...setUp(-DAY) };
    const begun = await services.accounts.create(active({ lastActivity: from(-2 * DAY) }));
    const brought = token({ expiresOn: from(60 * MINUTE), refreshTokenExpiresOn: from(DAY) });
    await recordVisit(services, { log: () => undefined }, CALLER, begun, brought);
    expect(await services.accounts.read(USER)).toMatchObject({
      lastActivity: from(-DAY),
      expiresOn: from(60 * MINUTE - DAY),
      refreshTokenExpiresOn: from(DAY),
    });
  });

  it('dates a new connection', async () => {
    const services = setUp(-100 * DAY);
    const { account } = await connectAccount(services, caller, { reconnect: false });
    expect(account).toMatchObject({ state: 'pending', lastActivity: from(-100 * DAY) });
  });
});
