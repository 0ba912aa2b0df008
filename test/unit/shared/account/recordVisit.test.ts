import { describe, expect, it } from 'vitest';
import { ended } from '../../../../shared/account/transitions.ts';
import { recordVisit } from '../../../../shared/account/visit.ts';
import type { AccountStore } from '../../../../shared/accountStore.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTokenCacheStore } from '../../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { createTestApp } from '../../../support/testApp.ts';
import { active, damaged, USER } from './accounts.ts';
import { CALLER, token } from './everyTransition.ts';
import { NOW } from './scheduleTimes.ts';

const clock = clockOf(() => NOW);

/** A visit that has stored a cache. `become` is what happens to the account before the visit is recorded. */
async function visit(become: (accounts: AccountStore) => Promise<AccountStore>) {
  const accounts = createMemoryAccountStore({ clock });
  const tokenCache = createMemoryTokenCacheStore();
  const { etag } = await accounts.create(active());
  const written = await tokenCache.write(USER, 'sealed', undefined);
  const app = createTestApp({ clock, tokenCache, accounts: await become(accounts) });
  const log = () => undefined;
  await recordVisit(app, { log }, CALLER, { ...active(), etag }, token({ written }));
  return { account: await accounts.read(USER), cache: await tokenCache.read(USER) };
}

const writing = (account: Parameters<AccountStore['update']>[1]) => async (accounts: AccountStore) => {
  const now = await accounts.read(USER);
  if (now !== undefined) await accounts.update(now, account);
  return accounts;
};

describe('a visit that stored a cache', () => {
  it('is recorded on the account as it is by then', async () => {
    const { account, cache } = await visit(writing(active({ trouble: { attempts: 2 } })));
    expect(account).toMatchObject({ state: 'active', lastActivity: NOW, homeAccountId: 'home-2' });
    expect(account).not.toHaveProperty('trouble');
    expect(cache).toBeDefined();
  });

  it.each([
    ['the account ended', ended(USER, 'disconnected', NOW)],
    ['the user was connected anew', active({ generation: 'generation-2' })],
  ])('deletes the cache if %s meanwhile', async (_, now) => {
    const { account, cache } = await visit(writing(now));
    expect(account).toMatchObject(now);
    expect(cache).toBeUndefined();
  });

  it('leaves the cache if the account became damaged meanwhile', async () => {
    const { account, cache } = await visit(async (accounts) => {
      await writing(active({ history: [] }))(accounts);
      return { ...accounts, read: async () => ({ ...damaged('connected'), etag: 'etag-9' }) };
    });
    expect(account).toMatchObject(active({ history: [] }));
    expect(cache).toBeDefined();
  });
});
