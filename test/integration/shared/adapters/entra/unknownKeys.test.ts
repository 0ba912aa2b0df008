import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  atNoon,
  failing,
  HOUR,
  MADE_UP,
  MINUTE,
  madeUpTokens,
  NEW,
  NEW_TOKEN,
  NOON,
  OLD,
  OLD_TOKEN,
  outcomesOf,
  publishing,
  SECOND,
  sign,
  warmAtNoon,
} from './keysStage.ts';

describe('a key that is not among the published ones', () => {
  it('may have been published a moment ago: until the next fetch, callers are told when to ask again', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    clock.at += MINUTE;
    expect(await outcome(MADE_UP)).toBe('invalid');
    endpoint.answer = publishing(NEW.jwk, OLD.jwk);
    for (const [after, retryAfterSeconds] of [
      [0, 30],
      [9_500, 21],
      [29_999, 1],
    ] as const) {
      clock.at = NOON + MINUTE + after;
      await expect(verify(NEW_TOKEN)).rejects.toMatchObject({ dependency: 'keys', retryAfterSeconds });
      expect(await outcome(OLD_TOKEN)).toBe('verified');
    }
    expect(endpoint.requests).toBe(2);
    clock.at = NOON + MINUTE + 30 * SECOND;
    expect(await outcome(NEW_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(3);
  });

  it('is decided by the next fetch, whatever causes it, and stays decided until the one after that', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    const [first = '', second = ''] = madeUpTokens(2);
    expect(await outcome(first)).toBe('unavailable');
    clock.at += 30 * SECOND;
    expect(await outcome(second)).toBe('invalid');
    expect(await outcome(first)).toBe('invalid');
    clock.at += 30 * SECOND - 1;
    expect([await outcome(first), await outcome(second)]).toEqual(['invalid', 'invalid']);
    expect(endpoint.requests).toBe(2);
    clock.at += 1;
    expect([await outcome(first), await outcome(second)]).toEqual(['invalid', 'invalid']);
    expect(endpoint.requests).toBe(3);
  });

  it('is not judged by what an outage left', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    clock.at += 30 * SECOND;
    expect(await outcome(MADE_UP)).toBe('invalid');
    endpoint.answer = failing;
    clock.at += 30 * SECOND;
    expect(await outcome(MADE_UP)).toBe('unavailable');
    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(MADE_UP)).toBe('invalid');
  });

  it('is not judged by a fetch that began before it was asked for', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    const held: ServerResponse[] = [];
    endpoint.answer = (_request, response) => void held.push(response);
    const began = NOON + 31 * SECOND;
    clock.at = began;
    const junk = outcome(MADE_UP);
    await expect.poll(() => held.length).toBe(1);
    endpoint.answer = publishing(OLD.jwk, NEW.jwk);
    const waiting = expect(verify(NEW_TOKEN)).rejects.toMatchObject({
      dependency: 'keys',
      retryAfterSeconds: 30,
    });
    held[0]?.end(JSON.stringify({ keys: [OLD.jwk] }));
    await waiting;
    expect(await junk).toBe('invalid');
    for (const after of [1, 21]) {
      clock.at = began + after * SECOND;
      expect(await outcome(NEW_TOKEN)).toBe('unavailable');
      expect(await outcome(MADE_UP)).toBe('invalid');
    }
    expect(endpoint.requests).toBe(2);
    clock.at = began + 30 * SECOND;
    expect(await outcome(NEW_TOKEN)).toBe('verified');
    expect(endpoint.requests).toBe(3);
  });

  it('is judged by the fetch after the one that it came too late for, even if that one failed', async () => {
    const { endpoint, clock, outcome } = await warmAtNoon();
    const [first = '', second = '', third = ''] = madeUpTokens(3);
    const held: ServerResponse[] = [];
    endpoint.answer = (_request, response) => void held.push(response);
    clock.at += 30 * SECOND;
    const early = outcome(first);
    await expect.poll(() => held.length).toBe(1);
    const late = outcome(second);
    held[0]?.writeHead(500).end();
    expect([await early, await late]).toEqual(['unavailable', 'unavailable']);
    endpoint.answer = publishing(OLD.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(third)).toBe('invalid');
    expect([await outcome(first), await outcome(second)]).toEqual(['invalid', 'invalid']);
    expect(endpoint.requests).toBe(3);
  });

  it('is forgotten where there are too many, and then it waits', async () => {
    const { endpoint, clock, verify } = await warmAtNoon();
    expect(await outcomesOf(verify, madeUpTokens(1_001))).toEqual(['unavailable']);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, madeUpTokens(1_000))).toEqual(['invalid']);
    expect(await outcomesOf(verify, madeUpTokens(1_001))).toEqual(['invalid', 'unavailable']);
    expect(endpoint.requests).toBe(2);
  });
});

describe('a thousand tokens that each name an unknown key', () => {
  const flood = madeUpTokens(1_000);

  it('are invalid at the price of one fetch every 30 seconds', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    expect(await outcomesOf(verify, flood)).toEqual(['unavailable']);
    for (const fetches of [2, 3]) {
      clock.at += 30 * SECOND;
      expect(await outcomesOf(verify, flood)).toEqual(['invalid']);
      expect(await outcomesOf(verify, flood)).toEqual(['invalid']);
      expect(endpoint.requests).toBe(fetches);
    }
    expect(await outcome(OLD_TOKEN)).toBe('verified');
  });

  it('are undecided while fetches fail, at the same price, and known keys stay good', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    endpoint.answer = failing;
    for (const fetches of [2, 3]) {
      clock.at += 30 * SECOND;
      expect(await outcomesOf(verify, flood)).toEqual(['unavailable']);
      expect(await outcomesOf(verify, flood)).toEqual(['unavailable']);
      expect(endpoint.requests).toBe(fetches);
      expect(await outcome(OLD_TOKEN)).toBe('verified');
    }
  });

  it('share one fetch from a cold start, which judges the one that it began for, and the next one the rest', async () => {
    const { endpoint, clock, verify } = await atNoon(publishing(OLD.jwk));
    expect(await outcomesOf(verify, [...flood, OLD_TOKEN])).toEqual(['invalid', 'unavailable', 'verified']);
    expect(endpoint.requests).toBe(1);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, [...flood, OLD_TOKEN])).toEqual(['invalid', 'verified']);
    expect(endpoint.requests).toBe(2);
  });

  it('delay nobody whose key is known while that fetch hangs', async () => {
    const { endpoint, clock, verify, outcome } = await warmAtNoon();
    const held: ServerResponse[] = [];
    endpoint.answer = (_request, response) => void held.push(response);
    clock.at += MINUTE;
    const flooding = outcomesOf(verify, flood);
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    await expect.poll(() => held.length).toBe(1);
    clock.at += MINUTE;
    const more = outcome(MADE_UP);
    held[0]?.end(JSON.stringify({ keys: [OLD.jwk] }));
    expect(await flooding).toEqual(['invalid', 'unavailable']);
    expect(await more).toBe('invalid');
    expect(endpoint.requests).toBe(2);
  });
});

it('a token ends by the clock that is passed in', async () => {
  const { clock, outcome } = await atNoon(publishing(OLD.jwk));
  const token = await sign(OLD, {}, { exp: (NOON + HOUR) / SECOND });
  clock.at += HOUR + MINUTE - SECOND;
  expect(await outcome(token)).toBe('verified');
  clock.at += SECOND;
  expect(await outcome(token)).toBe('invalid');
});
