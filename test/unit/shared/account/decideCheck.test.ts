import { describe, expect, it } from 'vitest';
import {
  decideCheck,
  firstCheckAt,
  removeCacheAt,
  retireAt,
  tombstoneEndsAt,
} from '../../../../shared/account/schedule.ts';
import type { AccountFields, ScheduleSettings } from '../../../../shared/ports.ts';
import { accountFields } from './accountFields.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW, SECOND, SETTINGS, until } from './scheduleTimes.ts';

const account = (different: Partial<AccountFields> = {}): AccountFields =>
  accountFields(ago(HOUR), different);
/** Refreshed half an hour ago. */
const refreshed = (different: Partial<AccountFields> = {}): AccountFields =>
  account({
    lastRefreshed: ago(30 * MINUTE),
    expiresOn: from(HOUR),
    refreshTokenExpiresOn: from(10 * HOUR),
    history: [{ at: ago(30 * MINUTE), outcome: 'refreshed' }],
    ...different,
  });

describe('decideCheck', () => {
  it.each<[why: string, account: AccountFields, settings: Partial<ScheduleSettings>, decision: object]>([
    ['acts for a new user from the cache', account({ state: 'pending' }), {}, refresh('first-check', false)],
    [
      'acts from the cache if no check ended well',
      account({ expiresOn: from(MINUTE) }),
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
      refreshed({ attempts: 2, expiresOn: from(MINUTE) }),
      {},
      refresh('retry', true),
    ],
    [
      'asks while the refresh token lives, whatever the access token has left',
      refreshed({ expiresOn: from(20 * HOUR), refreshTokenExpiresOn: from(HOUR) }),
      {},
      refresh('keep-warm', true),
    ],
    [
      'takes an unknown refresh token for one of 24 hours since the last visit',
      refreshed({
        expiresOn: from(5 * HOUR),
        refreshTokenExpiresOn: undefined,
        lastActivity: ago(22 * HOUR),
      }),
      {},
      refresh('keep-warm', true),
    ],
    [
      'waits with an unknown refresh token until then',
      refreshed({
        expiresOn: from(5 * HOUR),
        refreshTokenExpiresOn: undefined,
        lastActivity: ago(22 * HOUR - 1),
      }),
      {},
      refresh('keep-warm', false),
    ],
    [
      'acts in every run if told to',
      refreshed({ expiresOn: from(MINUTE) }),
      { everyRun: true },
      refresh('every-run', false),
    ],
    [
      'waits for a user who is active',
      account({ lastActivity: ago(59 * SECOND) }),
      {},
      { action: 'wait', until: from(SECOND), reason: 'recently-active' },
    ],
    [
      'waits for them in every run too',
      account({ lastActivity: ago(59 * SECOND) }),
      { everyRun: true },
      { action: 'wait', until: from(SECOND), reason: 'recently-active' },
    ],
    [
      'acts at the very end of the quiet time',
      account({ lastActivity: ago(MINUTE) }),
      {},
      refresh('first-check', false),
    ],
    [
      'waits for a user who must act',
      account({ state: 'needs-user' }),
      {},
      { action: 'wait', until: from(90 * DAY - HOUR), reason: 'needs-user' },
    ],
    [
      'waits for such a user in every run too',
      account({ state: 'needs-user' }),
      { everyRun: true },
      { action: 'wait', until: from(90 * DAY - HOUR), reason: 'needs-user' },
    ],
    [
      'retires at the end of the retention',
      account({ lastActivity: ago(90 * DAY) }),
      {},
      { action: 'retire', reason: 'retention' },
    ],
    [
      'does not retire a moment earlier',
      account({ lastActivity: ago(90 * DAY - 1) }),
      {},
      refresh('first-check', false),
    ],
    [
      'retires a user who must act and does not',
      account({ state: 'needs-user', lastActivity: ago(90 * DAY) }),
      {},
      { action: 'retire', reason: 'retention' },
    ],
    [
      'retires a user who never came to a token',
      account({ state: 'pending', lastActivity: ago(90 * DAY) }),
      {},
      { action: 'retire', reason: 'retention' },
    ],
    [
      'clears up after a disconnect',
      account({ state: 'disconnected', lastActivity: ago(MINUTE) }),
      {},
      { action: 'remove-cache', until: new Date(NOW.getTime() + 90 * DAY - MINUTE), reason: 'tombstone' },
    ],
    [
      'clears up after retirement',
      account({ state: 'retired', lastActivity: ago(MINUTE) }),
      {},
      { action: 'remove-cache', until: new Date(NOW.getTime() + 2 * DAY - MINUTE), reason: 'tombstone' },
    ],
    [
      'erases when a disconnect is long over',
      account({ state: 'disconnected', lastActivity: ago(90 * DAY) }),
      {},
      { action: 'erase', reason: 'tombstone-over' },
    ],
    [
      'erases when retirement is over',
      account({ state: 'retired', lastActivity: ago(2 * DAY) }),
      {},
      { action: 'erase', reason: 'tombstone-over' },
    ],
  ])('%s', (_why, user, settings, decision) => {
    expect(decideCheck(user, NOW, { ...SETTINGS, ...settings })).toEqual(decision);
  });
});

function refresh(reason: string, forceRefresh: boolean): object {
  return { action: 'refresh', forceRefresh, reason };
}

describe('fixed times', () => {
  it('the first check comes after the quiet time', () =>
    expect(until(firstCheckAt(NOW, SETTINGS))).toBe(MINUTE));
  it('retirement comes after the retention', () =>
    expect(until(retireAt({ lastActivity: NOW }, SETTINGS))).toBe(90 * DAY));
  it('the first check of a tombstone comes when all that was running has ended', () =>
    expect(until(removeCacheAt(NOW))).toBe(10 * MINUTE));
  it('a tombstone stays for two days', () =>
    expect(until(tombstoneEndsAt('retired', NOW, SETTINGS))).toBe(2 * DAY));
  it('a disconnection stays as long as the retention', () =>
    expect(until(tombstoneEndsAt('disconnected', NOW, SETTINGS))).toBe(90 * DAY));
  it('and never for less than two days', () =>
    expect(until(tombstoneEndsAt('disconnected', NOW, { ...SETTINGS, retentionMs: DAY }))).toBe(2 * DAY));
});
