import type { JWK } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  API,
  AUTHORITY,
  atNoon,
  CUSTOM,
  FOREIGN,
  failing,
  MADE_UP,
  NOON,
  OLD,
  OLD_TOKEN,
  OTHER_TID,
  outcomesOf,
  publishing,
  SECOND,
  sign,
  TID,
} from './keysStage.ts';

describe('a key that the application has for itself', () => {
  const customised = (pair = CUSTOM, claims: Record<string, unknown> = {}) => sign(pair, {}, claims);

  it('signs tokens that no caller can mend: we are misconfigured', async () => {
    const { custom, endpoint, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = publishing(CUSTOM.jwk);
    for (let time = 0; time < 3; time += 1) {
      expect(await outcome(await customised())).toBe('custom_signing_key');
      expect(await outcome(OLD_TOKEN)).toBe('verified');
    }
    expect(custom.lastUrl).toBe(`/keys/${TID}?appid=${API}`);
    expect([endpoint.requests, custom.requests]).toEqual([1, 1]);
  });

  it('makes nobody else’s token anything but forged, and mends none', async () => {
    const { custom, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = publishing(CUSTOM.jwk);
    expect(await outcome(await sign(FOREIGN, { kid: CUSTOM.jwk.kid }))).toBe('invalid');
    expect(await outcome(await sign(FOREIGN, { kid: OLD.jwk.kid }))).toBe('invalid');
    expect(await outcome(await customised(CUSTOM, { exp: NOON / SECOND - 3_600 }))).toBe('invalid');
    expect(await outcome(await customised(CUSTOM, { aud: OTHER_TID }))).toBe('invalid');
    await expect(customised(CUSTOM, { scp: 'openid' }).then(outcome)).rejects.toMatchObject({
      what: 'scope',
    });
  });

  it('is checked for its issuer as any other', async () => {
    const { custom, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = publishing({ ...CUSTOM.jwk, issuer: `${AUTHORITY}/${OTHER_TID}/v2.0` } as JWK);
    expect(await outcome(await customised())).toBe('invalid');
  });

  it('is looked for once in 30 seconds in each tenant, and never for a key that is published', async () => {
    const { custom, clock, verify, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = publishing(CUSTOM.jwk);
    const elsewhere = await sign(CUSTOM, {}, { tid: OTHER_TID, iss: `${AUTHORITY}/${OTHER_TID}/v2.0` });
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    expect(custom.requests).toBe(0);

    const flood = await Promise.all(
      Array.from({ length: 50 }, (_, n) => sign(FOREIGN, { kid: `unknown-${n}` })),
    );
    expect(await outcomesOf(verify, [elsewhere, ...flood])).toEqual(['unavailable']);
    expect(custom.requests).toBe(0);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, flood)).toEqual(['invalid']);
    expect(custom.requests).toBe(1);
    expect(await outcomesOf(verify, [elsewhere, ...flood])).toEqual(['custom_signing_key', 'invalid']);
    expect(custom.requests).toBe(2);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, flood.slice(1))).toEqual(['invalid']);
    expect(custom.requests).toBe(3);
  });

  it('is looked for in no more than 20 tenants in 30 seconds', async () => {
    const { custom, clock, verify, outcome } = await atNoon(publishing(OLD.jwk));
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    const tids = Array.from({ length: 21 }, (_, n) => `${TID.slice(0, -2)}${n + 10}`);
    const tokens = await Promise.all(tids.map((tid) => sign(FOREIGN, {}, { tid })));
    expect(await outcomesOf(verify, tokens)).toEqual(['unavailable']);
    clock.at += 30 * SECOND;
    expect(await outcomesOf(verify, tokens.slice(0, 20))).toEqual(['invalid']);
    expect(custom.requests).toBe(20);
    clock.at += 10 * SECOND;
    await expect(verify(String(tokens[20]))).rejects.toMatchObject({ retryAfterSeconds: 20 });
    expect(await outcomesOf(verify, tokens.slice(0, 20))).toEqual(['invalid']);
    expect(custom.requests).toBe(20);
    clock.at += 20 * SECOND;
    expect(await outcome(String(tokens[20]))).toBe('invalid');
    expect(custom.requests).toBe(21);
  });

  it('is looked for in tenants that are served, and nowhere else', async () => {
    const { custom, outcome } = await atNoon(publishing(OLD.jwk), undefined, [TID]);
    for (const tid of [OTHER_TID, `${TID}/../x`, '', 7, undefined]) {
      expect(await outcome(await sign(FOREIGN, {}, { tid }))).toBe('invalid');
    }
    expect(await outcome(MADE_UP)).toBe('unavailable');
    expect(custom.requests).toBe(0);
  });

  it('cannot be told from a forged one while the keys cannot be fetched', async () => {
    const { custom, clock, verify, outcome } = await atNoon(publishing(OLD.jwk));
    custom.answer = failing;
    await expect(verify(await customised())).rejects.toMatchObject({
      dependency: 'keys',
      retryAfterSeconds: 30,
    });
    expect(await outcome(OLD_TOKEN)).toBe('verified');
    custom.answer = publishing(CUSTOM.jwk);
    clock.at += 30 * SECOND;
    expect(await outcome(await customised())).toBe('custom_signing_key');
    expect(custom.requests).toBe(2);
  });
});
