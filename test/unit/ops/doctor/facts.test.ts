import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TokenAnswer } from '../../../../ops/doctor/probe/askToken.ts';
import { tableOf } from '../../../../ops/doctor/probe/facts.ts';
import type { Seen } from '../../../../ops/doctor/probe/runProbe.ts';

const AT = new Date('2026-11-20T10:00:00Z');
const answer = (json: Record<string, unknown>, status = 200): TokenAnswer => ({ status, json, at: AT });
const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');

const over = (change: Partial<Seen> = {}): Map<string, string> => {
  const all = Object.fromEntries(
    ['redeemed', 'pageRefreshed', 'exchanged', 'exchangedNamed', 'refreshed', 'unconsented', 'damaged'].map(
      (name) => [name, answer({})],
    ),
  );
  const lines = tableOf({ ...(all as unknown as Seen), refusedBefore: 0, ...change });
  return new Map(
    lines
      .slice(2)
      .map((line) => line.split(' | '))
      .map(([what = '', , seen = '']) => [what.slice(2), seen.slice(0, -2)]),
  );
};

describe('the table of the probe', () => {
  it('has no text that could be a token, an id or a name, wherever an answer has it', () => {
    const [id, token, name] = [randomUUID(), `eyJ${'a'.repeat(200)}`, 'Anna Example'];
    const everything = answer({
      scope: `${id}/x ${token} ${name}|`,
      error: name,
      suberror: `${token}`,
      error_codes: [name],
      id_token: token,
      refresh_token: token,
      expires_in: name,
      [`${name} `]: 1,
      [id]: 1,
      access_token: `${part({ typ: name })}.${part({ ver: token, aud: `${id} ${name}`, idtyp: name, iat: name })}.x`,
    });
    for (const status of [200, 400]) {
      const text = [
        ...over(
          Object.fromEntries(
            Object.keys({
              redeemed: 0,
              pageRefreshed: 0,
              exchanged: 0,
              exchangedNamed: 0,
              refreshed: 0,
              unconsented: 0,
              damaged: 0,
            }).map((one) => [one, { ...everything, status }]),
          ) as Partial<Seen>,
        ).values(),
      ].join('\n');
      for (const secret of [id, token, 'Anna Example']) expect(text).not.toContain(secret);
      expect(text).toContain('<id>');
      expect(text).not.toContain('|');
    }
  });

  it('tells lifetimes in minutes, hours or days', () => {
    const seen = over({
      exchanged: answer({
        expires_in: 5_399,
        ext_expires_in: '86399',
        refresh_in: 'soon',
        refresh_token_expires_in: 7_775_999,
      }),
    });
    expect([seen.get('exchange: `expires_in`'), seen.get('exchange: `ext_expires_in`')]).toEqual([
      '90.0 min',
      '24.0 h',
    ]);
    expect(seen.get('exchange: `refresh_in`')).toBe('there, and no number');
    expect(seen.get('exchange: `refresh_token_expires_in`')).toBe('90.0 d');
    expect(seen.get('refresh: `refresh_token_expires_in`')).toBe('absent');
  });

  it('tells how far a token is back-dated, and for whom it is', () => {
    const redeemed = (claims: object) => answer({ access_token: `${part({})}.${part(claims)}.x` });
    const tokenOf = (claims: object) => over({ redeemed: redeemed(claims) });
    const iat = AT.getTime() / 1_000 - 300;
    expect(tokenOf({ iat }).get('access token: its `iat` before the answer')).toBe('300 s');
    expect(tokenOf({}).get('access token: its `iat` before the answer')).toBe('absent');
    expect(tokenOf({ aud: `api://${randomUUID()}` }).get('access token: `aud`')).toBe('an App ID URI');
    expect(tokenOf({ aud: randomUUID() }).get('access token: `aud`')).toBe('a client id');
    expect(tokenOf({ aud: 'x' }).get('access token: `aud`')).toBe('another text');
  });

  it('tells whether a refresh token was replaced, kept or not sent', () => {
    const of = (after: TokenAnswer) =>
      over({ exchanged: answer({ refresh_token: 'a' }), refreshed: after }).get(
        'refresh: another refresh token',
      );
    expect(of(answer({ refresh_token: 'b' }))).toBe('yes');
    expect(of(answer({ refresh_token: 'a' }))).toBe('no');
    expect(of(answer({}))).toBe('none was sent');
    expect(of(answer({ error: 'invalid_grant', suberror: 'bad_token', error_codes: [70043] }, 400))).toBe(
      '400, `invalid_grant`, suberror `bad_token`, error_codes `70043`',
    );
  });
});
