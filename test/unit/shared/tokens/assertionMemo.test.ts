import { describe, expect, it } from 'vitest';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { type Failure, TokenInvalidError, UserTokenError } from '../../../../shared/errors.ts';
import type { Caller, UserToken } from '../../../../shared/ports.ts';
import { createAssertionMemo } from '../../../../shared/tokens/assertionMemo.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { clockOf } from '../../../support/clockOf.ts';
import { sampleToken } from '../../../support/sampleToken.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-01-01T00:00:00Z');

function memoAt(maxEntries?: number) {
  /** `setBackBy`: how much the time of day was set back. */
  const clock = { now: START, setBackBy: 0 };
  const told = clockOf(() => new Date(clock.now - clock.setBackBy), { elapsed: () => clock.now });
  return {
    clock,
    memo: createAssertionMemo({ clock: told, ...(maxEntries === undefined ? {} : { maxEntries }) }),
  };
}

function callerOf(assertion: string, user = 1, livesForMs = 60 * MINUTE): Caller {
  const tid = '00000000-0000-4000-8000-000000000000';
  const oid = `00000000-0000-4000-8000-${String(user).padStart(12, '0')}`;
  const expiresOn = new Date(START + livesForMs);
  return { userId: toUserId({ tid, oid }), tid, oid, userPrincipalName: undefined, expiresOn, assertion };
}

const tokenOf = (accessToken: string): UserToken =>
  sampleToken(new Date(START + 60 * MINUTE), { accessToken });

/** Remembers a verification, and counts how often one was asked for. */
function verifier(caller: Caller) {
  const asked = { times: 0 };
  const verify = async () => {
    asked.times += 1;
    return caller;
  };
  return { asked, verify };
}

const exchangeOf =
  (token: UserToken, keepForMs = 50 * MINUTE) =>
  async () => ({
    token,
    keepUntil: new Date(START + keepForMs),
  });

describe('a verification', () => {
  it('is remembered for five minutes', async () => {
    const { clock, memo } = memoAt();
    const { asked, verify } = verifier(callerOf('a'));
    expect(await memo.verified('a', verify)).toEqual(callerOf('a'));
    clock.now = START + 5 * MINUTE - 1;
    expect(await memo.verified('a', verify)).toEqual(callerOf('a'));
    expect(asked.times).toBe(1);
    clock.now = START + 5 * MINUTE;
    await memo.verified('a', verify);
    expect(asked.times).toBe(2);
  });

  it('is not remembered beyond the end of the token', async () => {
    const { clock, memo } = memoAt();
    const { asked, verify } = verifier(callerOf('a', 1, MINUTE));
    await memo.verified('a', verify);
    clock.now = START + MINUTE;
    await memo.verified('a', verify);
    expect(asked.times).toBe(2);
  });

  it('that fails is not remembered', async () => {
    const { memo } = memoAt();
    const refuse = () => Promise.reject(new Error('no'));
    await expect(memo.verified('a', refuse)).rejects.toThrow('no');
    const { asked, verify } = verifier(callerOf('a'));
    await memo.verified('a', verify);
    expect(asked.times).toBe(1);
  });
});

describe('an exchange', () => {
  it('is handed out again until it is no longer to be kept', async () => {
    const { clock, memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    const first = await memo.exchanged(caller, graph, exchangeOf(tokenOf('1'), 2 * MINUTE));
    expect(first).toMatchObject({ began: true, token: { accessToken: '1' } });
    clock.now = START + 2 * MINUTE - 1;
    expect(await memo.exchanged(caller, graph, exchangeOf(tokenOf('2')))).toMatchObject({
      began: false,
      token: { accessToken: '1' },
    });
    clock.now = START + 2 * MINUTE;
    expect(await memo.exchanged(caller, graph, exchangeOf(tokenOf('2')))).toMatchObject({ began: true });
  });

  it('is shared by all who wait for it, and told to all when it fails', async () => {
    const { memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    let flights = 0;
    const fail = async () => {
      flights += 1;
      await Promise.resolve();
      throw new Error('refused');
    };
    const results = await Promise.allSettled([1, 2, 3].map(() => memo.exchanged(caller, graph, fail)));
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(flights).toBe(1);
    expect(await memo.exchanged(caller, graph, exchangeOf(tokenOf('1')))).toMatchObject({ began: true });
  });

  it('is never handed to another assertion, not even of the same user', async () => {
    const { memo } = memoAt();
    const a = await memo.verified('a', async () => callerOf('a'));
    const b = await memo.verified('b', async () => callerOf('b'));
    await memo.exchanged(a, graph, exchangeOf(tokenOf('of a')));
    expect(await memo.exchanged(b, graph, exchangeOf(tokenOf('of b')))).toMatchObject({
      began: true,
      token: { accessToken: 'of b' },
    });
  });

  it('is forgotten with its user, also while it is running', async () => {
    const { memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    let land = () => {};
    const landed = new Promise<void>((resolve) => {
      land = resolve;
    });
    const flight = memo.exchanged(caller, graph, async () => {
      await landed;
      return exchangeOf(tokenOf('old'))();
    });
    memo.forget(caller.userId);
    land();
    await flight;
    const again = await memo.verified('a', async () => callerOf('a'));
    expect(await memo.exchanged(again, graph, exchangeOf(tokenOf('new')))).toMatchObject({
      began: true,
      token: { accessToken: 'new' },
    });
  });
});

describe('the memory', () => {
  it('is bounded: the assertion unused for longest goes first', async () => {
    const { memo } = memoAt(2);
    const counts = new Map<string, ReturnType<typeof verifier>>();
    const verify = (assertion: string, user: number) => {
      const one = counts.get(assertion) ?? verifier(callerOf(assertion, user));
      counts.set(assertion, one);
      return memo.verified(assertion, one.verify);
    };
    await verify('a', 1);
    await verify('b', 2);
    await verify('a', 1);
    await verify('c', 3);
    await verify('a', 1);
    await verify('b', 2);
    expect([...counts].map(([assertion, { asked }]) => [assertion, asked.times])).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 1],
    ]);
  });

  it('forgets one user and nobody else', async () => {
    const { memo } = memoAt();
    const a = await memo.verified('a', async () => callerOf('a', 1));
    const b = await memo.verified('b', async () => callerOf('b', 2));
    await memo.exchanged(b, graph, exchangeOf(tokenOf('of b')));
    memo.forget(a.userId);
    expect(await memo.exchanged(b, graph, exchangeOf(tokenOf('other')))).toMatchObject({ began: false });
  });

  it('says once a minute that the row must be read', async () => {
    const { clock, memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    await memo.exchanged(caller, graph, exchangeOf(tokenOf('1')));
    expect(memo.isRowReadDue(caller, graph)).toBe(false);
    clock.now = START + MINUTE;
    expect([memo.isRowReadDue(caller, graph), memo.isRowReadDue(caller, graph)]).toEqual([true, false]);
  });

  it('lets the account be read once a minute, although the time of day is set back', async () => {
    const { clock, memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    await memo.exchanged(caller, graph, exchangeOf(tokenOf('1')));
    clock.setBackBy = 60 * MINUTE;
    clock.now = START + MINUTE;
    expect(memo.isRowReadDue(caller, graph)).toBe(true);
  });
});

const SECOND = 1_000;

/** Refuses with this, and counts how often it was asked. */
function refusing(error: Error) {
  const asked = { times: 0 };
  const ask = async () => {
    asked.times += 1;
    throw error;
  };
  return { asked, ask };
}
const refusal = (failure: Failure) => new UserTokenError(failure);

describe('a refusal', () => {
  it.each<[what: string, error: Error, forMs: number]>([
    ['a throttle', refusal({ kind: 'throttled', code: 'x', retryAfterSeconds: 60 }), MINUTE],
    [
      'a throttle that asks for a day',
      refusal({ kind: 'throttled', code: 'x', retryAfterSeconds: 86_400 }),
      60 * MINUTE,
    ],
    [
      'a throttle that does not say for how long',
      refusal({ kind: 'throttled', code: 'AADSTS50196' }),
      5 * SECOND,
    ],
    ['a missing consent', refusal({ kind: 'needs-user', code: 'AADSTS65001' }), 3 * SECOND],
    ['a tenant without the application', refusal({ kind: 'tenant', code: 'AADSTS700016' }), 3 * SECOND],
    ['an outage', refusal({ kind: 'transient', code: 'ECONNREFUSED' }), SECOND],
    [
      'an outage that says how long it lasts',
      refusal({ kind: 'transient', code: 'x', retryAfterSeconds: 7 }),
      7 * SECOND,
    ],
    ['a token that ended on the way', new TokenInvalidError('over'), 3 * SECOND],
    ['a bug', new TypeError('a bug'), 0],
  ])('is remembered for its time: %s', async (_, error, forMs) => {
    const { clock, memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    const { asked, ask } = refusing(error);
    await expect(memo.exchanged(caller, graph, ask)).rejects.toBe(error);
    if (forMs > 0) {
      clock.now += forMs - 1;
      await expect(memo.exchanged(caller, graph, ask)).rejects.toThrow(error.message);
      expect(asked.times).toBe(1);
      clock.now += 1;
    }
    await expect(memo.exchanged(caller, graph, ask)).rejects.toThrow(error.message);
    expect(asked.times).toBe(2);
  });

  it('tells how much of its Retry-After is left', async () => {
    const { clock, memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    const { ask } = refusing(refusal({ kind: 'throttled', code: 'x', retryAfterSeconds: 60 }));
    await expect(memo.exchanged(caller, graph, ask)).rejects.toMatchObject({
      failure: { retryAfterSeconds: 60 },
    });
    clock.now += 20.5 * SECOND;
    await expect(memo.exchanged(caller, graph, ask)).rejects.toMatchObject({
      failure: { retryAfterSeconds: 40 },
    });
  });

  it('ends as soon as ever, although the time of day is set back', async () => {
    const { clock, memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    const { asked, ask } = refusing(refusal({ kind: 'throttled', code: 'x', retryAfterSeconds: 60 }));
    await expect(memo.exchanged(caller, graph, ask)).rejects.toThrow();
    clock.setBackBy = 60 * MINUTE;
    clock.now += MINUTE;
    await expect(memo.exchanged(caller, graph, ask)).rejects.toThrow();
    expect(asked.times).toBe(2);
  });

  it('is of its assertion alone', async () => {
    const { memo } = memoAt();
    const [a, b] = [
      await memo.verified('a', async () => callerOf('a')),
      await memo.verified('b', async () => callerOf('b')),
    ];
    await expect(memo.exchanged(a, graph, refusing(new TokenInvalidError('over')).ask)).rejects.toThrow();
    expect(await memo.exchanged(b, graph, exchangeOf(tokenOf('of b')))).toMatchObject({ began: true });
  });

  it('is forgotten with what was exchanged, unless it is a throttle', async () => {
    const { memo } = memoAt();
    const a = await memo.verified('a', async () => callerOf('a'));
    const throttle = refusing(refusal({ kind: 'throttled', code: 'x', retryAfterSeconds: 60 }));
    const consent = refusing(refusal({ kind: 'needs-user', code: 'AADSTS65001' }));
    await expect(memo.exchanged(a, graph, consent.ask)).rejects.toThrow();
    await expect(memo.shared(a, 'photo', throttle.ask)).rejects.toThrow();
    memo.forget(a.userId);
    await expect(memo.exchanged(a, graph, consent.ask)).rejects.toThrow();
    await expect(memo.shared(a, 'photo', throttle.ask)).rejects.toThrow();
    expect([consent.asked.times, throttle.asked.times]).toEqual([2, 1]);
  });

  it('of a flight that was running when it was forgotten is not remembered', async () => {
    const { memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    let land = () => {};
    const landed = new Promise<void>((resolve) => {
      land = resolve;
    });
    const flight = memo.exchanged(caller, graph, async () => {
      await landed;
      throw refusal({ kind: 'needs-user', code: 'AADSTS65001' });
    });
    memo.forget(caller.userId);
    land();
    await expect(flight).rejects.toThrow('AADSTS65001');
    expect(await memo.exchanged(caller, graph, exchangeOf(tokenOf('new')))).toMatchObject({ began: true });
  });

  it('is bounded with its assertion', async () => {
    const { memo } = memoAt(1);
    const a = await memo.verified('a', async () => callerOf('a', 1));
    const { asked, ask } = refusing(refusal({ kind: 'throttled', code: 'x', retryAfterSeconds: 60 }));
    await expect(memo.exchanged(a, graph, ask)).rejects.toThrow();
    await memo.verified('b', async () => callerOf('b', 2));
    await memo.verified('a', async () => callerOf('a', 1));
    await expect(memo.exchanged(a, graph, ask)).rejects.toThrow();
    expect(asked.times).toBe(2);
  });
});

describe('a renewal', () => {
  it('replaces the token that is no longer taken, once for all who found that', async () => {
    const { memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    const { token: former } = await memo.exchanged(caller, graph, exchangeOf(tokenOf('old')));
    const renew = (name: string) => memo.renewed(caller, graph, former, exchangeOf(tokenOf(name)));
    const together = await Promise.all([renew('new'), renew('another')]);
    expect(together.map(({ token, began }) => [token.accessToken, began])).toEqual([
      ['new', true],
      ['new', false],
    ]);
    expect(await renew('late')).toMatchObject({ began: false, token: { accessToken: 'new' } });
    expect(await memo.exchanged(caller, graph, exchangeOf(tokenOf('next')))).toMatchObject({
      token: { accessToken: 'new' },
    });
  });
});

describe('what is read', () => {
  it('is shared by the requests of one assertion at a time, and not remembered', async () => {
    const { memo } = memoAt();
    const a = await memo.verified('a', async () => callerOf('a'));
    const b = await memo.verified('b', async () => callerOf('b'));
    let reads = 0;
    const read = async () => {
      reads += 1;
      await Promise.resolve();
      return reads;
    };
    const ask = (caller: Caller, name = 'profile') => memo.shared(caller, name, read);
    expect(await Promise.all([ask(a), ask(a), ask(a)])).toEqual([
      { result: 1, began: true },
      { result: 1, began: false },
      { result: 1, began: false },
    ]);
    await Promise.all([ask(a), ask(b), ask(a, 'photo')]);
    expect(reads).toBe(4);
  });

  it('is refused from memory under its own name alone', async () => {
    const { memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    const { asked, ask } = refusing(refusal({ kind: 'tenant', code: 'graph_403' }));
    for (let n = 0; n < 3; n += 1)
      await expect(memo.shared(caller, 'photo', ask)).rejects.toThrow('graph_403');
    expect(asked.times).toBe(1);
    expect(await memo.shared(caller, 'profile', async () => 'a profile')).toMatchObject({
      result: 'a profile',
    });
  });
});
