import { describe, expect, it } from 'vitest';
import {
  attemptsOf,
  connectedSince,
  dueAt,
  failureOf,
  hasEnded,
  isConnected,
  isSameConnection,
  isTombstone,
  tokensOf,
} from '../../../../shared/account/account.ts';
import {
  active,
  CONNECTED,
  damaged,
  FAILURE,
  KEPT,
  LEASE,
  needsUser,
  pending,
  TOKENS,
  TROUBLE,
  tombstone,
} from './accounts.ts';
import { ago, HOUR, NOW } from './scheduleTimes.ts';

const ACCOUNTS = [
  pending({ trouble: TROUBLE }),
  active({ ...TOKENS, trouble: TROUBLE }),
  needsUser(TOKENS),
  tombstone('disconnected'),
  tombstone('retired'),
  damaged('connected'),
];
const inEach = <T>(of: (account: (typeof ACCOUNTS)[number]) => T) =>
  Object.fromEntries(ACCOUNTS.map((account) => [account.state, of(account)]));

describe('an account', () => {
  it('is met at the next check, or at the end of its lease', () => {
    expect(dueAt(active())).toEqual(active().nextCheckAt);
    expect(dueAt(active({ lease: LEASE }))).toEqual(LEASE.until);
    expect(dueAt({ ...tombstone('retired'), lease: LEASE })).toEqual(LEASE.until);
  });

  it('tells since when the user has been connected', () => {
    for (const account of [pending(), active(), needsUser()]) {
      expect(connectedSince(account)).toEqual(KEPT.connectedAt);
    }
  });

  it('tells of a connection of an earlier release the oldest time that is stored', () => {
    const { connectedAt: _, ...former } = active({ history: [], lastActivity: ago(HOUR) });
    expect(connectedSince(former)).toEqual(ago(HOUR));
    const older = ago(2 * HOUR);
    const at = { at: older, outcome: 'refreshed' } as const;
    expect(connectedSince({ ...former, lastRefreshed: older })).toEqual(older);
    expect(connectedSince({ ...former, history: [at, { ...at, at: NOW }] })).toEqual(older);
    const trouble = { attempts: 1, failure: { ...FAILURE, at: older } };
    expect(connectedSince({ ...former, trouble })).toEqual(older);
  });

  it('is connected, or a tombstone, or damaged', () => {
    const yes = { pending: true, active: true, 'needs-user': true };
    const no = { disconnected: false, retired: false };
    expect(inEach(isConnected)).toEqual({ ...yes, ...no, damaged: false });
    const connected = { pending: false, active: false, 'needs-user': false };
    expect(inEach(isTombstone)).toEqual({ ...connected, disconnected: true, retired: true, damaged: false });
  });

  it('has the failure of its last check', () => {
    expect(inEach(failureOf)).toEqual({
      pending: FAILURE,
      active: FAILURE,
      'needs-user': needsUser().failure,
    });
    expect([pending(), active(), active({ trouble: { attempts: 2 } })].map(failureOf)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('counts the failures that may pass', () => {
    const none = { 'needs-user': 0, disconnected: 0, retired: 0, damaged: 0 };
    expect(inEach(attemptsOf)).toEqual({ pending: 3, active: 3, ...none });
    expect([pending(), active()].map(attemptsOf)).toEqual([0, 0]);
  });

  it('may know its tokens if there were any', () => {
    const none = { pending: {}, disconnected: {}, retired: {}, damaged: {} };
    expect(inEach(tokensOf)).toStrictEqual({ ...none, active: TOKENS, 'needs-user': TOKENS });
    expect(tokensOf(needsUser())).toStrictEqual({});
  });
});

describe('a connection', () => {
  it.each(CONNECTED)('is the same in each state with the same generation: $state', (later) => {
    expect(isSameConnection(active(), later)).toBe(true);
    expect(hasEnded(active(), later)).toBe(false);
  });

  it.each([
    ['does not exist', undefined],
    ['was connected anew', active({ generation: 'generation-2' })],
    ['has disconnected', tombstone('disconnected')],
    ['is retired', tombstone('retired')],
  ] as const)('has ended if the account %s', (_, later) => {
    expect(isSameConnection(active(), later)).toBe(false);
    expect(hasEnded(active(), later)).toBe(true);
  });

  it('is not known, and has not ended, if the account is damaged', () => {
    const later = { ...damaged('connected'), generation: 'generation-1' };
    expect(isSameConnection(active(), later)).toBe(false);
    expect(hasEnded(active(), later)).toBe(false);
  });
});
