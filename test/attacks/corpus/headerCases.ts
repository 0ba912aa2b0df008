/** Tokens whose claims are all right, and whose header asks for trouble (RFC 7515 §4, RFC 8725 §2). */
import { generateKeyPairSync } from 'node:crypto';
import type { Forge } from '../forge.ts';
import { compact, ecdsa, eddsa, hmac, nothing, pss, rsa } from '../jws.ts';
import { type AttackCase, byAuthority, byOwnKey, forged, token } from './attackCase.ts';

const PEM = { type: 'spki', format: 'pem' } as const;

const bySecret = (secret: (forge: Forge) => string | Buffer) => (forge: Forge) => hmac(secret(forge));
const unsigned = () => nothing;

const algorithms: AttackCase[] = [
  forged('alg: none, without a signature', unsigned, () => ({ alg: 'none' })),
  forged('alg: None', unsigned, () => ({ alg: 'None' })),
  forged('alg: NONE', unsigned, () => ({ alg: 'NONE' })),
  forged('alg: none, with the authority’s signature', byAuthority, () => ({ alg: 'none' })),
  forged('alg: RS256, without a signature', unsigned, () => ({})),
  forged('alg: missing', byAuthority, () => ({ alg: undefined })),
  forged('alg: null', byAuthority, () => ({ alg: null })),
  forged('alg: an empty string', byAuthority, () => ({ alg: '' })),
  forged('alg: an array', byAuthority, () => ({ alg: ['RS256'] })),
  forged('alg: an object', byAuthority, () => ({ alg: { name: 'RS256' } })),
  forged('alg: in lower case', byAuthority, () => ({ alg: 'rs256' })),
  forged('alg: with a space behind', byAuthority, () => ({ alg: 'RS256 ' })),
  forged('alg: of nobody', byAuthority, () => ({ alg: 'RS1' })),
  forged(
    'alg: RS384 by the authority’s own key',
    ({ authorityKey }) => rsa(authorityKey.privateKey, 'sha384'),
    () => ({ alg: 'RS384' }),
  ),
  forged(
    'alg: RS512 by the authority’s own key',
    ({ authorityKey }) => rsa(authorityKey.privateKey, 'sha512'),
    () => ({ alg: 'RS512' }),
  ),
  forged(
    'alg: PS256 by the authority’s own key',
    ({ authorityKey }) => pss(authorityKey.privateKey),
    () => ({ alg: 'PS256' }),
  ),
  forged(
    'alg: RS256, with a PS256 signature by the authority’s own key',
    ({ authorityKey }) => pss(authorityKey.privateKey),
    () => ({}),
  ),
  forged(
    'alg: RS256, with a SHA-1 signature by the authority’s own key',
    ({ authorityKey }) => rsa(authorityKey.privateKey, 'sha1'),
    () => ({}),
  ),
  forged(
    'alg: ES256 by an elliptic key',
    () => ecdsa(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
    () => ({ alg: 'ES256' }),
  ),
  forged(
    'alg: ES256 with the signature of zeros',
    () => () => Buffer.alloc(64),
    () => ({ alg: 'ES256' }),
  ),
  forged(
    'alg: EdDSA by an Edwards key',
    () => eddsa(generateKeyPairSync('ed25519').privateKey),
    () => ({ alg: 'EdDSA' }),
  ),
  forged(
    'alg: HS256 with the public key as PEM for a secret',
    bySecret(({ authorityKey }) => authorityKey.publicKey.export(PEM)),
    () => ({ alg: 'HS256' }),
  ),
  forged(
    'alg: HS256 with the public key as trimmed PEM for a secret',
    bySecret(({ authorityKey }) => String(authorityKey.publicKey.export(PEM)).trim()),
    () => ({ alg: 'HS256' }),
  ),
  forged(
    'alg: HS256 with the public key as PKCS #1 for a secret',
    bySecret(({ authorityKey }) => authorityKey.publicKey.export({ type: 'pkcs1', format: 'pem' })),
    () => ({ alg: 'HS256' }),
  ),
  forged(
    'alg: HS256 with the public key as DER for a secret',
    bySecret(({ authorityKey }) => authorityKey.publicKey.export({ type: 'spki', format: 'der' })),
    () => ({ alg: 'HS256' }),
  ),
  forged(
    'alg: HS256 with the public key as JWK for a secret',
    bySecret(({ authorityKey }) => JSON.stringify(authorityKey.publicJwk)),
    () => ({ alg: 'HS256' }),
  ),
  forged(
    'alg: HS256 with the modulus for a secret',
    bySecret(({ authorityKey }) => Buffer.from(String(authorityKey.publicJwk.n), 'base64url')),
    () => ({ alg: 'HS256' }),
  ),
  forged(
    'alg: HS256 with an empty secret',
    bySecret(() => ''),
    () => ({ alg: 'HS256' }),
  ),
  forged(
    'alg: RS256, with an HMAC by the public key',
    bySecret(({ authorityKey }) => authorityKey.publicKey.export(PEM)),
    () => ({}),
  ),
];

const brought: AttackCase[] = [
  forged('header: jwk of the forger, with his kid', byOwnKey, ({ ownKey }) => ({
    kid: ownKey.kid,
    jwk: ownKey.publicJwk,
  })),
  forged('header: jwk of the forger, with the authority’s kid', byOwnKey, ({ ownKey, authorityKey }) => ({
    jwk: { ...ownKey.publicJwk, kid: authorityKey.kid },
  })),
  forged('header: jwk of the forger, without a kid', byOwnKey, ({ ownKey }) => ({
    kid: undefined,
    jwk: ownKey.publicJwk,
  })),
  forged('header: jku of the forger', byOwnKey, ({ ownKey, url }) => ({ kid: ownKey.kid, jku: url })),
  forged('header: jku of the forger, with the authority’s kid', byOwnKey, ({ url }) => ({ jku: url })),
  forged('header: x5u of the forger', byOwnKey, ({ ownKey, url }) => ({ kid: ownKey.kid, x5u: url })),
  forged('header: x5c of the forger', byOwnKey, ({ ownKey }) => ({
    kid: ownKey.kid,
    x5c: [ownKey.publicKey.export({ type: 'spki', format: 'der' }).toString('base64')],
  })),
  forged('header: x5t of the forger', byOwnKey, ({ ownKey }) => ({ kid: undefined, x5t: ownKey.kid })),
  forged('header: crit naming a claim', byAuthority, () => ({ crit: ['exp'], exp: 1 })),
  forged('header: crit naming an unknown parameter', byAuthority, () => ({
    crit: ['urn:evil'],
    'urn:evil': 1,
  })),
  forged('header: crit naming what is not there', byAuthority, () => ({ crit: ['urn:evil'] })),
  forged('header: crit empty', byAuthority, () => ({ crit: [] })),
  forged('header: crit a string', byAuthority, () => ({ crit: 'exp' })),
  forged('header: crit null', byAuthority, () => ({ crit: null })),
  // RFC 7797 §7: no JWT has an unencoded payload.
  forged('header: crit b64, unencoded', byAuthority, () => ({ crit: ['b64'], b64: false })),
  forged('header: zip', byOwnKey, () => ({ zip: 'DEF' })),
  token(
    'header: jku and x5u of a stranger in a token that the authority signed',
    ({ signed, claims, url }) => signed(claims(), { jku: url, x5u: url }),
    'answered',
  ),
  token(
    'header: x5t beside the kid, as Entra sends it',
    ({ signed, claims, authorityKey }) => signed(claims(), { x5t: authorityKey.kid }),
    'answered',
  ),
];

const keyIds: AttackCase[] = [
  forged('kid: missing', byAuthority, () => ({ kid: undefined })),
  forged('kid: missing, signed by a stranger', byOwnKey, () => ({ kid: undefined })),
  forged('kid: unknown, signed by the authority', byAuthority, () => ({ kid: 'unknown' })),
  forged('kid: unknown, signed by a stranger', byOwnKey, ({ ownKey }) => ({ kid: ownKey.kid })),
  forged('kid: of another key that is published', byAuthority, ({ formerKey }) => ({ kid: formerKey.kid })),
  forged('kid: null', byAuthority, () => ({ kid: null })),
  forged('kid: an empty string', byAuthority, () => ({ kid: '' })),
  forged('kid: a number', byAuthority, () => ({ kid: 0 })),
  forged('kid: an array', byAuthority, ({ authorityKey }) => ({ kid: [authorityKey.kid] })),
  forged('kid: an object', byAuthority, () => ({ kid: { $ne: null } })),
  forged('kid: in another case', byAuthority, ({ authorityKey }) => ({
    kid: authorityKey.kid.toUpperCase(),
  })),
  forged('kid: with a space behind', byAuthority, ({ authorityKey }) => ({ kid: `${authorityKey.kid} ` })),
  forged(
    'kid: a path',
    () => hmac(''),
    () => ({ alg: 'HS256', kid: '../../../../dev/null' }),
  ),
  forged('kid: SQL', byOwnKey, () => ({ kid: "x' UNION SELECT 'key" })),
  forged('kid: __proto__', byOwnKey, () => ({ kid: '__proto__' })),
  forged('kid: huge', byOwnKey, () => ({ kid: 'k'.repeat(8_000) })),
  token(
    'kid: of the former key, which is still published',
    ({ header, claims, formerKey }) =>
      compact(header({ kid: formerKey.kid }), claims(), rsa(formerKey.privateKey)),
    'answered',
  ),
];

export const headerCases: readonly AttackCase[] = [...algorithms, ...brought, ...keyIds];
