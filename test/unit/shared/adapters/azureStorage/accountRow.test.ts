import { describe, expect, it } from 'vitest';
import {
  type Account,
  type AlikeChecks,
  failureOf,
  type HistoryEntry,
  type StoredFailure,
} from '../../../../../shared/account/account.ts';
import {
  fromRow,
  isSameRow,
  toLeaseRow,
  toRow,
} from '../../../../../shared/adapters/azureStorage/accountRow.ts';
import {
  LEASE,
  sampleActive,
  sampleNeedsUser,
  samplePending,
  samplePlain,
  sampleTombstone,
  someUser,
  TROUBLE,
} from '../../../../support/sampleAccount.ts';

const AT = new Date('2026-11-20T09:00:00.123Z');
const NEXT = new Date('2026-11-20T09:00:00Z');

/** The row of an account, with some columns as somebody or another release has written them, read again. */
const reread = (account: Account, columns: Record<string, unknown> = {}) =>
  fromRow(account.userId, { ...toRow(account), ...columns }, 'etag');
const historyOf = (account: ReturnType<typeof reread>) =>
  'history' in account ? account.history : undefined;

/** The columns of the previous release, which works on the same rows. A merge of a live account writes them all. */
const COLUMNS = [
  'partitionKey',
  'rowKey',
  'state',
  'dueAt',
  'runId',
  'lastActivity',
  'generation',
  'accountCacheKey',
  'accountIdentifier',
  'accountObjectId',
  'accountTenantId',
  'userPrincipalName',
  'failedToAcquireToken',
  'failure',
  'attempts',
  'lastRefreshed',
  'expiresOn',
  'refreshTokenExpiresOn',
  'history',
];

describe('toRow', () => {
  it.each<[string, Account]>([
    ['active', sampleActive({ lease: LEASE, trouble: TROUBLE })],
    ['active with no more than it must have', samplePlain()],
    ['pending', samplePending()],
    ['in need of the user', sampleNeedsUser()],
  ])('gives every column of an account that is %s a value, so that a merge clears it', (_, account) => {
    const row = toRow(account);
    expect(Object.keys(row).sort()).toEqual(
      [
        ...COLUMNS,
        'nextCheckAt',
        'connectedAt',
        'checks',
        'pause',
        'memory',
        'notice',
        'wokenAt',
        'grant',
        'link',
      ].sort(),
    );
    expect(Object.values(row)).not.toContain(undefined);
  });

  it('has nothing of the person in a tombstone', () => {
    const columns = ['dueAt', 'lastActivity', 'partitionKey', 'rowKey', 'runId', 'state'];
    expect(Object.keys(toRow(sampleTombstone())).sort()).toEqual(columns);
    expect(Object.keys(toRow(sampleTombstone({ lease: LEASE }))).sort()).toEqual(
      [...columns, 'nextCheckAt'].sort(),
    );
  });

  it('names in `dueAt` the end of the lease, or the next check', () => {
    expect(toRow(sampleActive({ nextCheckAt: NEXT }))).toMatchObject({
      dueAt: NEXT,
      runId: '',
      nextCheckAt: '',
    });
    expect(toRow(sampleActive({ nextCheckAt: NEXT, lease: LEASE }))).toMatchObject({
      dueAt: LEASE.until,
      runId: LEASE.runId,
      nextCheckAt: NEXT,
    });
  });

  it.each<[string, Account]>([
    ['a connection', sampleActive()],
    ['an end', sampleTombstone()],
  ])('keeps %s due at once after a lease, whose next check could not be read', (_, account) => {
    const damaged = reread(account, { dueAt: '1' }) as Account;
    const leased = { ...damaged, lease: LEASE };
    const again = [reread(leased), reread(account, toLeaseRow(leased))];
    for (const { nextCheckAt } of again) expect(nextCheckAt.getTime()).toBeLessThan(Date.UTC(2021, 0));
  });

  it('leaves out a challenge that does not fit its column, and keeps the rest of the failure', () => {
    const failure = { kind: 'needs-user', code: 'AADSTS50076', at: AT } as const;
    const account = sampleNeedsUser({ failure: { ...failure, claims: `{"a":"${'x'.repeat(40_000)}"}` } });
    expect(String(toRow(account).failure).length).toBeLessThan(32_768);
    expect(failureOf(reread(account))).toEqual(failure);
  });
});

describe('fromRow', () => {
  const unreadable = [
    '',
    'no JSON',
    'null',
    '1',
    '[]',
    '{}',
    '{"kind":"unheard-of","code":"x","at":"2026-11-20T09:00:00Z"}',
    '{"kind":"toString","code":"x","at":"2026-11-20T09:00:00Z"}',
    '{"kind":"tenant","at":"2026-11-20T09:00:00Z"}',
    '{"kind":"tenant","code":"x","at":"soon"}',
    '{"kind":"tenant","code":"x"}',
    null,
    42,
  ];

  it.each(unreadable)('takes %j for no failure', (failure) => {
    const account = sampleActive();
    expect(reread(account, { failure })).toEqual({ ...account, etag: 'etag' });
    expect(reread({ ...account, trouble: TROUBLE }, { failure })).toEqual({
      ...account,
      trouble: { attempts: TROUBLE.attempts },
      etag: 'etag',
    });
  });

  it.each(unreadable)('knows no more of an account that needs the user for %j', (failure) => {
    const account = sampleNeedsUser();
    const unknown = { kind: 'needs-user', code: 'unknown', at: account.lastActivity };
    expect(reread(account, { failure })).toEqual({ ...account, failure: unknown, etag: 'etag' });
  });

  it.each([
    '',
    'of-a-later-version',
    'toString',
    7,
    undefined,
  ])('takes the unknown state %j for one that needs the user', (state) => {
    const { expiresOn, lastRefreshed, refreshTokenExpiresOn, ...account } = sampleActive();
    const tokens = { expiresOn, lastRefreshed, refreshTokenExpiresOn };
    const failure = { kind: 'needs-user', code: 'unknown_state', at: account.lastActivity };
    const read = reread({ ...sampleActive(), ...account }, { state });
    expect(read).toEqual({ ...account, ...tokens, state: 'needs-user', failure, etag: 'etag' });
    const failed = reread(sampleActive({ trouble: TROUBLE }), { state });
    expect(failed).toMatchObject({ state: 'needs-user', failure: TROUBLE.failure });
  });

  it.each([
    '',
    'soon',
    7,
  ])('takes an active account whose token ends at %j for a pending one', (expiresOn) => {
    const account = sampleActive({ trouble: TROUBLE });
    const {
      expiresOn: _,
      lastRefreshed: __,
      refreshTokenExpiresOn: ___,
      grant: ____,
      ...connection
    } = account;
    expect(reread(account, { expiresOn })).toEqual({ ...connection, state: 'pending', etag: 'etag' });
  });

  it.each(['many', -1, 0, null])('takes %j attempts for none', (attempts) => {
    const account = sampleActive({ trouble: { attempts: 3 } });
    expect(reread(account, { attempts })).not.toHaveProperty('trouble');
  });

  it.each([
    '',
    '[]',
    '"x"',
    'null',
    '{',
    '{"id_token":1}',
    '{"__proto__":{}}',
    7,
  ])('keeps of a failure everything but claims that nobody can read: %j', (claims) => {
    const failure = { kind: 'needs-user', code: 'graph_401', askedBy: 'graph', at: AT } as const;
    const read = reread(sampleNeedsUser(), { failure: JSON.stringify({ ...failure, claims }) });
    expect(failureOf(read)).toEqual(failure);
  });

  it.each([
    '',
    'no JSON',
    'null',
    '{"length":3}',
    '[null,1,"x",{}]',
    undefined,
  ])('takes %j for no history', (history) => {
    const account = sampleActive();
    expect(reread(account, { history })).toEqual({ ...account, history: [], etag: 'etag' });
  });

  it('keeps of a history what it understands', () => {
    const history = JSON.stringify([
      { at: AT, outcome: 'unheard-of' },
      { at: AT, outcome: 'failed', kind: 'unheard-of', code: 7 },
      { at: AT, outcome: 'refreshed', later: 'column' },
      { at: AT, outcome: 'task-done', task: 'readProfile' },
      { at: AT, outcome: 'task-failed', task: 7, code: 'http_429' },
    ]);
    expect(historyOf(reread(sampleActive(), { history }))).toEqual([
      { at: AT, outcome: 'failed' },
      { at: AT, outcome: 'refreshed' },
      { at: AT, outcome: 'task-done', task: 'readProfile' },
      { at: AT, outcome: 'task-failed', code: 'http_429' },
    ]);
  });

  describe.each([
    '',
    'yesterday',
    7,
    undefined,
    '2026-13-01',
  ])('with %j as the last activity', (lastActivity) => {
    it.each([
      [sampleActive({ nextCheckAt: NEXT }), 'connected'],
      [sampleTombstone({ state: 'retired', nextCheckAt: NEXT }), 'retired'],
      [sampleTombstone({ state: 'disconnected', nextCheckAt: NEXT }), 'disconnected'],
    ] as const)('does not believe the account, which would be erased by it', (account, was) => {
      const { userId } = account;
      const damaged = { state: 'damaged', userId, nextCheckAt: NEXT, was, etag: 'etag' };
      expect(reread(account, { lastActivity })).toEqual(damaged);
      expect(reread({ ...account, lease: LEASE }, { lastActivity })).toEqual({ ...damaged, lease: LEASE });
    });
  });

  it('takes no pause of another connection, which the previous release leaves in the row of a damaged account', () => {
    const account = sampleActive();
    expect(reread(account)).toHaveProperty('tasksPausedUntil', account.tasksPausedUntil);
    expect(reread(account, { generation: 'the next one' })).not.toHaveProperty('tasksPausedUntil');
  });

  it.each([
    '',
    undefined,
    'null',
    '{',
    '7',
    '{"until":"2026-11-27T09:00:00Z"}',
    ...['"tomorrow"', 'null', '7', '"2026-02-31T09:00:00Z"', '"9999-01-01T00:00:00Z"'].map(
      (until) => `{"generation":"one","until":${until}}`,
    ),
  ])('takes no pause from a column that Stead did not write: %j', (pause) => {
    expect(reread(sampleActive({ generation: 'one' }), { pause })).not.toHaveProperty('tasksPausedUntil');
  });

  it('reads a row that is all but empty', () => {
    const userId = someUser();
    expect(fromRow(userId, {}, 'etag')).toEqual({
      state: 'damaged',
      userId,
      nextCheckAt: new Date(0),
      was: 'connected',
      etag: 'etag',
    });
    expect(fromRow(userId, { lastActivity: AT }, 'etag')).toEqual({
      state: 'needs-user',
      userId,
      generation: '',
      nextCheckAt: new Date(0),
      lastActivity: AT,
      history: [],
      failure: { kind: 'needs-user', code: 'unknown_state', at: AT },
      etag: 'etag',
    });
  });
});

describe('the grant in a row', () => {
  const linked = sampleActive({ grant: 'code', refreshTokenExpiresOn: new Date('2027-02-20T08:00:00.001Z') });
  const read = (changes: object) => {
    const { etag: _, ...account } = fromRow(linked.userId, { ...toRow(linked), ...changes }, 'e');
    return account;
  };

  it('is that of a code as long as the end of the refresh token is the one that was stored with it', () => {
    expect(read({})).toEqual(linked);
  });

  it.each<[string, object]>([
    ['wrote the end of an exchange', { refreshTokenExpiresOn: new Date('2026-11-21T08:00:00Z') }],
    ['connected a damaged account anew', { refreshTokenExpiresOn: '' }],
  ])('is not when an earlier release, which leaves the column as it is, %s', (_, changes) => {
    expect(read(changes)).not.toHaveProperty('grant');
  });

  it.each(['code', 'code until ', 'exchange', 1, ''])('is not when the column is %j', (grant) => {
    expect(read({ grant })).not.toHaveProperty('grant');
    expect(read({ grant })).not.toHaveProperty('isEndTold');
  });

  it('has whether Entra has told the end, for either grant, and until it is another end', () => {
    const { grant: _, ...exchanged } = linked;
    for (const account of [
      { ...linked, isEndTold: true as const },
      { ...exchanged, isEndTold: true as const },
    ]) {
      const row = toRow(account);
      const { etag, ...again } = fromRow(account.userId, row, 'e');
      expect(again).toEqual(account);
      const another = { ...row, refreshTokenExpiresOn: new Date('2026-11-21T08:00:00Z') };
      expect(fromRow(account.userId, another, etag)).not.toHaveProperty('isEndTold');
    }
    expect(toRow(exchanged).grant).toBe('');
  });

  it('is kept with the checks that it kept the connection after', () => {
    const check: AlikeChecks = { first: AT, last: AT, times: 2, outcome: 'refreshed', tasks: [] };
    const checks: AlikeChecks[] = [
      { ...check, grant: 'code' },
      { ...check, grant: 'exchange', grantEndsAt: new Date('2026-11-21T08:00:00Z') },
      check,
    ];
    expect(fromRow(linked.userId, toRow({ ...linked, checks }), 'e')).toMatchObject({ checks });
    const forged = { ...check, grant: 'other', grantEndsAt: 'soon' } as unknown as AlikeChecks;
    const { checks: [read] = [] } = fromRow(
      linked.userId,
      toRow({ ...linked, checks: [forged] }),
      'e',
    ) as typeof linked;
    expect(read).toEqual(check);
  });
});

describe('the row of an account that the previous release leased', () => {
  const earlier = new Date('2026-11-20T08:00:00Z');
  const later = new Date('2026-11-20T10:00:00Z');
  const asLeased = { dueAt: LEASE.until, runId: LEASE.runId };

  it.each([
    ['has no time of the check: the end of the lease counts', undefined, LEASE.until],
    ['has an empty time of the check: the end of the lease counts', '', LEASE.until],
    ['has an unreadable time of the check: the end of the lease counts', 'soon', LEASE.until],
    ['has kept the time of an earlier check, which counts', earlier, earlier],
    ['has kept the time of a later check: the end of the lease counts', later, LEASE.until],
  ])('%s', (_, nextCheckAt, expected) => {
    for (const account of [sampleActive(), sampleTombstone()]) {
      expect(reread(account, { ...asLeased, nextCheckAt })).toEqual({
        ...account,
        nextCheckAt: expected,
        lease: LEASE,
        etag: 'etag',
      });
    }
  });

  it('has the time of its next check in `dueAt`, once it is given back, whatever was kept', () => {
    const account = sampleActive({ nextCheckAt: NEXT });
    expect(reread(account, { nextCheckAt: earlier })).toEqual({ ...account, etag: 'etag' });
  });
});

describe('a missing consent', () => {
  const failure: StoredFailure = {
    kind: 'consent',
    code: 'AADSTS90094',
    suberror: 'consent_required',
    at: AT,
  };
  const entry: HistoryEntry = { at: AT, outcome: 'failed', kind: 'consent', code: 'AADSTS90094' };
  /** All that the release before the kind `consent` knows; of other kinds it drops the failure. */
  const KNOWN_BEFORE = ['needs-user', 'throttled', 'tenant', 'transient', 'cache-lost', 'misconfigured'];

  it('is read as it was stored', () => {
    expect(reread(sampleNeedsUser({ failure, history: [entry] }))).toMatchObject({
      failure,
      history: [entry],
    });
  });

  it('is a user who is needed to a release that does not know the kind', () => {
    const row = toRow(sampleNeedsUser({ failure, history: [entry] }));
    const stored = [JSON.parse(String(row.failure)), ...JSON.parse(String(row.history))] as {
      kind: string;
    }[];
    expect(stored).toHaveLength(2);
    for (const { kind } of stored) {
      expect(KNOWN_BEFORE).toContain(kind);
      expect(kind).toBe('needs-user');
    }
    expect(row.failedToAcquireToken).toBe(true);
  });

  it.each([
    ['a failure', { kind: 'needs-user', code: 'invalid_grant', suberror: 'consent_required' }],
    ['one by its number alone', { kind: 'needs-user', code: 'AADSTS65001' }],
    ['one by its OAuth error alone', { kind: 'needs-user', code: 'consent_required' }],
  ])('is known in what such a release keeps or writes: %s', (_what, kept) => {
    const read = reread(sampleNeedsUser(), {
      failure: JSON.stringify({ ...kept, at: AT }),
      history: JSON.stringify([{ at: AT, outcome: 'failed', ...kept }]),
    });
    expect(failureOf(read)?.kind).toBe('consent');
    expect(historyOf(read)?.[0]?.kind).toBe('consent');
  });

  it('is none where a challenge goes before it, or the user is needed for another reason', () => {
    for (const kept of [
      { kind: 'needs-user', code: 'AADSTS65001', suberror: 'consent_required', claims: '{}' },
      { kind: 'needs-user', code: 'AADSTS50173', suberror: 'bad_token' },
    ]) {
      const read = reread(sampleNeedsUser(), { failure: JSON.stringify({ ...kept, at: AT }) });
      expect(failureOf(read)?.kind).toBe('needs-user');
    }
  });
});

describe('isSameRow', () => {
  it('compares what is stored, not how it was put', () => {
    const account = sampleActive({ nextCheckAt: new Date('2026-11-20T09:00:00.001Z') });
    const stored = reread(account);
    expect(stored.state !== 'damaged' && isSameRow(account, stored)).toBe(true);
    expect(isSameRow(account, { ...account, trouble: { attempts: 1 } })).toBe(false);
    expect(isSameRow(account, { ...account, lease: LEASE })).toBe(false);
    const later = new Date(account.lastActivity.getTime() + 1);
    expect(isSameRow(account, { ...account, lastActivity: later })).toBe(false);
  });
});
