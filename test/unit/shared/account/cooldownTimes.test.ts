import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterCooldown,
  coolTenantUntil,
  decideCheck,
  nextCheckAfterFailure,
  nextCheckAfterSuccess,
} from '../../../../shared/account/schedule.ts';
import { active, needsUser, pending } from './accounts.ts';
import { DAY, from, HOUR, MINUTE, NOW, SETTINGS, until } from './scheduleTimes.ts';

const busiestMinute = (checks: Date[]): number => {
  const byMinute = new Map<number, number>();
  for (const at of checks) {
    const minute = Math.floor(at.getTime() / MINUTE);
    byMinute.set(minute, (byMinute.get(minute) ?? 0) + 1);
  }
  return Math.max(...byMinute.values());
};

describe('coolTenantUntil', () => {
  it.each([
    ['a minute, if it throttles and does not say for how long', 'throttled', undefined, MINUTE],
    ['15 minutes, if it refuses the application', 'tenant', undefined, 15 * MINUTE],
    ['as long as it says', 'throttled', 600, 10 * MINUTE],
    ['an hour at the most', 'throttled', 86_400, HOUR],
    ['no time at all, if it says so', 'throttled', 0, 0],
  ] as const)('gives a tenant a cooldown of %s', (_, kind, retryAfterSeconds, expected) => {
    const failure = { kind, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
    expect(until(coolTenantUntil(failure, NOW))).toBe(expected);
  });
});

describe('a user of a tenant with a cooldown', () => {
  const idle = active();
  const END = from(10 * MINUTE);

  it('waits for the end of it', () => {
    expect(decideCheck(idle, NOW, SETTINGS, END)).toEqual({
      action: 'wait',
      until: END,
      reason: 'cooldown',
    });
  });

  it('is checked when it is over', () => {
    expect(decideCheck(idle, END, SETTINGS, END)).toMatchObject({ action: 'refresh' });
  });

  it('waits for its end in every run too', () => {
    expect(decideCheck(idle, NOW, { ...SETTINGS, everyRun: true }, END)).toMatchObject({ action: 'wait' });
  });

  it('is retired in spite of it', () => {
    const quiet = active({ lastActivity: from(-90 * DAY) });
    expect(decideCheck(quiet, NOW, SETTINGS, END)).toMatchObject({ action: 'retire' });
  });

  it('waits for no cooldown while the user is needed', () => {
    expect(decideCheck(needsUser(), NOW, SETTINGS, END)).toMatchObject({ reason: 'needs-user' });
  });

  it('does not wait beyond the day of retirement', () => {
    const quiet = pending({ lastActivity: from(MINUTE - 90 * DAY) });
    expect(decideCheck(quiet, NOW, SETTINGS, END)).toMatchObject({ until: from(MINUTE) });
  });

  it('comes within five minutes of the end', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (random) => {
        const at = afterCooldown(END, random).getTime();
        expect(at).toBeGreaterThanOrEqual(END.getTime());
        expect(at).toBeLessThanOrEqual(END.getTime() + 5 * MINUTE);
      }),
    );
  });
});

describe('a cohort that came in the same minute', () => {
  const USERS = 500;
  it.each([
    [5 * MINUTE, DAY],
    [5 * MINUTE, 90 * DAY],
    [6 * HOUR, DAY],
    [6 * HOUR, 90 * DAY],
    [DAY, DAY],
    [DAY, 90 * DAY],
  ])('does not stay together, with a least interval of %i ms and refresh tokens of %i ms', (minIntervalMs, life) => {
    const settings = { ...SETTINGS, minIntervalMs };
    let seed = 1;
    const random = () => {
      seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
      return seed / 2 ** 32;
    };
    const checks = Array.from({ length: USERS }, () => {
      let now = NOW;
      while (now < from(10 * DAY)) {
        const settled = active({
          lastActivity: NOW,
          expiresOn: new Date(now.getTime() + 75 * MINUTE),
          refreshTokenExpiresOn: new Date(now.getTime() + life),
        });
        now = nextCheckAfterSuccess(settled, now, settings, random());
      }
      return now;
    });
    expect(busiestMinute(checks)).toBeLessThan(USERS / 10);
  });

  it('backs off to an hour and not beyond, however long the outage', () => {
    const account = active({ lastActivity: NOW, refreshTokenExpiresOn: from(90 * DAY) });
    let now = NOW;
    const gaps: number[] = [];
    while (now < from(5 * DAY)) {
      const attempts = gaps.length + 1;
      const next = nextCheckAfterFailure(account, attempts, 'transient', now, SETTINGS, 0.999_999);
      gaps.push(Math.round((next.getTime() - now.getTime()) / MINUTE));
      now = next;
    }
    expect(gaps.slice(0, 7)).toEqual([2, 4, 8, 16, 32, 60, 60]);
    expect(new Set(gaps.slice(5))).toEqual(new Set([60]));
    expect(gaps.length).toBeGreaterThan(24 * 4);
  });
});

describe('10,000 users who were all checked in the same second', () => {
  /** Evenly over [0, 1), as 10,000 draws are on the whole. */
  const draws = Array.from({ length: 10_000 }, (_, n) => n / 10_000);
  const user = active({ expiresOn: from(75 * MINUTE) });

  it('come back over 19 minutes', () => {
    const checks = draws.map((random) => nextCheckAfterSuccess(user, NOW, SETTINGS, random));
    expect(busiestMinute(checks)).toBeLessThan(10_000 / 18);
  });

  it('come back over an hour, after an outage that lasts', () => {
    const checks = draws.map((random) => nextCheckAfterFailure(user, 6, 'transient', NOW, SETTINGS, random));
    expect(busiestMinute(checks)).toBeLessThan(10_000 / 55);
  });

  it('come back over five minutes, after a cooldown of their tenant', () => {
    const checks = draws.map((random) => afterCooldown(NOW, random));
    expect(busiestMinute(checks)).toBeLessThanOrEqual(10_000 / 5);
  });
});
