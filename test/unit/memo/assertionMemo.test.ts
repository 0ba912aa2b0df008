import { describe, expect, it } from 'vitest';
import { createAssertionMemo } from '../../../shared/assertionMemo.ts';
import type { Caller, UserToken } from '../../../shared/ports.ts';
import { toUserId } from '../../../shared/userId.ts';

const MINUTE = 60_000;
const START = Date.parse('2026-01-01T00:00:00Z');

function memoAt(maxEntries?: number) {
  const clock = { now: START };
  const now = () => new Date(clock.now);
  return { clock, memo: createAssertionMemo({ now, ...(maxEntries === undefined ? {} : { maxEntries }) }) };
}

function callerOf(assertion: string, user = 1, livesForMs = 60 * MINUTE): Caller {
  const tid = '00000000-0000-4000-8000-000000000000';
  const oid = `00000000-0000-4000-8000-${String(user).padStart(12, '0')}`;
  const expiresOn = new Date(START + livesForMs);
  return { userId: toUserId({ tid, oid }), tid, oid, userPrincipalName: undefined, expiresOn, assertion };
}

const tokenOf = (accessToken: string): UserToken => ({
  accessToken,
  expiresOn: new Date(START + 60 * MINUTE),
  source: 'network',
  homeAccountId: 'home',
  refreshTokenExpiresOn: undefined,
  stored: true,
  written: undefined,
  oldKey: false,
});

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
    const first = await memo.exchanged(caller, exchangeOf(tokenOf('1'), 2 * MINUTE));
    expect(first).toMatchObject({ began: true, token: { accessToken: '1' } });
    clock.now = START + 2 * MINUTE - 1;
    expect(await memo.exchanged(caller, exchangeOf(tokenOf('2')))).toMatchObject({
      began: false,
      token: { accessToken: '1' },
    });
    clock.now = START + 2 * MINUTE;
    expect(await memo.exchanged(caller, exchangeOf(tokenOf('2')))).toMatchObject({ began: true });
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
    const results = await Promise.allSettled([1, 2, 3].map(() => memo.exchanged(caller, fail)));
    expect(results.map((result) => result.status)).toEqual(['rejected', 'rejected', 'rejected']);
    expect(flights).toBe(1);
    expect(await memo.exchanged(caller, exchangeOf(tokenOf('1')))).toMatchObject({ began: true });
  });

  it('is never handed to another assertion, not even of the same user', async () => {
    const { memo } = memoAt();
    const a = await memo.verified('a', async () => callerOf('a'));
    const b = await memo.verified('b', async () => callerOf('b'));
    await memo.exchanged(a, exchangeOf(tokenOf('of a')));
    expect(await memo.exchanged(b, exchangeOf(tokenOf('of b')))).toMatchObject({
      began: true,
      token: { accessToken: 'of b' },
    });
  });

  it('is dropped with its user, also while it is under way', async () => {
    const { memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    let land = () => {};
    const landed = new Promise<void>((resolve) => {
      land = resolve;
    });
    const flight = memo.exchanged(caller, async () => {
      await landed;
      return exchangeOf(tokenOf('old'))();
    });
    memo.forget(caller.userId);
    land();
    await flight;
    const again = await memo.verified('a', async () => callerOf('a'));
    expect(await memo.exchanged(again, exchangeOf(tokenOf('new')))).toMatchObject({
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
    await memo.exchanged(b, exchangeOf(tokenOf('of b')));
    memo.forget(a.userId);
    expect(await memo.exchanged(b, exchangeOf(tokenOf('other')))).toMatchObject({ began: false });
  });

  it('says once a minute that the row is to be looked at', async () => {
    const { clock, memo } = memoAt();
    const caller = await memo.verified('a', async () => callerOf('a'));
    expect(memo.isLookDue(caller)).toBe(false);
    clock.now = START + MINUTE;
    expect([memo.isLookDue(caller), memo.isLookDue(caller)]).toEqual([true, false]);
  });
});
