import { describe, expect, it } from 'vitest';
import { isStillConnected } from '../../../../shared/account/visit.ts';
import { createMemoryAccountStore } from '../../../../shared/adapters/memory/memoryAccountStore.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import type { Account, AccountStore } from '../../../../shared/ports.ts';
import { see } from '../../../support/accountStoreUnderTest.ts';
import { sampleAccount } from '../../../support/sampleAccount.ts';

describe('isStillConnected', () => {
  it.each<
    [is: boolean, what: string, change: (accounts: AccountStore, account: Account) => Promise<unknown>]
  >([
    [true, 'nothing changed', async () => undefined],
    [true, 'the user was active', (accounts, account) => see(accounts, account.userId, new Date())],
    [
      true,
      'the worker was refused',
      (accounts, account) => accounts.move(account, { ...account, state: 'needs-user' }),
    ],
    [
      false,
      'the user disconnected',
      (accounts, account) => accounts.move(account, { ...account, state: 'retired' }),
    ],
    [
      false,
      'the user is connected anew',
      (accounts, account) => accounts.move(account, { ...account, generation: 'another' }),
    ],
    [false, 'the row is gone', (accounts, account) => accounts.erase(account)],
  ])('is %s when %s', async (is, _, change) => {
    const accounts = createMemoryAccountStore();
    const begun = await accounts.create(sampleAccount());
    await change(accounts, begun);
    expect(await isStillConnected({ accounts }, begun)).toBe(is);
  });

  it('is false when nobody can tell', async () => {
    const accounts = createMemoryAccountStore();
    const begun = await accounts.create(sampleAccount());
    const read = () => Promise.reject(new UnavailableError('accounts'));
    expect(await isStillConnected({ accounts: { ...accounts, read } }, begun)).toBe(false);
  });
});
