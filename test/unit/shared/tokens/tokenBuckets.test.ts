import { describe, expect, it } from 'vitest';
import { TooManyRequestsError } from '../../../../shared/errors.ts';
import { createTokenBuckets } from '../../../../shared/tokens/tokenBuckets.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { someUser } from '../../../support/sampleAccount.ts';

const SECOND = 1_000;

function buckets(maxUsers?: number) {
  /** `setBackBy`: how much the time of day was set back. */
  const clock = { now: Date.parse('2026-01-01T00:00:00Z'), setBackBy: 0 };
  const take = createTokenBuckets({
    clock: clockOf(() => new Date(clock.now - clock.setBackBy), { elapsed: () => clock.now }),
    capacity: 3,
    refillEveryMs: 10 * SECOND,
    ...(maxUsers === undefined ? {} : { maxUsers }),
  }).take;
  /** How long the user is told to wait, or nothing when they got what they asked for. */
  const ask = (userId: Parameters<typeof take>[0]) => {
    try {
      take(userId);
      return undefined;
    } catch (error) {
      if (error instanceof TooManyRequestsError) return error.retryAfterSeconds;
      throw error;
    }
  };
  return { clock, ask };
}

describe('a token bucket', () => {
  it('gives a user so many at once, and then one at a time', () => {
    const { clock, ask } = buckets();
    const user = someUser();
    expect([ask(user), ask(user), ask(user), ask(user)]).toEqual([undefined, undefined, undefined, 10]);
    clock.now += 9.5 * SECOND;
    expect(ask(user)).toBe(1);
    clock.now += 0.5 * SECOND;
    expect([ask(user), ask(user)]).toEqual([undefined, 10]);
  });

  it('is full again after a while, and never fuller', () => {
    const { clock, ask } = buckets();
    const user = someUser();
    for (let n = 0; n < 3; n += 1) ask(user);
    clock.now += 3_600 * SECOND;
    expect([ask(user), ask(user), ask(user), ask(user)]).toEqual([undefined, undefined, undefined, 10]);
  });

  it('costs nothing to ask while it is empty: the wait does not grow', () => {
    const { ask } = buckets();
    const user = someUser();
    for (let n = 0; n < 3; n += 1) ask(user);
    for (let n = 0; n < 100; n += 1) expect(ask(user)).toBe(10);
  });

  it('is full again as soon as ever, although the time of day is set back', () => {
    const { clock, ask } = buckets();
    const user = someUser();
    for (let n = 0; n < 3; n += 1) ask(user);
    clock.setBackBy = 100 * 86_400 * SECOND;
    clock.now += 10 * SECOND;
    expect([ask(user), ask(user)]).toEqual([undefined, 10]);
  });

  it("is one user's and nobody else's", () => {
    const { ask } = buckets();
    const user = someUser();
    for (let n = 0; n < 3; n += 1) ask(user);
    expect(ask(someUser())).toBeUndefined();
    expect(ask(user)).toBe(10);
  });

  it('is forgotten when too many users come after it', () => {
    const { ask } = buckets(2);
    const [first, second, third] = [someUser(), someUser(), someUser()];
    for (let n = 0; n < 3; n += 1) ask(first);
    ask(second);
    expect(ask(first)).toBe(10);
    ask(third);
    expect(ask(first)).toBeUndefined();
  });

  it('is kept for a user who came again since', () => {
    const { ask } = buckets(2);
    const [first, second, third] = [someUser(), someUser(), someUser()];
    for (const user of [first, second, first, third, first]) expect(ask(user)).toBeUndefined();
    expect(ask(first)).toBe(10);
  });
});
