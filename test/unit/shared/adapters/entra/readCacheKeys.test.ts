import { describe, expect, it } from 'vitest';
import { readCacheKeys } from '../../../../../shared/adapters/entra/seal.ts';

describe('readCacheKeys', () => {
  const jwk = (different: object = {}): object => ({
    kty: 'oct',
    kid: 'one',
    k: Buffer.alloc(32, 7).toString('base64url'),
    ...different,
  });
  const set = (...keys: unknown[]): string => JSON.stringify({ keys });

  it('reads them in order', () => {
    expect(readCacheKeys(set(jwk({ alg: 'A256GCM', use: 'enc' }), jwk({ kid: 'two' })))).toEqual([
      { kid: 'one', secret: new Uint8Array(32).fill(7) },
      { kid: 'two', secret: new Uint8Array(32).fill(7) },
    ]);
  });

  it('takes a name that ends in ".u", because caches may be sealed with such a key already', () => {
    expect(
      readCacheKeys(set(jwk({ kid: 'one.u' }), jwk({ kid: 'two' }), jwk({ kid: 'one.u.u.u' }))),
    ).toHaveLength(3);
  });

  it.each([
    [1, 2, set(jwk({ kid: 'canary' }), jwk({ kid: 'canary.u' }))],
    [3, 1, set(jwk({ kid: 'canary.u' }), jwk({ kid: 'two' }), jwk({ kid: 'canary' }))],
    [1, 2, set(jwk({ kid: 'canary.u' }), jwk({ kid: 'canary.u.u' }))],
  ])('refuses names that differ by ".u" alone, and says what to do (keys %i and %i)', (shorter, longer, text) => {
    const message = `key ${longer} has the "kid" of key ${shorter} with ".u" after it, which is what Stead writes for keys derived from key ${shorter}: give the newer of the two another "kid" if no cache is sealed with it yet, and otherwise finish the rotation with the previous release first`;
    expect(() => readCacheKeys(text)).toThrow(new TypeError(message));
  });

  it.each([
    ['it is not JSON', 'canary'],
    ['it is not JSON', '{"keys":[{"kty":"oct","kid":"canary","k":"canary"}'],
    ['it has no "keys" array', 'null'],
    ['it has no "keys" array', '["canary"]'],
    ['it has no "keys" array', '{"keys":"canary"}'],
    ['it has no "keys" array', JSON.stringify(jwk({ k: 'canary' }))],
    ['its "keys" array is empty', set()],
    ['key 1 is not of "kty" "oct"', set(null)],
    ['key 1 is not of "kty" "oct"', set('canary')],
    ['key 1 is not of "kty" "oct"', set(jwk({ kty: 'EC', d: 'canary' }))],
    ['key 2 is not of "kty" "oct"', set(jwk(), jwk({ kid: 'two', k: ['canary'] }))],
    ['key 1 has no "kid"', set(jwk({ kid: undefined }))],
    ['key 1 has no "kid"', set(jwk({ kid: '' }))],
    ['key 1 has 24 bits and not 256', set(jwk({ k: 'cana' }))],
    ['key 2 has 384 bits and not 256', set(jwk(), jwk({ kid: 'two', k: 'canary42'.repeat(8) }))],
    ['key 1 has a "k" that is not base64url', set(jwk({ k: 'this canary was never a key, only prose' }))],
    // As long as a key, and yet not what any key is written as: its last bits belong to nothing.
    ['key 1 has a "k" that is not base64url', set(jwk({ k: `${'canary'.repeat(7)}b` }))],
    ['key 1 has no "kid"; key 2 has 24 bits and not 256', set(jwk({ kid: '' }), jwk({ k: 'cana' }))],
    ['two of its keys have the same "kid"', set(jwk({ kid: 'canary' }), jwk({ kid: 'canary' }))],
  ])('names the fault and nothing else: %s', (message, text) => {
    expect(() => readCacheKeys(text)).toThrow(new TypeError(message));
  });
});
