import { SignJWT, UnsecuredJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  AUTHORITY,
  atNoon,
  FOREIGN,
  failing,
  OLD,
  OLD_TOKEN,
  OTHER_TID,
  publishing,
  SECOND,
  serve,
  sign,
  TID,
  warmAtNoon,
} from './keysStage.ts';

describe('the header of a token', () => {
  it('points at no key but by its kid', async () => {
    const elsewhere = await serve(publishing(FOREIGN.jwk));
    const { endpoint, clock, outcome } = await warmAtNoon();
    clock.at += 30 * SECOND;
    for (const header of [{ jku: elsewhere.uri }, { x5u: elsewhere.uri }, { jwk: FOREIGN.jwk }]) {
      expect(await outcome(await sign(FOREIGN, header))).toBe('invalid');
      expect(await outcome(await sign(FOREIGN, { ...header, kid: OLD.jwk.kid }))).toBe('invalid');
      expect(await outcome(await sign(OLD, header))).toBe('verified');
    }
    expect(elsewhere.requests).toBe(0);
    expect(endpoint.requests).toBe(2);
  });

  it('may not demand an extension (RFC 7515 §4.1.11)', async () => {
    const { outcome } = await warmAtNoon();
    const header = { crit: ['urn:example:extension'], 'urn:example:extension': true };
    expect(await outcome(await sign(OLD, header, {}, { 'urn:example:extension': true }))).toBe('invalid');
  });

  it('costs no fetch when it names no key, or another algorithm', async () => {
    const { endpoint, outcome } = await atNoon(failing);
    const hmac = new SignJWT().setProtectedHeader({ alg: 'HS256', kid: OLD.jwk.kid });
    expect(await outcome(await hmac.sign(Buffer.from(String(OLD.jwk.n))))).toBe('invalid');
    expect(await outcome(new UnsecuredJWT({ tid: TID }).encode())).toBe('invalid');
    for (const kid of [undefined, null, 7, {}, ['old'], 'x'.repeat(129)]) {
      expect(await outcome(await sign(OLD, { kid }))).toBe('invalid');
    }
    expect(endpoint.requests).toBe(0);
  });
});

describe('a key that says whose it is', () => {
  const v1 = { ver: '1.0', iss: `https://sts.windows.net/${TID}/` };

  it.each<[what: string, issuer: string | undefined, outcome: string]>([
    ['anybody’s', `${AUTHORITY}/{tenantid}/v2.0`, 'verified'],
    ['the tenant’s', `${AUTHORITY}/${TID}/v2.0`, 'verified'],
    ['nobody’s', undefined, 'verified'],
    ['another tenant’s', `${AUTHORITY}/${OTHER_TID}/v2.0`, 'invalid'],
  ])('(%s) counts for that issuer alone, in tokens of either version', async (_what, issuer, outcome) => {
    const verifier = await atNoon(publishing({ ...OLD.jwk, ...(issuer && { issuer }) }));
    expect(await verifier.outcome(OLD_TOKEN)).toBe(outcome);
    expect(await verifier.outcome(await sign(OLD, {}, v1))).toBe(outcome);
  });
});
