import { describe, expect, it } from 'vitest';
import { fromRow, isSameRow, toRow } from '../../../../../shared/adapters/azureStorage/accountRow.ts';
import type { HistoryEntry } from '../../../../../shared/ports.ts';
import { sampleAccount } from '../../../../support/sampleAccount.ts';

const AT = new Date('2026-11-20T09:00:00.123Z');

describe('toRow', () => {
  it('gives every column a value, so that a merge clears what is undefined', () => {
    const account = sampleAccount();
    const empty = {
      homeAccountId: undefined,
      userPrincipalName: undefined,
      runId: undefined,
      failure: undefined,
      lastRefreshed: undefined,
      expiresOn: undefined,
      refreshTokenExpiresOn: undefined,
    };
    const row = toRow({ ...account, ...empty });
    expect(Object.keys(row)).toEqual(Object.keys(toRow(account)));
    expect(Object.values(row)).not.toContain(undefined);
  });

  it('leaves out a challenge that does not fit its column, and keeps the rest of the failure', () => {
    const failure = { kind: 'needs-user', code: 'AADSTS50076', at: AT } as const;
    const account = sampleAccount({ failure: { ...failure, claims: `{"a":"${'x'.repeat(40_000)}"}` } });
    const row = toRow(account);
    expect(String(row.failure).length).toBeLessThan(32_768);
    expect(fromRow(account.userId, row, '').failure).toEqual(failure);
  });

  it('drops the oldest of a history that is too long for its column', () => {
    const history = Array.from(
      { length: 20 },
      (_, n): HistoryEntry => ({
        at: new Date(AT.getTime() + n),
        outcome: 'failed',
        kind: 'transient',
        code: 'x'.repeat(2_000),
      }),
    );
    const account = sampleAccount({ history });
    const row = toRow(account);
    expect(String(row.history).length).toBeLessThanOrEqual(16_000);
    expect(fromRow(account.userId, row, '').history).toEqual(history.slice(-7));
  });
});

describe('fromRow', () => {
  it.each([
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
  ])('takes %j for no failure', (failure) => {
    const account = sampleAccount();
    const row = { ...toRow(account), failure };
    expect(fromRow(account.userId, row, '')).toEqual({ ...account, etag: '', failure: undefined });
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
    const account = sampleAccount();
    const failure = { kind: 'needs-user', code: 'graph_401', askedBy: 'graph', at: AT } as const;
    const row = { ...toRow(account), failure: JSON.stringify({ ...failure, claims }) };
    expect(fromRow(account.userId, row, '').failure).toEqual(failure);
  });

  it.each([
    '',
    'no JSON',
    'null',
    '{"length":3}',
    '[null,1,"x",{}]',
    undefined,
  ])('takes %j for no history', (history) => {
    const account = sampleAccount();
    const row = { ...toRow(account), history };
    expect(fromRow(account.userId, row, '')).toEqual({ ...account, etag: '', history: [] });
  });

  it('keeps of a history what it understands', () => {
    const { userId, ...account } = sampleAccount();
    const history = JSON.stringify([
      { at: AT, outcome: 'unheard-of' },
      { at: AT, outcome: 'failed', kind: 'unheard-of', code: 7 },
      { at: AT, outcome: 'refreshed', later: 'column' },
      { at: AT, outcome: 'task-done', task: 'readProfile' },
      { at: AT, outcome: 'task-failed', task: 7, code: 'http_429' },
    ]);
    expect(fromRow(userId, { ...toRow({ userId, ...account }), history }, '').history).toEqual([
      { at: AT, outcome: 'failed' },
      { at: AT, outcome: 'refreshed' },
      { at: AT, outcome: 'task-done', task: 'readProfile' },
      { at: AT, outcome: 'task-failed', code: 'http_429' },
    ]);
  });

  it.each([
    '',
    'yesterday',
    7,
    undefined,
    '2026-13-01',
  ])('does not believe an account whose last activity is %j: by it the account would be erased', (lastActivity) => {
    const account = sampleAccount();
    const { lastActivity: _, ...rest } = toRow(account);
    const row = { ...rest, ...(lastActivity === undefined ? {} : { lastActivity }) };
    expect(fromRow(account.userId, row, '')).toMatchObject({ damaged: true, state: 'active' });
    expect(fromRow(account.userId, toRow(account), '')).not.toHaveProperty('damaged');
  });

  it('reads a row that is all but empty', () => {
    const { userId } = sampleAccount();
    expect(fromRow(userId, {}, 'etag')).toEqual({
      userId,
      homeAccountId: undefined,
      userPrincipalName: undefined,
      lastActivity: new Date(0),
      state: 'needs-user',
      generation: '',
      dueAt: new Date(0),
      runId: undefined,
      failure: undefined,
      attempts: 0,
      lastRefreshed: undefined,
      expiresOn: undefined,
      refreshTokenExpiresOn: undefined,
      history: [],
      etag: 'etag',
      damaged: true,
    });
  });
});

describe('a missing consent', () => {
  const failure = { kind: 'consent', code: 'AADSTS90094', suberror: 'consent_required', at: AT } as const;
  const entry: HistoryEntry = { at: AT, outcome: 'failed', kind: 'consent', code: 'AADSTS90094' };
  /** All that the release before the kind `consent` knows; of other kinds it drops the failure. */
  const KNOWN_BEFORE = ['needs-user', 'throttled', 'tenant', 'transient', 'cache-lost', 'misconfigured'];

  it('is read as it was stored', () => {
    const account = sampleAccount({ state: 'needs-user', failure, history: [entry] });
    expect(fromRow(account.userId, toRow(account), '')).toMatchObject({ failure, history: [entry] });
  });

  it('is a user who is needed to a release that does not know the kind', () => {
    const row = toRow(sampleAccount({ state: 'needs-user', failure, history: [entry] }));
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
    const account = sampleAccount();
    const row = {
      ...toRow(account),
      failure: JSON.stringify({ ...kept, at: AT }),
      history: JSON.stringify([{ at: AT, outcome: 'failed', ...kept }]),
    };
    const read = fromRow(account.userId, row, '');
    expect(read.failure?.kind).toBe('consent');
    expect(read.history[0]?.kind).toBe('consent');
  });

  it('is none where a challenge goes before it, or the user is needed for another reason', () => {
    const account = sampleAccount();
    for (const kept of [
      { kind: 'needs-user', code: 'AADSTS65001', suberror: 'consent_required', claims: '{}' },
      { kind: 'needs-user', code: 'AADSTS50173', suberror: 'bad_token' },
    ]) {
      const row = { ...toRow(account), failure: JSON.stringify({ ...kept, at: AT }) };
      expect(fromRow(account.userId, row, '').failure?.kind).toBe('needs-user');
    }
  });
});

describe('isSameRow', () => {
  it('compares what is stored, not how it was put', () => {
    const account = sampleAccount({ dueAt: new Date('2026-11-20T09:00:00.001Z') });
    expect(isSameRow(account, fromRow(account.userId, toRow(account), 'etag'))).toBe(true);
    expect(isSameRow(account, { ...account, attempts: account.attempts + 1 })).toBe(false);
    expect(
      isSameRow(account, { ...account, lastActivity: new Date(account.lastActivity.getTime() + 1) }),
    ).toBe(false);
  });

  it('does not tell tombstones apart by what they do not keep', () => {
    const tombstone = sampleAccount({ state: 'retired' });
    expect(
      isSameRow(tombstone, { ...tombstone, attempts: 9, generation: 'other', homeAccountId: undefined }),
    ).toBe(true);
  });
});
