import { describe, expect, it } from 'vitest';
import { listAccounts } from '../../../ops/listAccounts.ts';
import { showAccount } from '../../../ops/showAccount.ts';
import { NEIGHBOURS, sampleAccount, someUser, TENANT } from '../../support/sampleAccount.ts';
import { operatorOverTwins } from './operatorOverTwins.ts';

const EARLIER = new Date('2026-11-20T08:00:00Z');
const failure = { kind: 'transient', code: 'http_503', at: EARLIER } as const;
const list = { verb: 'accounts list', state: undefined, tid: undefined, json: false } as const;

describe('accounts list', () => {
  it('shows what is chosen by state and tenant', async () => {
    const { operator, printed, accounts, logId } = operatorOverTwins();
    const wanted = await accounts.create(sampleAccount({ userId: someUser(TENANT), state: 'pending' }));
    await accounts.create(sampleAccount({ userId: someUser(TENANT), state: 'active' }));
    await accounts.create(sampleAccount({ userId: someUser(NEIGHBOURS[0]), state: 'pending' }));
    await listAccounts(operator, { ...list, state: 'pending', tid: TENANT });
    expect(printed).toHaveLength(3);
    expect(printed[2]).toMatch(new RegExp(`^${logId(wanted.userId)}  pending`));
  });

  it('prints one JSON object a line', async () => {
    const { operator, printed, accounts, logId } = operatorOverTwins();
    const { userId } = await accounts.create(
      sampleAccount({ lastRefreshed: undefined, failure, attempts: 2 }),
    );
    await accounts.create(sampleAccount({ failure: undefined }));
    await listAccounts(operator, { ...list, json: true });
    const objects = printed.map((line) => JSON.parse(line) as { user: string });
    expect(objects).toHaveLength(2);
    expect(objects.find(({ user }) => user === logId(userId))).toEqual({
      user: logId(userId),
      state: 'active',
      lastActivity: '2026-11-20T08:15:30.123Z',
      nextCheckAt: '2026-11-20T09:00:00.000Z',
      lastRefreshed: null,
      failure: {
        kind: 'transient',
        code: 'http_503',
        suberror: null,
        hasClaims: false,
        at: EARLIER.toISOString(),
      },
      attempts: 2,
    });
  });
});

describe('accounts show', () => {
  it('finds a user by log id or by user id', async () => {
    const { operator, printed, accounts, tokenCache, logId } = operatorOverTwins();
    for (let n = 0; n < 20; n += 1) await accounts.create(sampleAccount());
    const { userId } = await accounts.create(sampleAccount());
    await tokenCache.write(userId, 'sealed', undefined);
    const show = { verb: 'accounts show', json: true } as const;
    expect(await showAccount(operator, { ...show, who: { logId: logId(userId) } })).toBe(0);
    expect(await showAccount(operator, { ...show, who: { userId } })).toBe(0);
    expect(printed[0]).toBe(printed[1]);
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({ userId, tokenCacheStored: true });
  });

  it('says that there is nobody', async () => {
    const { operator, told } = operatorOverTwins();
    const who = { logId: '0123456789abcdef' };
    expect(await showAccount(operator, { verb: 'accounts show', who, json: false })).toBe(1);
    expect(told).toEqual([expect.stringContaining('LOG_HASH_KEY')]);
  });
});
