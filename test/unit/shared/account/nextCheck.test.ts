import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Active } from '../../../../shared/account/account.ts';
import {
  nextCheckAfterFailure,
  nextCheckAfterSuccess,
  nextCheckAfterThrottle,
  type PassingKind,
  refreshTokenEndsAt,
  retireAt,
} from '../../../../shared/account/schedule.ts';
import type { ScheduleSettings } from '../../../../shared/ports.ts';
import { active, pending } from './accounts.ts';
import { ago, DAY, from, HOUR, MINUTE, NOW, SECOND, SETTINGS, until } from './scheduleTimes.ts';

describe('nextCheckAfterSuccess', () => {
  const next = (different: Partial<Active>, settings: Partial<ScheduleSettings> = {}, random = 0.5): number =>
    until(nextCheckAfterSuccess(active(different), NOW, { ...SETTINGS, ...settings }, random));
  const TOKEN = { expiresOn: from(75 * MINUTE) };

  it.each<[what: string, at: number, expected: number]>([
    ['25 minutes before expiry at the earliest', next(TOKEN, {}, 0), 50 * MINUTE],
    ['6 minutes before expiry at the latest', next(TOKEN, {}, 1), 69 * MINUTE],
    ['spread evenly in between', next(TOKEN, {}, 0.5), 59.5 * MINUTE],
    [
      'not before the least interval, if the token is short',
      next({ expiresOn: from(MINUTE) }, {}, 0),
      5 * MINUTE,
    ],
    ['spread out then too', next({ expiresOn: from(MINUTE) }, {}, 0.5), 5.25 * MINUTE],
    [
      'a day later, if that is the least interval and the refresh token holds',
      next({ ...TOKEN, refreshTokenExpiresOn: from(90 * DAY) }, { minIntervalMs: DAY }, 0),
      DAY,
    ],
    [
      'in the second to last hour of the refresh token',
      next({ expiresOn: from(28 * HOUR), refreshTokenExpiresOn: from(10 * HOUR) }),
      8.5 * HOUR,
    ],
    [
      'half-way through a refresh token that does not live for long',
      next({ expiresOn: from(28 * HOUR), refreshTokenExpiresOn: from(HOUR) }),
      30 * MINUTE,
    ],
    [
      'half-way, if the refresh token ends in four hours',
      next({ expiresOn: from(28 * HOUR), refreshTokenExpiresOn: from(4 * HOUR) }),
      2 * HOUR,
    ],
    [
      'in five minutes, if the refresh token ends in ten',
      next({ expiresOn: from(28 * HOUR), refreshTokenExpiresOn: from(10 * MINUTE) }),
      5 * MINUTE,
    ],
    [
      'not sooner than five minutes for the sake of a refresh token',
      next(
        { expiresOn: from(28 * HOUR), refreshTokenExpiresOn: from(9 * MINUTE) },
        { minIntervalMs: HOUR },
        0,
      ),
      27 * HOUR + 35 * MINUTE,
    ],
    [
      'within 23 hours of the visit, if nobody said when it ends',
      next({ expiresOn: from(28 * HOUR), lastActivity: NOW }),
      22.5 * HOUR,
    ],
    [
      'within 23 hours even where the least interval is a day',
      next({ ...TOKEN, lastActivity: NOW }, { minIntervalMs: DAY }),
      22.5 * HOUR,
    ],
    [
      'as usual, if the refresh token is about to end all the same',
      next({ ...TOKEN, refreshTokenExpiresOn: from(9 * MINUTE) }),
      59.5 * MINUTE,
    ],
    [
      'as usual, if the refresh token’s end is long past',
      next({ ...TOKEN, refreshTokenExpiresOn: ago(DAY) }),
      59.5 * MINUTE,
    ],
    [
      'at retirement, if that comes first',
      next({ ...TOKEN, lastActivity: ago(90 * DAY - 20 * MINUTE) }),
      20 * MINUTE,
    ],
    ['a minute later, in every run', next(TOKEN, { everyRun: true }), MINUTE],
    [
      'at retirement, in every run too',
      next({ ...TOKEN, lastActivity: ago(90 * DAY - SECOND) }, { everyRun: true }),
      SECOND,
    ],
  ])('comes %s', (_what, at, expected) => {
    expect(at).toBe(expected);
  });
});

describe('nextCheckAfterFailure', () => {
  const next = (
    attempts: number,
    kind: PassingKind = 'transient',
    random = 0.999_999,
    retryAfterSeconds?: number,
  ): number => {
    const at = nextCheckAfterFailure(pending(), attempts, kind, NOW, SETTINGS, random, retryAfterSeconds);
    return Math.round(until(at) / SECOND);
  };

  it.each([
    [1, 120],
    [2, 240],
    [5, 1_920],
    [6, 3_600],
    [1_000, 3_600],
  ])('after %i failures in a row waits for up to %i seconds', (attempts, seconds) => {
    expect(next(attempts)).toBe(seconds);
    expect(next(attempts, 'throttled')).toBe(seconds);
  });

  it.each([
    [1, 1_800],
    [2, 3_600],
    [9, 3_600],
  ])('gives a tenant longer: after %i failures up to %i seconds', (attempts, seconds) => {
    expect(next(attempts, 'tenant')).toBe(seconds);
  });

  it('spreads evenly from nothing to all of that', () => {
    expect([0, 0.25, 0.5].map((random) => next(3, 'transient', random))).toEqual([1, 120, 240]);
  });

  it('never comes before the Retry-After, up to an hour', () => {
    expect(next(1, 'throttled', 0, 90)).toBe(90);
    expect(next(1, 'throttled', 0.999_999, 90)).toBe(120);
    expect(next(1, 'transient', 0, 7_200)).toBe(3_600);
    expect(next(1, 'throttled', 0, 86_400)).toBe(3_600);
  });

  it('comes before the refresh token ends, if that comes first', () => {
    const user = active({ refreshTokenExpiresOn: from(40 * MINUTE) });
    expect(until(nextCheckAfterFailure(user, 6, 'throttled', NOW, SETTINGS, 0.9, 3_600))).toBe(20 * MINUTE);
  });

  it('comes at retirement, if that comes first', () => {
    const user = active({ lastActivity: ago(90 * DAY - 30 * SECOND) });
    expect(until(nextCheckAfterFailure(user, 6, 'tenant', NOW, SETTINGS, 0.9, 600))).toBe(30 * SECOND);
  });
});

describe('nextCheckAfterThrottle', () => {
  const next = (different: Partial<Active>, end: Date): number =>
    until(nextCheckAfterThrottle(active({ nextCheckAt: NOW, ...different }), end, NOW, SETTINGS));
  const LATE_END = { refreshTokenExpiresOn: from(DAY) };

  it('is the end of the cooldown, and no earlier than it was due', () => {
    expect(next(LATE_END, from(HOUR))).toBe(HOUR);
    expect(next({ ...LATE_END, nextCheckAt: from(2 * HOUR) }, from(HOUR))).toBe(2 * HOUR);
  });

  it('comes before the refresh token ends, and at retirement, if those come first', () => {
    expect(next({ refreshTokenExpiresOn: from(40 * MINUTE) }, from(HOUR))).toBe(20 * MINUTE);
    expect(next({ ...LATE_END, lastActivity: ago(90 * DAY - MINUTE) }, from(HOUR))).toBe(MINUTE);
  });
});

describe('refreshTokenEndsAt', () => {
  it('is what the token endpoint gave, or a day from now', () => {
    const known = from(HOUR);
    const refreshed = { source: 'network', refreshTokenExpiresOn: from(90 * DAY) } as const;
    expect(refreshTokenEndsAt(refreshed, known, NOW)).toEqual(from(90 * DAY));
    expect(refreshTokenEndsAt({ ...refreshed, refreshTokenExpiresOn: undefined }, known, NOW)).toEqual(
      from(DAY),
    );
  });

  it('stays as it is known while the access token comes from the cache', () => {
    const cached = { source: 'cache', refreshTokenExpiresOn: undefined } as const;
    expect(refreshTokenEndsAt(cached, from(HOUR), NOW)).toEqual(from(HOUR));
    expect(refreshTokenEndsAt(cached, undefined, NOW)).toBeUndefined();
  });
});

describe('the next check, for any user', () => {
  const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const anySettings: fc.Arbitrary<ScheduleSettings> = fc.record({
    idleForMs: fc.integer({ min: SECOND, max: DAY }),
    minIntervalMs: fc.integer({ min: SECOND, max: DAY }),
    everyRun: fc.boolean(),
    retentionMs: fc.integer({ min: 1, max: 3_650 }).map((days) => days * DAY),
  });
  const anyMoment = fc.integer({ min: -30 * DAY, max: 365 * DAY }).map(from);
  const anyAccount = fc
    .record({
      expiresOn: anyMoment,
      lastActivity: fc.nat(DAY - 1).map(ago),
      refreshTokenExpiresOn: fc.option(anyMoment, { nil: undefined }),
    })
    .map(({ refreshTokenExpiresOn, ...times }) =>
      active({ ...times, ...(refreshTokenExpiresOn && { refreshTokenExpiresOn }) }),
    );

  it('is ahead, and not beyond retirement, after a success', () => {
    fc.assert(
      fc.property(anyAccount, anySettings, anyRandom, (user, settings, random) => {
        const at = nextCheckAfterSuccess(user, NOW, settings, random);
        expect(at.getTime()).toBeGreaterThan(NOW.getTime());
        expect(at.getTime()).toBeLessThanOrEqual(retireAt(user, settings).getTime());
      }),
    );
  });

  it('is ahead, not beyond retirement and within the cap, after a failure', () => {
    const anyKind = fc.constantFrom<PassingKind>('transient', 'throttled', 'tenant', 'misconfigured');
    fc.assert(
      fc.property(
        anyAccount,
        fc.integer({ min: 1, max: 1_000_000 }),
        anyKind,
        anySettings,
        anyRandom,
        fc.nat(86_400),
        (user, attempts, kind, settings, random, retryAfterSeconds) => {
          const at = nextCheckAfterFailure(user, attempts, kind, NOW, settings, random, retryAfterSeconds);
          expect(at.getTime()).toBeGreaterThan(NOW.getTime());
          expect(at.getTime()).toBeLessThanOrEqual(retireAt(user, settings).getTime());
          expect(until(at)).toBeLessThanOrEqual(HOUR);
        },
      ),
    );
  });
});
