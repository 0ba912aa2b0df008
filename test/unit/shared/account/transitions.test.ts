import { describe, expect, it } from 'vitest';
import {
  connected,
  failed,
  isSameConnection,
  markedForUser,
  nextCheckAt,
  postponed,
  refreshed,
  retried,
  seen,
  tasksRecorded,
  tombstoneOf,
  visited,
  waitingUntil,
} from '../../../../shared/account/transitions.ts';
import type { Failure } from '../../../../shared/errors.ts';
import type { Account, AccountState, Caller, UserToken } from '../../../../shared/ports.ts';
import { sampleAccount } from '../../../support/sampleAccount.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW, SETTINGS } from './scheduleTimes.ts';

/** A leased account with every field filled in. */
const account = (fields: Partial<Account> = {}): Account => ({
  ...sampleAccount({ lastActivity: ago(HOUR), refreshTokenExpiresOn: from(20 * HOUR) }),
  etag: 'etag-1',
  ...fields,
});
const CALLER = {
  ...{ tid: '10000000-0000-4000-8000-000000000001', oid: '20000000-0000-4000-8000-000000000002' },
  ...{ userId: account().userId, userPrincipalName: 'new name', expiresOn: from(HOUR) },
} as Caller;
const token = (fields: Partial<UserToken> = {}) =>
  ({
    ...{ source: 'network', homeAccountId: 'home', expiresOn: from(75 * MINUTE) },
    refreshTokenExpiresOn: from(DAY),
    ...fields,
  }) as UserToken;
const EMPTY = {
  homeAccountId: undefined,
  runId: undefined,
  failure: undefined,
  attempts: 0,
  lastRefreshed: undefined,
  expiresOn: undefined,
  refreshTokenExpiresOn: undefined,
  history: [],
};

describe('a connection', () => {
  it('begins with nothing but the user, and is checked once they have been idle', () => {
    expect(connected(CALLER, 'generation-2', NOW, SETTINGS)).toEqual({
      ...EMPTY,
      userId: CALLER.userId,
      userPrincipalName: 'new name',
      lastActivity: NOW,
      state: 'pending',
      generation: 'generation-2',
      dueAt: from(MINUTE),
    });
  });

  it.each(['disconnected', 'retired'] as const)('ends as %s, and keeps nothing of the person', (state) => {
    expect(tombstoneOf(CALLER.userId, state, NOW)).toEqual({
      ...EMPTY,
      userId: CALLER.userId,
      userPrincipalName: undefined,
      lastActivity: NOW,
      state,
      generation: '',
      dueAt: from(10 * MINUTE),
    });
  });

  it.each<[what: string, begun: AccountState, later: Partial<Account> | undefined, same: boolean]>([
    ['an account that was checked meanwhile', 'active', { state: 'needs-user', attempts: 4 }, true],
    ['an account that is gone', 'active', undefined, false],
    ['an account that was connected anew', 'active', { generation: 'other' }, false],
    ['an account that ended', 'active', { state: 'retired' }, false],
    ['a tombstone that was written again', 'retired', { state: 'disconnected' }, true],
    ['a tombstone whose user came back', 'disconnected', { state: 'pending' }, false],
  ])('is told apart: %s', (_, state, later, same) => {
    const begun = account({ state });
    expect(isSameConnection(begun, later && { ...begun, ...later })).toBe(same);
  });
});

describe('a visit', () => {
  it('moves the last activity only forward', () => {
    const before = account();
    expect(seen(before, NOW)).toEqual({ ...before, lastActivity: NOW });
    expect(seen(before, ago(DAY))).toEqual(before);
  });

  it('that stored a cache ends every failure', () => {
    const before = account({ state: 'needs-user', runId: undefined, dueAt: from(DAY) });
    expect(visited(before, CALLER, token(), NOW, SETTINGS)).toEqual({
      ...before,
      homeAccountId: 'home',
      userPrincipalName: 'new name',
      lastActivity: NOW,
      state: 'active',
      failure: undefined,
      attempts: 0,
      expiresOn: from(75 * MINUTE),
      refreshTokenExpiresOn: from(DAY),
      dueAt: from(MINUTE),
    });
  });

  it.each<[what: string, fields: Partial<Account>, dueAt: Date]>([
    ['is active', { state: 'active', runId: undefined, dueAt: from(DAY) }, from(DAY)],
    ['is due sooner', { state: 'pending', runId: undefined, dueAt: from(1_000) }, from(1_000)],
    ['is leased', { state: 'needs-user', runId: 'run-1', dueAt: from(5 * MINUTE) }, from(5 * MINUTE)],
    [
      'is due later, and waited for the user',
      { state: 'pending', runId: undefined, dueAt: from(DAY) },
      from(MINUTE),
    ],
  ])('sets the time of the next check for an account that %s', (_, fields, dueAt) => {
    expect(visited(account(fields), CALLER, token(), NOW, SETTINGS).dueAt).toEqual(dueAt);
  });
});

describe('a check', () => {
  it('that has nothing to do gives the lease back', () => {
    const before = account();
    expect(waitingUntil(before, from(HOUR))).toEqual({ ...before, dueAt: from(HOUR), runId: undefined });
  });

  it('that got a new token writes it down', () => {
    const before = account({ state: 'pending' });
    expect(refreshed(before, token(), NOW, SETTINGS, 0)).toEqual({
      ...before,
      state: 'active',
      homeAccountId: 'home',
      runId: undefined,
      failure: undefined,
      attempts: 0,
      lastRefreshed: NOW,
      expiresOn: from(75 * MINUTE),
      refreshTokenExpiresOn: from(DAY),
      history: [...before.history, { at: NOW, outcome: 'refreshed' }],
      dueAt: from(50 * MINUTE),
    });
  });

  it('that got a stored token does not call it new', () => {
    const before = account();
    const after = refreshed(before, token({ source: 'cache' }), NOW, SETTINGS, 0);
    expect(after.lastRefreshed).toEqual(before.lastRefreshed);
    expect(after.refreshTokenExpiresOn).toEqual(before.refreshTokenExpiresOn);
    expect(after.history).toEqual([...before.history, { at: NOW, outcome: 'from-cache' }]);
  });

  it.each([
    'needs-user',
    'consent',
    'cache-lost',
  ] as const)('that failed with %s leaves the account to the user', (kind) => {
    const before = account({ state: 'active', attempts: 0 });
    const failure: Failure = { kind, code: 'code-1' };
    const after = {
      ...before,
      runId: undefined,
      state: 'needs-user',
      attempts: 1,
      failure: { kind, code: 'code-1', at: NOW },
      history: [...before.history, { at: NOW, outcome: 'failed', kind, code: 'code-1' }],
      dueAt: new Date(before.lastActivity.getTime() + 90 * DAY),
    };
    expect(failed(before, failure, NOW, SETTINGS, 0)).toEqual(after);
    expect(markedForUser(before, failure, NOW, SETTINGS)).toEqual(after);
  });

  it.each([
    'throttled',
    'tenant',
    'transient',
    'misconfigured',
  ] as const)('that failed with %s only comes again later', (kind) => {
    const before = account({ state: 'active', attempts: 0 });
    const after = failed(before, { kind, code: 'code-1', retryAfterSeconds: 90 }, NOW, SETTINGS, 0);
    expect(after).toEqual({
      ...before,
      runId: undefined,
      attempts: 1,
      failure: { kind, code: 'code-1', at: NOW },
      history: [...before.history, { at: NOW, outcome: 'failed', kind, code: 'code-1' }],
      dueAt: from(90_000),
    });
  });

  it('keeps what the user must satisfy, and no more of the failure than that', () => {
    const kept = { suberror: 'basic_action', claims: '{"access_token":{}}', askedBy: 'https://api.example' };
    const failure: Failure = { kind: 'needs-user', code: 'c', ...kept, unsure: true, retryAfterSeconds: 9 };
    const { failure: stored } = markedForUser(account(), failure, NOW, SETTINGS);
    expect(stored).toStrictEqual({ kind: 'needs-user', code: 'c', at: NOW, ...kept });
    const plain = markedForUser(account(), { kind: 'needs-user', code: 'c' }, NOW, SETTINGS).failure;
    expect(plain).toStrictEqual({ kind: 'needs-user', code: 'c', at: NOW });
  });

  it('that failed by a fault of ours is counted, and leaves no failure for the user', () => {
    const before = account({ attempts: 1 });
    expect(postponed(before, 'misconfigured', NOW, SETTINGS, 0.5)).toEqual({
      ...before,
      attempts: 2,
      runId: undefined,
      dueAt: from(2 * MINUTE),
    });
  });
});

describe('tasks', () => {
  const entries = [{ at: NOW, outcome: 'task-done', task: 'digest' } as const];

  it.each<[what: string, throttledUntil: Date | undefined, runId: string | undefined, dueAt: Date]>([
    ['keep the next check', undefined, undefined, from(MINUTE)],
    ['that were throttled postpone the next check', from(10 * MINUTE), undefined, from(10 * MINUTE)],
    ['leave the lease of another run alone', from(10 * MINUTE), 'run-2', from(MINUTE)],
  ])('%s, and are recorded', (_, throttledUntil, runId, dueAt) => {
    const before = account({ runId, dueAt: from(MINUTE) });
    expect(tasksRecorded(before, entries, throttledUntil, NOW, SETTINGS)).toEqual({
      ...before,
      history: [...before.history, ...entries],
      dueAt,
    });
  });
});

describe("an operator's retry", () => {
  it.each<[AccountState, AccountState]>([
    ['needs-user', 'active'],
    ['active', 'active'],
    ['pending', 'pending'],
  ])('makes an account that is %s due now, as %s', (state, becomes) => {
    const before = account({ state, dueAt: from(DAY), attempts: 5 });
    expect(retried(before, NOW)).toEqual({ ...before, state: becomes, dueAt: NOW, attempts: 0 });
  });

  it('keeps the time of an account that is due already', () => {
    expect(retried(account({ dueAt: ago(HOUR) }), NOW).dueAt).toEqual(ago(HOUR));
  });
});

describe('nextCheckAt', () => {
  it.each<[what: string, fields: Partial<Account>, expected: Date | undefined]>([
    ['is known for an account that waits', { state: 'active', runId: undefined }, from(HOUR)],
    ['is not known during a check', { state: 'active', runId: 'run-1' }, undefined],
    ['is not known while the user is needed', { state: 'needs-user', runId: undefined }, undefined],
  ])('%s', (_, fields, expected) => {
    expect(nextCheckAt(account({ ...fields, dueAt: from(HOUR) }))).toEqual(expected);
  });
});
