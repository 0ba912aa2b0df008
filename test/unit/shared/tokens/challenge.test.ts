import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  encodeClaims,
  MAX_SENT_CLAIMS_BYTES,
  readClaims,
  readClaimsChallenge,
} from '../../../../shared/tokens/challenge.ts';

const CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const ENCODED = Buffer.from(CLAIMS).toString('base64');
const header = (claims: string): string => `Bearer realm="", error="insufficient_claims", claims="${claims}"`;

/** Claims of ASCII alone, whose base64 has so many characters. */
const asciiClaims = (base64Length: number): string => `{"a":"${'x'.repeat((base64Length / 4) * 3 - 8)}"}`;

const section = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 2 }));
/** Mostly what a directory could send: any JSON object, with the members that mean something more often than not. */
const anyClaims = fc
  .record(
    {
      access_token: fc.oneof({ weight: 4, arbitrary: section }, fc.jsonValue({ maxDepth: 1 })),
      id_token: fc.oneof({ weight: 4, arbitrary: section }, fc.jsonValue({ maxDepth: 1 })),
      other: fc.jsonValue({ maxDepth: 2 }),
      Ünï: fc.string({ unit: 'binary', maxLength: 4_000 }),
    },
    { requiredKeys: [] },
  )
  .map((value) => JSON.stringify(value));

describe('readClaims', () => {
  it.each([
    CLAIMS,
    '{}',
    ` ${CLAIMS}\n`,
    '{"access_token":{},"id_token":{}}',
    '{"userinfo":{"given_name":null}}',
    '{"access_token":{"name":{"value":"\\"Ünï\\" 🦊"}}}',
  ])('gives back %s as it came', (claims) => {
    expect(readClaims(claims)).toBe(claims);
  });

  it.each<[what: string, claims: unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an object that is not JSON text', { access_token: {} }],
    ['no text', ''],
    ['text that is not JSON', 'access_token'],
    ['half of it', CLAIMS.slice(0, -1)],
    ['something behind it', `${CLAIMS}x`],
    ['a list', '[]'],
    ['a list of it', `[${CLAIMS}]`],
    ['a string', '"access_token"'],
    ['it as a string', JSON.stringify(CLAIMS)],
    ['a number', '1'],
    ['true', 'true'],
    ['the word null', 'null'],
    ['a section that is null', '{"access_token":null}'],
    ['a section that is text', '{"access_token":"x"}'],
    ['a section that is a list', '{"access_token":[]}'],
    ['an id_token that is a number', '{"id_token":5}'],
    ['a __proto__', '{"__proto__":{"access_token":{}}}'],
    ['a __proto__ further in', '{"access_token":{"a":[{"__proto__":null}]}}'],
    ['a __proto__ that is spelt otherwise', '{"\\u005f_proto__":[]}'],
    ['half of a surrogate pair', '{"a":"\ud800"}'],
    ['what nests without end', `{"a":${'['.repeat(4_000)}${']'.repeat(4_000)}}`],
  ])('takes %s for none', (_what, claims) => {
    expect(readClaims(claims)).toBeUndefined();
  });

  it('counts what is sent, not what is meant', () => {
    const nonAscii = `{"a":"${'€'.repeat(2_800)}"}`;
    expect(nonAscii.length).toBeLessThan(MAX_SENT_CLAIMS_BYTES / 2);
    expect(readClaims(nonAscii)).toBeUndefined();
    const quotes = `{"a":"${'{'.repeat(2_800)}"}`;
    expect(encodeClaims(quotes).length).toBeLessThan(MAX_SENT_CLAIMS_BYTES / 2);
    expect(readClaims(quotes)).toBeUndefined();
  });

  it('lets through only what fits into one header and one address, and is an object to everybody', () => {
    fc.assert(
      fc.property(fc.oneof(anyClaims, fc.json(), fc.string({ unit: 'binary' })), (text) => {
        const claims = readClaims(text);
        if (claims === undefined) return;
        expect(claims).toBe(text);
        expect(encodeClaims(claims).length).toBeLessThanOrEqual(MAX_SENT_CLAIMS_BYTES);
        expect(encodeURIComponent(claims).length).toBeLessThanOrEqual(MAX_SENT_CLAIMS_BYTES);
        const value: unknown = JSON.parse(claims);
        expect(Object.prototype.toString.call(value)).toBe('[object Object]');
        expect(Buffer.from(encodeClaims(claims), 'base64').toString()).toBe(claims);
      }),
    );
  });
});

describe('readClaimsChallenge', () => {
  it.each([
    ['as Graph sends it', header(ENCODED)],
    [
      'with other parameters around it',
      `Bearer realm="", authorization_uri="https://localhost/authorize", error="insufficient_claims", ` +
        `client_id="00000003", errorDescription="Continuous access evaluation", claims="${ENCODED}", cc_type="x"`,
    ],
    ['without commas', `Bearer error="insufficient_claims" claims="${ENCODED}"`],
    ['with the error unquoted', `Bearer error=insufficient_claims, claims="${ENCODED}"`],
    ['with names in capitals', `Bearer ERROR="insufficient_claims", CLAIMS="${ENCODED}"`],
    ['among other challenges', `Basic realm="x", ${header(ENCODED)}`],
    ['before the error, without a scheme', `claims="${ENCODED}", error="insufficient_claims"`],
    ['as base64url', header(Buffer.from(CLAIMS).toString('base64url'))],
  ])('finds a challenge %s', (_how, text) => {
    expect(readClaimsChallenge(text)).toBe(CLAIMS);
  });

  it.each([
    ['no header', null],
    ['an empty header', ''],
    ['another error', `Bearer error="invalid_token", claims="${ENCODED}"`],
    ['no claims', 'Bearer error="insufficient_claims"'],
    ['empty claims', header('')],
    ['claims that are not base64', header('{"access_token":{}}')],
    ['claims that are not JSON', header(Buffer.from('access_token').toString('base64'))],
    ['claims that are an array', header(Buffer.from('[]').toString('base64'))],
    ['claims that are null', header(Buffer.from('null').toString('base64'))],
    ['a parameter whose name only ends alike', `Bearer error="insufficient_claims", noclaims="${ENCODED}"`],
  ])('finds none in %s', (_what, text) => {
    expect(readClaimsChallenge(text)).toBeUndefined();
  });

  it('takes the longest claims that may be passed on, and none longer', () => {
    const longest = asciiClaims(MAX_SENT_CLAIMS_BYTES);
    expect(readClaimsChallenge(header(encodeClaims(longest)))).toBe(longest);
    expect(readClaimsChallenge(header(encodeClaims(`${longest} `)))).toBeUndefined();
    expect(readClaimsChallenge(header('A'.repeat(3 * MAX_SENT_CLAIMS_BYTES)))).toBeUndefined();
  });

  it('reads back what encodeClaims wrote, for any claims', () => {
    fc.assert(
      fc.property(anyClaims, (claims) => {
        expect(readClaimsChallenge(header(encodeClaims(claims)))).toBe(readClaims(claims));
      }),
    );
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii' }), (text) => {
        for (const any of [text, header(text), `error="insufficient_claims" claims="${text}`]) {
          expect(['string', 'undefined']).toContain(typeof readClaimsChallenge(any));
        }
      }),
    );
  });
});
