import { describe, expect, it } from 'vitest';
import { listAccounts } from '../../../ops/listAccounts.ts';
import { showAccount } from '../../../ops/showAccount.ts';
import type { Notice } from '../../../shared/account/account.ts';
import {
  NEIGHBOURS,
  sampleActive,
  samplePending,
  sampleTombstone,
  someUser,
  TENANT,
} from '../../support/sampleAccount.ts';
import { operatorOverTwins } from './operatorOverTwins.ts';

const EARLIER = new Date('2026-11-20T08:00:00Z');
const failure = { kind: 'transient', code: 'http_503', at: EARLIER } as const;
const list = { verb: 'accounts list', state: undefined, tid: undefined, json: false } as const;

describe('accounts list', () => {
  it('shows what is chosen by state and tenant', async () => {
    const { operator, printed, accounts, logId } = operatorOverTwins();
    const wanted = await accounts.create(samplePending({ userId: someUser(TENANT) }));
    await accounts.create(sampleActive({ userId: someUser(TENANT) }));
    await accounts.create(samplePending({ userId: someUser(NEIGHBOURS[0]) }));
    await listAccounts(operator, { ...list, state: 'pending', tid: TENANT });
    expect(printed).toHaveLength(3);
    expect(printed[2]).toMatch(new RegExp(`^${logId(wanted.userId)}  pending`));
  });

  it('prints one JSON object a line', async () => {
    const { operator, printed, accounts, logId } = operatorOverTwins();
    const { userId } = await accounts.create(sampleActive({ trouble: { attempts: 2, failure } }));
    await accounts.create(sampleActive());
    await listAccounts(operator, { ...list, json: true });
    const objects = printed.map((line) => JSON.parse(line) as { user: string });
    expect(objects).toHaveLength(2);
    expect(objects.find(({ user }) => user === logId(userId))).toEqual({
      user: logId(userId),
      state: 'active',
      lastActivity: '2026-11-20T08:15:30.123Z',
      nextCheckAt: '2026-11-20T09:00:00.000Z',
      lastRefreshed: '2026-11-20T08:00:00.789Z',
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
  it.each([
    ['a link', { grant: 'code' }, 'the link', ' (an estimate)', { keptBy: 'link', isEndTold: false }],
    [
      'a link that Entra limits',
      { grant: 'code', isEndTold: true },
      'the link',
      '',
      { keptBy: 'link', isEndTold: true },
    ],
    ['a sign-in', {}, 'the sign-in', ' (an estimate)', { keptBy: 'sign-in', isEndTold: false }],
  ] as const)('tells that %s keeps the connection, and until when', async (_what, tokens, by, estimate, whole) => {
    const { operator, printed, accounts } = operatorOverTwins();
    const { grant: _, ...exchanged } = sampleActive();
    const { userId } = await accounts.create({ ...exchanged, ...tokens });
    await showAccount(operator, { verb: 'accounts show', who: { userId }, json: false });
    expect(printed).toContain(`kept by             ${by}`);
    expect(printed).toContain(`refresh token ends  2026-11-21T08:00:00Z${estimate}`);
    await showAccount(operator, { verb: 'accounts show', who: { userId }, json: true });
    expect(JSON.parse(printed.at(-1) ?? '')).toMatchObject(whole);
  });

  it('tells that nothing keeps a connection without a token', async () => {
    const { operator, printed, accounts } = operatorOverTwins();
    const { userId } = await accounts.create(samplePending());
    await showAccount(operator, { verb: 'accounts show', who: { userId }, json: false });
    expect(printed).toEqual(expect.arrayContaining(['kept by             -', 'refresh token ends  -']));
  });

  it('tells the next check of a leased account apart from the end of the lease', async () => {
    const { operator, printed, accounts } = operatorOverTwins();
    const lease = { runId: 'run-1', until: new Date('2026-11-20T09:05:00Z') };
    const { userId } = await accounts.create(sampleActive({ lease }));
    await showAccount(operator, { verb: 'accounts show', who: { userId }, json: true });
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({
      nextCheckAt: '2026-11-20T09:00:00.000Z',
      runId: 'run-1',
      leasedUntil: '2026-11-20T09:05:00.000Z',
    });
  });

  it('shows the notice that waits, and none that was delivered', async () => {
    const { operator, printed, accounts } = operatorOverTwins();
    const { notice } = sampleActive();
    const { nextTryAt: _, ...delivered } = notice ?? {};
    const waiting = await accounts.create(sampleActive());
    const told = await accounts.create(sampleActive({ notice: delivered as Notice }));
    const show = { verb: 'accounts show', json: false } as const;
    await showAccount(operator, { ...show, who: { userId: waiting.userId } });
    expect(printed).toContainEqual(expect.stringMatching(/^notice to deliver +expiring, 2 failed tries$/));
    expect(printed).toContainEqual(expect.stringMatching(/^its next try +2026-11-20T09:30:00Z$/));
    printed.length = 0;
    await showAccount(operator, { ...show, who: { userId: told.userId } });
    expect(printed).toContainEqual(expect.stringMatching(/^notice to deliver +-$/));
  });

  it('shows of a tombstone since when it is one, and nothing of the person', async () => {
    const { operator, printed, accounts } = operatorOverTwins();
    const { userId } = await accounts.create(sampleTombstone());
    await showAccount(operator, { verb: 'accounts show', who: { userId }, json: true });
    expect(JSON.parse(printed[0] ?? '')).toMatchObject({
      state: 'retired',
      lastActivity: '2026-11-20T08:15:30.123Z',
      homeAccountId: null,
      generation: '',
      history: [],
    });
  });

  it('finds a user by log id or by user id', async () => {
    const { operator, printed, accounts, tokenCache, logId } = operatorOverTwins();
    for (let n = 0; n < 20; n += 1) await accounts.create(sampleActive());
    const { userId } = await accounts.create(sampleActive());
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
