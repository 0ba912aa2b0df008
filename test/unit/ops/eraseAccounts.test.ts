import { describe, expect, it } from 'vitest';
import { eraseAccounts } from '../../../ops/eraseAccounts.ts';
import { orphans } from '../../../ops/orphans.ts';
import { createMemoryAccountStore } from '../../../shared/adapters/memory/memoryAccountStore.ts';
import { see } from '../../support/accountStoreUnderTest.ts';
import { NEIGHBOURS, sampleActive, sampleTombstone, someUser, TENANT } from '../../support/sampleAccount.ts';
import { meddledAccounts, NOW, operatorOverTwins } from './operatorOverTwins.ts';

const erase = { verb: 'accounts erase', yes: true } as const;

describe('accounts erase', () => {
  it('says what it would do, and does nothing, unless it is told yes', async () => {
    const { operator, accounts, tokenCache, printed } = operatorOverTwins();
    const account = await accounts.create(sampleActive({ userId: someUser(TENANT) }));
    const { userId } = account;
    await tokenCache.write(userId, 'sealed', undefined);
    for (const of of [{ who: { userId } }, { tid: TENANT }]) {
      expect(await eraseAccounts(operator, { ...erase, of, yes: false })).toBe(0);
      expect(printed.at(-1)).toContain('Nothing was done: add --yes.');
      expect(printed.join('\n')).toContain('would be erased (active, last activity 2026-11-20T08:15:30Z');
    }
    expect(await accounts.read(userId)).toEqual(account);
    expect(await tokenCache.read(userId)).toBeDefined();
  });

  it('leaves of a user a tombstone, however often it is asked', async () => {
    const { operator, accounts, tokenCache, printed, logId } = operatorOverTwins();
    const { userId } = await accounts.create(sampleActive());
    await tokenCache.write(userId, 'sealed', undefined);
    const who = { logId: logId(userId) };
    expect(await eraseAccounts(operator, { ...erase, of: { who } })).toBe(0);
    expect(await accounts.read(userId)).toMatchObject({ state: 'retired' });
    expect(await accounts.read(userId)).not.toHaveProperty('userPrincipalName');
    expect(await tokenCache.read(userId)).toBeUndefined();
    expect(await eraseAccounts(operator, { ...erase, of: { who } })).toBe(0);
    expect(await eraseAccounts(operator, { ...erase, of: { who }, yes: false })).toBe(0);
    const nothing = `There is nothing to erase for ${logId(userId)}.`;
    expect(printed).toEqual([`${logId(userId)} is erased.`, nothing, nothing]);
  });

  it('erases of a user id a cache without an account', async () => {
    const { operator, tokenCache } = operatorOverTwins();
    const userId = someUser();
    await tokenCache.write(userId, 'sealed', undefined);
    expect(await eraseAccounts(operator, { ...erase, of: { who: { userId } } })).toBe(0);
    expect(await tokenCache.read(userId)).toBeUndefined();
  });

  it('erases a tenant, its caches without an account included, and nobody else', async () => {
    const { operator, accounts, tokenCache, printed } = operatorOverTwins();
    const ours = Array.from({ length: 20 }, () => someUser(TENANT));
    const theirs = NEIGHBOURS.map((tid) => someUser(tid));
    for (const userId of [...ours, ...theirs]) {
      await accounts.create(sampleActive({ userId }));
      await tokenCache.write(userId, 'sealed', undefined);
    }
    const [orphan, otherOrphan] = [someUser(TENANT), someUser()];
    for (const userId of [orphan, otherOrphan]) await tokenCache.write(userId, 'sealed', undefined);

    await eraseAccounts(operator, { ...erase, of: { tid: TENANT }, yes: false });
    expect(printed.at(-1)).toMatch(/^Would be erased: users 20, token caches without an account 1\./);
    await eraseAccounts(operator, { ...erase, of: { tid: TENANT } });
    expect(printed.at(-1)).toBe('Erased: users 20, token caches without an account 1.');
    for (const userId of ours) expect((await accounts.read(userId))?.state).toBe('retired');
    for (const userId of [...ours, orphan]) expect(await tokenCache.read(userId)).toBeUndefined();
    for (const userId of theirs) expect((await accounts.read(userId))?.state).toBe('active');
    for (const userId of [...theirs, otherOrphan]) expect(await tokenCache.read(userId)).toBeDefined();
    await eraseAccounts(operator, { ...erase, of: { tid: TENANT } });
    expect(printed.at(-1)).toBe('Erased: users 0, token caches without an account 0.');
  });

  it('goes on with the others when one changes on every try', async () => {
    const accounts = createMemoryAccountStore();
    const [restless, other] = [someUser(TENANT), someUser(TENANT)];
    for (const userId of [restless, other]) await accounts.create(sampleActive({ userId }));
    const always = meddledAccounts(accounts, () => see(accounts, restless, NOW), Infinity);
    const { operator, told, logId } = operatorOverTwins({ accounts: always });
    expect(await eraseAccounts(operator, { ...erase, of: { tid: TENANT } })).toBe(1);
    expect(told).toEqual([expect.stringContaining(`${logId(restless)} is not erased`)]);
    expect((await accounts.read(other))?.state).toBe('retired');
  });
});

describe('orphans', () => {
  const found = { verb: 'orphans', json: true, erase: false, yes: false } as const;

  it('are caches without an account, or of an account that has ended', async () => {
    const { operator, accounts, tokenCache, printed, logId } = operatorOverTwins();
    const [orphan, left, kept] = [someUser(), someUser(), someUser()];
    await accounts.create(sampleTombstone({ userId: left }));
    await accounts.create(sampleActive({ userId: kept }));
    for (const userId of [orphan, left, kept]) await tokenCache.write(userId, 'sealed', undefined);
    await orphans(operator, found);
    expect(printed.map((line) => JSON.parse(line) as object)).toEqual(
      expect.arrayContaining([
        { user: logId(orphan), why: 'no account', erased: false },
        { user: logId(left), why: 'retired', erased: false },
      ]),
    );
    expect(printed).toHaveLength(2);
  });

  it.each([false, true])('are erased by --yes and not otherwise: %s', async (yes) => {
    const { operator, tokenCache, printed } = operatorOverTwins();
    const userId = someUser();
    await tokenCache.write(userId, 'sealed', undefined);
    await orphans(operator, { ...found, json: false, erase: true, yes });
    expect(await tokenCache.read(userId)).toEqual(yes ? undefined : expect.anything());
    expect(printed.at(-1)).toMatch(yes ? /^Erased: .* 1\.$/ : /Nothing was done: add --yes\.$/);
  });

  it('are none any more when the user comes while they are searched for', async () => {
    const accounts = createMemoryAccountStore();
    const userId = someUser();
    let reads = 0;
    const { operator, tokenCache, printed } = operatorOverTwins({
      accounts: {
        ...accounts,
        async read(user) {
          const account = await accounts.read(user);
          reads += 1;
          if (reads === 1) await accounts.create(sampleActive({ userId }));
          return account;
        },
      },
    });
    await tokenCache.write(userId, 'sealed', undefined);
    await orphans(operator, { ...found, erase: true, yes: true });
    expect(await tokenCache.read(userId)).toBeDefined();
    expect(printed).toEqual([]);
  });
});
