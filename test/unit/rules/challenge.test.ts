import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeClaims, readClaimsChallenge } from '../../../shared/rules/challenge.ts';
import { MAX_CLAIMS_LENGTH } from '../../../shared/rules/failures.ts';

const CLAIMS = '{"access_token":{"nbf":{"essential":true,"value":"1700000000"}}}';
const ENCODED = Buffer.from(CLAIMS).toString('base64');
const header = (claims: string): string => `Bearer realm="", error="insufficient_claims", claims="${claims}"`;

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
    const ofLength = (length: number): string => `{"a":"${'x'.repeat(length - 8)}"}`;
    const longest = ofLength(MAX_CLAIMS_LENGTH);
    expect(longest).toHaveLength(MAX_CLAIMS_LENGTH);
    expect(readClaimsChallenge(header(encodeClaims(longest)))).toBe(longest);
    expect(readClaimsChallenge(header(encodeClaims(ofLength(MAX_CLAIMS_LENGTH + 1))))).toBeUndefined();
    expect(readClaimsChallenge(header('A'.repeat(3 * MAX_CLAIMS_LENGTH)))).toBeUndefined();
  });

  it('reads back what encodeClaims wrote, for any JSON object', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 2 })), (value) => {
        const claims = JSON.stringify(value);
        expect(readClaimsChallenge(header(encodeClaims(claims)))).toBe(claims);
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
