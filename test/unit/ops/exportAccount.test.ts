import { describe, expect, it } from 'vitest';
import { exportAccount } from '../../../ops/exportAccount.ts';
import type { Account, Damaged, Stored } from '../../../shared/account/account.ts';
import { createMemorySealer, createSealer } from '../../../shared/adapters/entra/seal.ts';
import { createMemoryAccountStore } from '../../../shared/adapters/memory/memoryAccountStore.ts';
import {
  CHALLENGED,
  LEASE,
  sampleActive,
  sampleNeedsUser,
  samplePending,
  sampleTombstone,
  someUser,
} from '../../support/sampleAccount.ts';
import { NOW, operatorOverTwins } from './operatorOverTwins.ts';

const sealer = createSealer([{ kid: 'k1', secret: new Uint8Array(32).fill(1) }]);
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value)) as Record<string, unknown>;

describe('accounts export', () => {
  it.each<[string, Account]>([
    ['pending', samplePending()],
    ['active', sampleActive({ lease: LEASE })],
    ['ended', sampleTombstone()],
  ])('has every field of an account that is %s', async (_, account) => {
    const { operator, printed, accounts, logId } = operatorOverTwins();
    const { userId, etag: __, memory, ...fields } = { memory: '', ...(await accounts.create(account)) };
    expect(await exportAccount(operator, { verb: 'accounts export', who: { userId } })).toBe(0);
    expect(JSON.parse(printed.join())).toEqual({
      exportedAt: NOW.toISOString(),
      logId: logId(userId),
      userId,
      account: asJson(memory === '' ? fields : { ...fields, taskMemory: { bytes: memory.length } }),
      indexEntry: asJson({ at: account.lease?.until ?? account.nextCheckAt }),
      tokenCache: null,
      notIncluded: expect.arrayContaining([expect.stringContaining('token cache')]),
    });
  });

  it.each<[string, Account]>([
    ['of a marked user', sampleNeedsUser()],
    ['that may pass', sampleActive({ trouble: { attempts: 2, failure: CHALLENGED } })],
  ])('has the failure %s, and neither its claims nor a token', async (_, account) => {
    const { operator, printed, accounts, tokenCache, logId } = operatorOverTwins();
    const { userId } = await accounts.create(account);
    const sealed = await sealer.seal(userId, '{"RefreshToken":"a-refresh-token"}', 'generation');
    await tokenCache.write(userId, sealed, undefined);
    const who = { logId: logId(userId) };
    expect(await exportAccount(operator, { verb: 'accounts export', who })).toBe(0);
    const text = printed.join();
    expect(text).not.toContain('acrs');
    expect(text).not.toContain('"claims"');
    for (const part of sealed.split('.').filter(Boolean)) expect(text).not.toContain(part);
    const { claims: __, ...rest } = CHALLENGED;
    const failure = { ...asJson(rest), hasClaims: true };
    expect(JSON.parse(text)).toMatchObject({
      account: account.state === 'active' ? { trouble: { attempts: 2, failure } } : { failure },
      tokenCache: { storedAt: NOW.toISOString(), bytes: sealed.length },
    });
  });

  it('has the size of what tasks remember, and nothing of it', async () => {
    const { operator, printed, accounts } = operatorOverTwins();
    const userId = someUser();
    const keys = [{ kid: 'k1', secret: new Uint8Array(32).fill(1) }] as const;
    const memory = await createMemorySealer(keys).seal(userId, '{"told":"3 new messages"}', 'generation');
    await accounts.create({ ...sampleActive({ memory }), userId });
    expect(await exportAccount(operator, { verb: 'accounts export', who: { userId } })).toBe(0);
    const text = printed.join();
    for (const part of memory.split('.').filter(Boolean)) expect(text).not.toContain(part);
    expect(JSON.parse(text)).toMatchObject({
      account: { taskMemory: { bytes: memory.length } },
      notIncluded: expect.arrayContaining([expect.stringContaining('What tasks remember')]),
    });
  });

  it('has a cache without an account', async () => {
    const { operator, printed, tokenCache } = operatorOverTwins();
    const userId = someUser();
    await tokenCache.write(userId, 'sealed', undefined);
    expect(await exportAccount(operator, { verb: 'accounts export', who: { userId } })).toBe(0);
    expect(JSON.parse(printed.join())).toMatchObject({
      account: null,
      indexEntry: null,
      tokenCache: { bytes: 6 },
    });
  });

  it('says that the other columns of a damaged account are not in it', async () => {
    const userId = someUser();
    const damaged: Stored<Damaged> = {
      userId,
      state: 'damaged',
      was: 'connected',
      nextCheckAt: NOW,
      etag: '"1"',
    };
    const accounts = { ...createMemoryAccountStore(), read: async () => damaged };
    const { operator, printed } = operatorOverTwins({ accounts });
    expect(await exportAccount(operator, { verb: 'accounts export', who: { userId } })).toBe(0);
    expect(JSON.parse(printed.join())).toMatchObject({
      account: { state: 'damaged' },
      indexEntry: null,
      notIncluded: expect.arrayContaining([expect.stringContaining('other columns')]),
    });
  });

  it.each([{ userId: someUser() }, { logId: '0123456789abcdef' }])('does not find %j', async (who) => {
    const { operator, printed, told } = operatorOverTwins();
    expect(await exportAccount(operator, { verb: 'accounts export', who })).toBe(1);
    expect(printed).toEqual([]);
    expect(told).toHaveLength(1);
  });
});
