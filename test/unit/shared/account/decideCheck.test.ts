import { describe, expect, it } from 'vitest';
import type { Account, Connected, Tombstone } from '../../../../shared/account/account.ts';
import {
  asIfKept,
  decideCheck,
  decideTombstone,
  firstCheckAt,
  isDueTooLate,
  removeCacheAt,
  retireAt,
  tombstoneEndsAt,
} from '../../../../shared/account/schedule.ts';
import type { ScheduleSettings } from '../../../../shared/ports.ts';
import { active, LEASE, needsUser, pending, TOKENS, TROUBLE, tombstone } from './accounts.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW, SECOND, SETTINGS, until } from './scheduleTimes.ts';

/** Refreshed half an hour ago. */
const refreshed = (different: Partial<typeof TOKENS> = {}) => active({ ...TOKENS, ...different });
const refresh = (reason: string, forceRefresh: boolean) => ({ action: 'refresh', forceRefresh, reason });
const wait = (at: Date, reason: string) => ({ action: 'wait', until: at, reason });
const RETIRE = { action: 'retire', reason: 'retention' };
const EVERY_RUN = { everyRun: true };

describe('decideCheck', () => {
  it.each<[why: string, account: Connected, settings: Partial<ScheduleSettings>, decision: object]>([
    ['acts for a new user from the cache', pending(), {}, refresh('first-check', false)],
    [
      'acts from the cache for a new user whose checks failed',
      pending({ trouble: TROUBLE }),
      {},
      refresh('first-check', false),
    ],
    [
      'acts from the cache if there was no check yet',
      active({ expiresOn: from(MINUTE), history: [] }),
      {},
      refresh('first-check', false),
    ],
    [
      'asks for a new token in the window',
      refreshed({ expiresOn: from(25 * MINUTE) }),
      {},
      refresh('keep-warm', true),
    ],
    ['asks for a new token after expiry', refreshed({ expiresOn: ago(DAY) }), {}, refresh('keep-warm', true)],
    [
      'leaves a token before the window alone',
      refreshed({ expiresOn: from(25 * MINUTE + 1) }),
      {},
      refresh('keep-warm', false),
    ],
    [
      'tries again after a failure',
      active({ trouble: TROUBLE, expiresOn: from(MINUTE) }),
      {},
      refresh('retry', true),
    ],
    ['tries again after a fault of ours', active({ trouble: { attempts: 1 } }), {}, refresh('retry', false)],
    ['does not depend on the lease', active({ ...TOKENS, lease: LEASE }), {}, refresh('keep-warm', false)],
    [
      'asks while the refresh token is valid, however long the access token lasts',
      refreshed({ expiresOn: from(20 * HOUR), refreshTokenExpiresOn: from(2 * HOUR) }),
      {},
      refresh('keep-warm', true),
    ],
    [
      'does not ask more than two hours before the refresh token ends',
      refreshed({ expiresOn: from(20 * HOUR), refreshTokenExpiresOn: from(2 * HOUR + 1) }),
      {},
      refresh('keep-warm', false),
    ],
    [
      'takes an unknown refresh token for one of 24 hours since the last visit',
      active({ expiresOn: from(5 * HOUR), lastActivity: ago(22 * HOUR) }),
      {},
      refresh('keep-warm', true),
    ],
    [
      'waits with an unknown refresh token until then',
      active({ expiresOn: from(5 * HOUR), lastActivity: ago(22 * HOUR - 1) }),
      {},
      refresh('keep-warm', false),
    ],
    ['acts in every run if told to', refreshed(), EVERY_RUN, refresh('every-run', false)],
    [
      'waits for a user who is active',
      active({ lastActivity: ago(59 * SECOND) }),
      {},
      wait(from(SECOND), 'recently-active'),
    ],
    [
      'waits for them in every run, too',
      active({ lastActivity: ago(59 * SECOND) }),
      EVERY_RUN,
      wait(from(SECOND), 'recently-active'),
    ],
    [
      'acts at the very end of the quiet time',
      pending({ lastActivity: ago(MINUTE) }),
      {},
      refresh('first-check', false),
    ],
    ['waits for a user who must act', needsUser(), {}, wait(from(90 * DAY - HOUR), 'needs-user')],
    [
      'waits for such a user in every run, too',
      needsUser(TOKENS),
      EVERY_RUN,
      wait(from(90 * DAY - HOUR), 'needs-user'),
    ],
    [
      'waits for such a user who was active a moment ago',
      needsUser({ lastActivity: NOW }),
      {},
      wait(from(90 * DAY), 'needs-user'),
    ],
    ['retires at the end of the retention', active({ lastActivity: ago(90 * DAY) }), {}, RETIRE],
    ['retires then in every run, too', active({ lastActivity: ago(90 * DAY) }), EVERY_RUN, RETIRE],
    [
      'does not retire a moment earlier',
      active({ lastActivity: ago(90 * DAY - 1), history: [] }),
      {},
      refresh('first-check', false),
    ],
    ['retires a user who must act and does not', needsUser({ lastActivity: ago(90 * DAY) }), {}, RETIRE],
    ['retires a user who never had a token', pending({ lastActivity: ago(90 * DAY) }), {}, RETIRE],
  ])('%s', (_why, account, settings, decision) => {
    expect(decideCheck(account, NOW, { ...SETTINGS, ...settings })).toEqual(decision);
  });
});

describe('decideTombstone', () => {
  it.each<[why: string, tombstone: Tombstone, decision: object]>([
    [
      'removes the cache after a disconnection',
      tombstone('disconnected', ago(MINUTE)),
      { action: 'remove-cache', until: from(90 * DAY - MINUTE), reason: 'disconnected' },
    ],
    [
      'removes the cache after retirement',
      tombstone('retired', ago(MINUTE)),
      { action: 'remove-cache', until: from(2 * DAY - MINUTE), reason: 'retired' },
    ],
    [
      'does not erase a moment earlier',
      tombstone('retired', ago(2 * DAY - 1)),
      { action: 'remove-cache', until: from(1), reason: 'retired' },
    ],
    [
      'erases when a disconnection is over',
      tombstone('disconnected', ago(90 * DAY)),
      { action: 'erase', reason: 'tombstone-over' },
    ],
    [
      'erases when retirement is over',
      tombstone('retired', ago(2 * DAY)),
      { action: 'erase', reason: 'tombstone-over' },
    ],
  ])('%s', (_why, ended, decision) => {
    expect(decideTombstone(ended, NOW, SETTINGS)).toEqual(decision);
  });
});

describe('isDueTooLate', () => {
  it.each<[what: string, account: Account, expected: boolean]>([
    ['an active account in 29 hours', active({ nextCheckAt: from(29 * HOUR) }), false],
    ['an active account after that', active({ nextCheckAt: from(29 * HOUR + 1) }), true],
    ['one that waits for its user for ten years', needsUser({ nextCheckAt: from(3_651 * DAY) }), false],
    ['one that waits longer', needsUser({ nextCheckAt: from(3_651 * DAY + 1) }), true],
    ['one that was never exchanged, until it is retired', pending({ nextCheckAt: from(90 * DAY) }), false],
    ['a tombstone until it ends', { ...tombstone('disconnected'), nextCheckAt: from(90 * DAY) }, false],
    [
      'a tombstone of the next century',
      { ...tombstone('disconnected'), nextCheckAt: from(36_500 * DAY) },
      true,
    ],
    ['a lease of an hour', active({ lease: { runId: 'run-1', until: from(HOUR) } }), false],
    ['a longer lease', active({ lease: { runId: 'run-1', until: from(HOUR + 1) } }), true],
  ])('%s: %s', (_what, account, expected) => {
    expect(isDueTooLate(account, NOW, SETTINGS)).toBe(expected);
  });

  it('leaves an active account its least interval', () => {
    const settings = { ...SETTINGS, minIntervalMs: 3 * DAY };
    expect(isDueTooLate(active({ nextCheckAt: from(3.6 * DAY) }), NOW, settings)).toBe(false);
    expect(isDueTooLate(active({ nextCheckAt: from(3.6 * DAY + 1) }), NOW, settings)).toBe(true);
  });
});

describe('a user whose last visit another machine dates ahead', () => {
  it('is checked once the quiet time is over on this one', () => {
    expect(decideCheck(active({ lastActivity: from(DAY) }), NOW, SETTINGS)).toEqual(
      wait(from(MINUTE), 'recently-active'),
    );
  });
});

describe('fixed times', () => {
  const endsAt = (state: Tombstone['state'], retentionMs = 90 * DAY) =>
    until(tombstoneEndsAt({ state, since: NOW }, { retentionMs }));

  it('the first check comes after the quiet time', () =>
    expect(until(firstCheckAt(NOW, SETTINGS))).toBe(MINUTE));
  it('retirement comes after the retention', () =>
    expect(until(retireAt({ lastActivity: NOW }, SETTINGS))).toBe(90 * DAY));
  it('who may not be retired counts as if an hour was left', () => {
    const account = needsUser({ lastActivity: ago(100 * DAY) });
    const kept = asIfKept(account, NOW, SETTINGS);
    expect(until(retireAt(account, kept))).toBe(HOUR);
    expect(decideCheck(account, NOW, kept)).toEqual(wait(from(HOUR), 'needs-user'));
    const due = refreshed({ expiresOn: ago(DAY) });
    expect(decideCheck({ ...due, lastActivity: ago(100 * DAY) }, NOW, kept)).toEqual(
      refresh('keep-warm', true),
    );
  });
  it('the first check of a tombstone comes when all that was running has ended', () =>
    expect(until(removeCacheAt(NOW))).toBe(10 * MINUTE));
  it('a retired account is remembered for two days', () => expect(endsAt('retired')).toBe(2 * DAY));
  it('a disconnection is remembered as long as the retention', () =>
    expect(endsAt('disconnected')).toBe(90 * DAY));
  it('and never for less than two days', () => expect(endsAt('disconnected', DAY)).toBe(2 * DAY));
});
