import { describe, expect, it } from 'vitest';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { createTokenMemo } from '../../../../shared/tokens/tokenMemo.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** An issuer whose tokens live for a day. `down` makes it fail. */
function memoUnderTest(lifetimeMs = 24 * HOUR) {
  const clock = createTestClock();
  const issuer = { asked: 0, down: false };
  const request = async () => {
    issuer.asked += 1;
    if (issuer.down) throw new Error('down');
    return { token: `token ${issuer.asked}`, expiresOn: new Date(clock.now().getTime() + lifetimeMs) };
  };
  const remembered = createTokenMemo(clock, request, 5 * MINUTE);
  return { clock, issuer, remembered, memo: async () => (await remembered()).token };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('a remembered token', () => {
  it('is requested once for all who ask at the same time', async () => {
    const { issuer, memo } = memoUnderTest();
    expect(new Set(await Promise.all(Array.from({ length: 16 }, memo)))).toEqual(new Set(['token 1']));
    expect(issuer.asked).toBe(1);
  });

  it('is used for half of its life, and then renewed while it is still used', async () => {
    const { clock, issuer, memo } = memoUnderTest();
    await memo();
    clock.advance(12 * HOUR - 1);
    expect(await memo()).toBe('token 1');
    expect(issuer.asked).toBe(1);
    clock.advance(1);
    expect(await memo()).toBe('token 1');
    await settled();
    expect(await memo()).toBe('token 2');
    expect(issuer.asked).toBe(2);
  });

  it('says when a newer one is requested', async () => {
    const { clock, issuer, remembered } = memoUnderTest();
    const begun = clock.now().getTime();
    expect(await remembered()).toMatchObject({
      expiresOn: new Date(begun + 24 * HOUR),
      renewOn: new Date(begun + 12 * HOUR),
    });
    issuer.down = true;
    clock.advance(13 * HOUR);
    expect((await remembered()).renewOn).toEqual(new Date(begun + 13 * HOUR + MINUTE));
  });

  it('outlives an outage of its issuer, which is asked once a minute', async () => {
    const { clock, issuer, memo } = memoUnderTest();
    await memo();
    issuer.down = true;
    clock.advance(13 * HOUR);
    for (let second = 0; second < 180; second += 1) {
      expect(await memo()).toBe('token 1');
      await settled();
      clock.advance(1_000);
    }
    expect(issuer.asked).toBe(1 + 3);
    issuer.down = false;
    clock.advance(MINUTE);
    await memo();
    await settled();
    expect(await memo()).toBe('token 5');
  });

  it('is not used in its last five minutes', async () => {
    const { clock, issuer, memo } = memoUnderTest();
    await memo();
    issuer.down = true;
    clock.advance(24 * HOUR - 5 * MINUTE - 1);
    expect(await memo()).toBe('token 1');
    clock.advance(1);
    await expect(memo()).rejects.toThrow('down');
    issuer.down = false;
    expect(await memo()).toBe(`token ${issuer.asked}`);
  });

  it('that is too short to keep is still given to who asks', async () => {
    const { issuer, memo } = memoUnderTest(MINUTE);
    expect([await memo(), await memo()]).toEqual(['token 1', 'token 2']);
    expect(issuer.asked).toBe(2);
  });

  it('is requested again after a failure', async () => {
    const { issuer, memo } = memoUnderTest();
    issuer.down = true;
    await expect(memo()).rejects.toThrow('down');
    issuer.down = false;
    expect(await memo()).toBe('token 2');
  });
});
