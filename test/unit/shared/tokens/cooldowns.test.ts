import { describe, expect, it } from 'vitest';
import { type Failure, type Throttle, UserTokenError } from '../../../../shared/errors.ts';
import type { Cooldown } from '../../../../shared/sharedState.ts';
import { createCooldowns } from '../../../../shared/tokens/cooldowns.ts';
import { partsOf, type UserId } from '../../../../shared/userId.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { someUser } from '../../../support/sampleAccount.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const START = Date.parse('2026-01-01T00:00:00Z');
const TENANT = '11111111-1111-4111-8111-111111111111';
const from = (ms: number) => new Date(START + ms);

function world(maxUsers?: number) {
  const clock = { now: START };
  const now = () => new Date(clock.now);
  const cooldowns = createCooldowns({ clock: clockOf(now), ...(maxUsers === undefined ? {} : { maxUsers }) });
  /** For how long the API is left alone for the user. */
  const left = (userId: UserId, api: Throttle['api']) => {
    const until = cooldowns.throttledUntil(userId, api);
    return until === undefined ? undefined : until.getTime() - clock.now;
  };
  return { clock, now, cooldowns, left };
}
const throttled = (throttle: Throttle, retryAfterSeconds?: number): Failure => ({
  kind: 'throttled',
  code: 'graph_429',
  throttle,
  ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
});
const graph = (retryAfterSeconds?: number, scope?: Throttle['scope']) =>
  throttled({ api: 'graph', ...(scope && { scope }) }, retryAfterSeconds);
const token = (retryAfterSeconds?: number) => throttled({ api: 'token' }, retryAfterSeconds);

describe("a throttle of Graph's", () => {
  it('is of this user and this API alone, for as long as it says', () => {
    const { clock, cooldowns, left } = world();
    const [user, other] = [someUser(TENANT), someUser(TENANT)];
    expect(cooldowns.note(user, graph(60))).toEqual([]);
    expect(left(user, 'graph')).toBe(MINUTE);
    expect(left(user, 'token')).toBeUndefined();
    expect(left(other, 'graph')).toBeUndefined();
    expect(cooldowns.tenantUntil(TENANT)).toBeUndefined();
    clock.now += MINUTE;
    expect(left(user, 'graph')).toBeUndefined();
  });

  it.each([
    'tenant',
    'application',
  ] as const)('of the scope %s is stored for all whom it concerns', (scope) => {
    const { cooldowns, left } = world();
    const [user, colleague, stranger] = [someUser(TENANT), someUser(TENANT), someUser()];
    const tenant = scope === 'tenant' ? TENANT : '*';
    expect(cooldowns.note(user, graph(60, scope))).toEqual([
      { tenant, api: 'graph', until: from(MINUTE), kind: 'throttled' },
    ]);
    expect(left(colleague, 'graph')).toBe(MINUTE);
    expect(left(stranger, 'graph')).toBe(scope === 'application' ? MINUTE : undefined);
    // Tokens are still asked for.
    expect(left(colleague, 'token')).toBeUndefined();
    expect(cooldowns.tenantUntil(TENANT)).toBeUndefined();
  });

  it('that three users of a tenant meet within its Retry-After is the tenant’s', () => {
    const { clock, cooldowns } = world();
    const users = [someUser(TENANT), someUser(TENANT), someUser(TENANT)] as const;
    expect(cooldowns.note(users[0], graph(60))).toEqual([]);
    expect(cooldowns.note(users[0], graph(60))).toEqual([]);
    clock.now += 30 * SECOND;
    expect(cooldowns.note(users[1], graph(60))).toEqual([]);
    clock.now += 29 * SECOND;
    expect(cooldowns.note(users[2], graph(60))).toMatchObject([{ tenant: TENANT, api: 'graph' }]);
  });

  it.each([
    ['of three tenants', [someUser(), someUser(), someUser()], 0],
    ['one after the other', [someUser(TENANT), someUser(TENANT), someUser(TENANT)], 61 * SECOND],
  ])('that users %s meet is of these users alone', (_, users, pauseMs) => {
    const { clock, cooldowns } = world();
    for (const user of users) {
      expect(cooldowns.note(user, graph(60))).toEqual([]);
      clock.now += pauseMs;
    }
  });

  it('without Retry-After starts at 30 s, doubles when it is met again at once, and ends at an hour', () => {
    const { clock, cooldowns, left } = world();
    const user = someUser();
    const waits = Array.from({ length: 9 }, () => {
      cooldowns.note(user, graph());
      const wait = left(user, 'graph') ?? 0;
      clock.now += wait;
      return wait / SECOND;
    });
    expect(waits).toEqual([30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    clock.now += 2 * HOUR;
    cooldowns.note(user, graph());
    expect(left(user, 'graph')).toBe(30 * SECOND);
  });

  it('that several requests meet together is met once', () => {
    const { cooldowns, left } = world();
    const user = someUser();
    for (let n = 0; n < 5; n += 1) cooldowns.note(user, graph());
    expect(left(user, 'graph')).toBe(30 * SECOND);
  });

  it('counts for an hour at the most, and for the longest time that was asked for', () => {
    const { cooldowns, left } = world();
    const user = someUser();
    cooldowns.note(user, graph(86_400));
    cooldowns.note(user, graph(1));
    expect(left(user, 'graph')).toBe(HOUR);
  });
});

describe("a throttle of the token endpoint's", () => {
  it("is the tenant's when a second user meets it within a minute", () => {
    const { clock, cooldowns, left } = world();
    const [first, second] = [someUser(TENANT), someUser(TENANT)];
    expect(cooldowns.note(first, token(10))).toEqual([]);
    clock.now += 59 * SECOND;
    expect(cooldowns.note(first, token(10))).toEqual([]);
    expect(cooldowns.tenantUntil(TENANT)).toBeUndefined();
    const until = new Date(clock.now + 20 * SECOND);
    expect(cooldowns.note(second, token(20))).toEqual([
      { tenant: TENANT, api: 'token', until, kind: 'throttled' },
    ]);
    expect(cooldowns.tenantUntil(TENANT)).toEqual(until);
    expect(left(someUser(TENANT), 'token')).toBe(20 * SECOND);
  });

  it("is no tenant's by one user more: after it was the tenant's, two must meet it anew", () => {
    const { clock, cooldowns } = world();
    for (const user of [someUser(TENANT), someUser(TENANT)]) cooldowns.note(user, token(10));
    clock.now += 10 * SECOND;
    expect(cooldowns.note(someUser(TENANT), token(60))).toEqual([]);
    expect(cooldowns.note(someUser(TENANT), token(60))).toHaveLength(1);
  });

  it('is two users’ own after more than a minute', () => {
    const { clock, cooldowns } = world();
    cooldowns.note(someUser(TENANT), token(600));
    clock.now += MINUTE;
    expect(cooldowns.note(someUser(TENANT), token(600))).toEqual([]);
  });

  it('is nobody’s at Graph', () => {
    const { cooldowns, left } = world();
    const users = [someUser(TENANT), someUser(TENANT)] as const;
    for (const user of users) cooldowns.note(user, token(60));
    expect(left(users[0], 'graph')).toBeUndefined();
  });
});

describe("a tenant's cooldown", () => {
  it('ends when it says, for everybody', () => {
    const { clock, cooldowns, left } = world();
    cooldowns.note(someUser(TENANT), throttled({ api: 'token', scope: 'tenant' }, 60));
    clock.now += MINUTE - 1;
    expect([left(someUser(TENANT), 'token'), cooldowns.tenantUntil(TENANT)]).toEqual([1, from(MINUTE)]);
    clock.now += 1;
    expect([left(someUser(TENANT), 'token'), cooldowns.tenantUntil(TENANT)]).toEqual([undefined, undefined]);
  });

  it('is stored again only when it is longer', () => {
    const { cooldowns, left } = world();
    const noteFor = (seconds: number) => cooldowns.note(someUser(TENANT), graph(seconds, 'tenant')).length;
    expect([noteFor(60), noteFor(60), noteFor(30)]).toEqual([1, 0, 0]);
    expect(left(someUser(TENANT), 'graph')).toBe(MINUTE);
    expect(noteFor(61)).toBe(1);
  });

  it("counts beside the user's own: the later end is the one", () => {
    const { cooldowns, left } = world();
    const [patient, hasty] = [someUser(TENANT), someUser(TENANT)];
    cooldowns.note(patient, graph(90));
    cooldowns.note(hasty, graph(30));
    cooldowns.note(someUser(TENANT), graph(60, 'tenant'));
    expect([left(patient, 'graph'), left(hasty, 'graph')]).toEqual([90 * SECOND, MINUTE]);
  });
});

describe('a tenant that is without the application', () => {
  it('is left alone by the worker, and not by requests: an administrator may mend it now', () => {
    const { cooldowns, left } = world();
    const user = someUser(TENANT);
    const failure: Failure = { kind: 'tenant', code: 'AADSTS700016', tenantWide: true };
    expect(cooldowns.note(user, failure)).toMatchObject([{ tenant: TENANT, api: 'token', kind: 'tenant' }]);
    expect(cooldowns.tenantUntil(TENANT)).toEqual(from(15 * MINUTE));
    expect(left(user, 'token')).toBeUndefined();
  });
});

describe('any other failure', () => {
  it.each<Failure>([
    { kind: 'throttled', code: 'AADSTS50196' },
    { kind: 'transient', code: 'graph_503', retryAfterSeconds: 60 },
    { kind: 'tenant', code: 'graph_403' },
  ])('leaves nobody alone: %o', (failure) => {
    const { cooldowns, left } = world();
    const user = someUser(TENANT);
    expect(cooldowns.note(user, failure)).toEqual([]);
    expect([left(user, 'token'), left(user, 'graph'), cooldowns.tenantUntil(TENANT)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

describe('a check', () => {
  it('tells how much of the time is left, as a throttle of no new kind', () => {
    const { clock, cooldowns } = world();
    const user = someUser();
    cooldowns.check(user, 'graph');
    cooldowns.note(user, graph(60));
    clock.now += 20.5 * SECOND;
    const refused = (() => {
      try {
        cooldowns.check(user, 'graph');
        return undefined;
      } catch (error) {
        return error;
      }
    })();
    expect(refused).toBeInstanceOf(UserTokenError);
    expect((refused as UserTokenError).failure).toEqual({
      kind: 'throttled',
      code: 'graph_cooldown',
      retryAfterSeconds: 40,
    });
    cooldowns.check(user, 'token');
  });
});

describe('what is stored', () => {
  const stored = (more: Partial<Cooldown> = {}): Cooldown => ({
    tenant: TENANT,
    api: 'token',
    until: from(HOUR),
    kind: 'throttled',
    ...more,
  });

  it('counts once it is read, and no more when it is gone: an operator may end it', () => {
    const { now, cooldowns, left } = world();
    const user = someUser(TENANT);
    cooldowns.load([stored(), stored({ api: 'graph', tenant: '*' })], now());
    expect([left(user, 'token'), left(user, 'graph')]).toEqual([HOUR, HOUR]);
    cooldowns.load([], now());
    expect([left(user, 'token'), left(user, 'graph')]).toEqual([undefined, undefined]);
  });

  it('is not believed if it lasts longer than any cooldown: a wrong clock wrote it', () => {
    const { now, cooldowns, left } = world();
    const user = someUser(TENANT);
    for (const hours of [2, 2.1, 2_400]) {
      const until = from(hours * HOUR);
      cooldowns.load([stored({ until }), stored({ api: 'graph', tenant: '*', until })], now());
      const expected = hours === 2 ? 2 * HOUR : undefined;
      expect([left(user, 'token'), left(user, 'graph')]).toEqual([expected, expected]);
    }
  });

  it('does not replace what was noted while it was read', () => {
    const { clock, now, cooldowns, left } = world();
    const user = someUser(TENANT);
    const since = now();
    clock.now += 10;
    cooldowns.note(user, graph(60, 'tenant'));
    cooldowns.load([], since);
    expect(left(someUser(TENANT), 'graph')).toBe(MINUTE);
    cooldowns.load([stored({ api: 'graph', until: from(SECOND) })], since);
    expect(left(someUser(TENANT), 'graph')).toBe(MINUTE);
    cooldowns.load([], from(10));
    expect(left(someUser(TENANT), 'graph')).toBe(MINUTE);
    cooldowns.load([], from(11));
    expect(left(someUser(TENANT), 'graph')).toBeUndefined();
  });

  it('stays until its end if it could not be stored, and gives way to a longer one', () => {
    const { clock, now, cooldowns, left } = world();
    const other = someUser(TENANT);
    const [cooldown] = cooldowns.note(someUser(TENANT), graph(60, 'tenant'));
    if (cooldown === undefined) throw new TypeError('Nothing was noted.');
    cooldowns.notStored(cooldown);
    clock.now += 40 * SECOND;
    cooldowns.load([], now());
    expect(left(other, 'graph')).toBe(20 * SECOND);
    cooldowns.load([stored({ api: 'graph', until: from(50 * SECOND) })], now());
    expect(left(other, 'graph')).toBe(20 * SECOND);
    cooldowns.load([stored({ api: 'graph', until: from(HOUR) })], now());
    expect(left(other, 'graph')).toBe(HOUR - 40 * SECOND);
    cooldowns.load([], now());
    expect(left(other, 'graph')).toBeUndefined();
  });

  it('is forgotten although it was not stored, if only a wrong clock can have made it', () => {
    const { clock, now, cooldowns, left } = world();
    const [cooldown] = cooldowns.note(someUser(TENANT), graph(60, 'tenant'));
    if (cooldown === undefined) throw new TypeError('Nothing was noted.');
    cooldowns.notStored(cooldown);
    clock.now -= 3 * HOUR;
    cooldowns.load([], new Date(now().getTime() + 4 * HOUR));
    expect(left(someUser(TENANT), 'graph')).toBeUndefined();
  });

  it('by an earlier release, which did not say why, counts for the worker alone', () => {
    const { now, cooldowns, left } = world();
    cooldowns.load([stored({ kind: undefined })], now());
    expect(cooldowns.tenantUntil(TENANT)).toEqual(from(HOUR));
    expect(left(someUser(TENANT), 'token')).toBeUndefined();
  });

  it('is due to be read once in half a minute', () => {
    const { clock, now, cooldowns } = world();
    expect([cooldowns.isReadDue(), cooldowns.isReadDue()]).toEqual([true, false]);
    clock.now += 30 * SECOND;
    cooldowns.load([], now());
    expect(cooldowns.isReadDue()).toBe(false);
    clock.now += 30 * SECOND;
    expect(cooldowns.isReadDue()).toBe(true);
  });
});

describe('a clock that was ahead and is set right', () => {
  const AHEAD = 100 * 24 * HOUR;

  it('leaves no cooldown that lasts for as long as it was wrong', () => {
    const { clock, cooldowns, left } = world();
    const users = [someUser(TENANT), someUser(TENANT), someUser(TENANT)] as const;
    clock.now += AHEAD;
    for (const user of users) cooldowns.note(user, graph(60));
    expect(left(users[0], 'graph')).toBe(MINUTE);
    clock.now -= AHEAD;
    for (const user of users) expect(left(user, 'graph')).toBeUndefined();
    // The next ones count as if there had been none.
    expect(cooldowns.note(users[0], graph(30))).toEqual([]);
    expect(left(users[0], 'graph')).toBe(30 * SECOND);
    expect(cooldowns.note(users[1], graph(30, 'tenant'))).toHaveLength(1);
    expect(left(users[2], 'graph')).toBe(30 * SECOND);
  });

  it('lets the stored ones be read at once', () => {
    const { clock, cooldowns } = world();
    clock.now += AHEAD;
    expect(cooldowns.isReadDue()).toBe(true);
    clock.now -= AHEAD;
    expect(cooldowns.isReadDue()).toBe(true);
    expect(cooldowns.isReadDue()).toBe(false);
  });
});

describe('the memory', () => {
  it('is bounded: the user who was noted first goes first', () => {
    const { cooldowns, left } = world(2);
    const users = [someUser(), someUser(), someUser()] as const;
    for (const user of users) cooldowns.note(user, graph(60));
    expect(users.map((user) => left(user, 'graph'))).toEqual([undefined, MINUTE, MINUTE]);
    expect(new Set(users.map((user) => partsOf(user).tid)).size).toBe(3);
  });

  it('keeps whoever was noted again since', () => {
    const { cooldowns, left } = world(2);
    const [first, second, third] = [someUser(), someUser(), someUser()];
    for (const user of [first, second, first, third]) cooldowns.note(user, graph(60));
    expect([first, second, third].map((user) => left(user, 'graph'))).toEqual([MINUTE, undefined, MINUTE]);
  });
});
