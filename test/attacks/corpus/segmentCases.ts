/** Tokens whose claims are all right, and whose signature or segments are not (RFC 7515 §3, RFC 7516 §3). */
import { CompactEncrypt } from 'jose';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import type { Forge } from '../forge.ts';
import { compact, type Json, otherSpellings, segment, withSegments, withSignature } from '../jws.ts';
import { type AttackCase, byAuthority, byOwnKey, forged, refused } from './attackCase.ts';

const BRUNO = DEMO_USERS[1];

const valid = (forge: Forge) => forge.signed(forge.claims());

const signatures: AttackCase[] = [
  forged('signature: of a stranger with the authority’s kid', byOwnKey, () => ({})),
  refused('signature: removed', (forge) => withSegments(valid(forge), () => ({ signature: '' }))),
  refused('signature: without its last byte', (forge) =>
    withSignature(valid(forge), (s) => s.subarray(0, -1)),
  ),
  refused('signature: without its first byte', (forge) => withSignature(valid(forge), (s) => s.subarray(1))),
  refused('signature: half of it', (forge) => withSignature(valid(forge), (s) => s.subarray(0, 128))),
  refused('signature: one byte longer', (forge) =>
    withSignature(valid(forge), (s) => Buffer.concat([s, Buffer.of(0)])),
  ),
  refused('signature: a zero before it', (forge) =>
    withSignature(valid(forge), (s) => Buffer.concat([Buffer.of(0), s])),
  ),
  refused('signature: all zeros', (forge) => withSignature(valid(forge), (s) => Buffer.alloc(s.length))),
  refused('signature: all ones', (forge) => withSignature(valid(forge), (s) => Buffer.alloc(s.length, 255))),
  ...[0, 127, 255].map((at) =>
    refused(`signature: one bit of byte ${at} flipped`, (forge) =>
      withSignature(valid(forge), (s) => {
        s.writeUInt8(s.readUInt8(at) ^ 1, at);
        return s;
      }),
    ),
  ),
  refused('signature: the bytes reversed', (forge) => withSignature(valid(forge), (s) => s.reverse())),
  refused('signature: twice', (forge) =>
    withSegments(valid(forge), ({ signature }) => ({ signature: signature.repeat(2) })),
  ),
  refused('signature: of another valid token', (forge) => {
    const other = forge.signed(forge.claims({ oid: BRUNO.oid }));
    return withSegments(valid(forge), () => ({ signature: other.split('.')[2] ?? '' }));
  }),
  refused('payload: of somebody else under a valid signature', (forge) =>
    withSegments(valid(forge), () => ({ payload: segment(forge.claims({ oid: BRUNO.oid })) })),
  ),
  refused('payload: the same claims in another order', (forge) =>
    withSegments(valid(forge), ({ payload }) => {
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Json;
      return { payload: segment(Object.fromEntries(Object.entries(claims).reverse())) };
    }),
  ),
  refused('payload: with more scope under a valid signature', (forge) => {
    const claims = forge.claims({ scp: 'openid' });
    return withSegments(forge.signed(claims), () => ({
      payload: segment({ ...claims, scp: 'access_as_user' }),
    }));
  }),
  refused('payload: a longer life under a valid signature', (forge) => {
    const claims = forge.claims({ exp: 1_000 });
    return withSegments(forge.signed(claims), () => ({
      payload: segment({ ...claims, exp: 9_999_999_999 }),
    }));
  }),
  refused('header: changed under a valid signature', (forge) =>
    withSegments(valid(forge), () => ({ header: segment(forge.header({ typ: 'at+jwt' })) })),
  ),
];

const notClaims: [name: string, text: string][] = [
  ['an array', '[{}]'],
  ['a string', '"claims"'],
  ['null', 'null'],
  ['a number', '1'],
  ['nothing', ''],
  ['not JSON', '{"iss":'],
  ['JSON with something behind', '{}x'],
];

const segments: AttackCase[] = [
  ...notClaims.map(([name, text]) => refused(`payload: ${name}`, ({ signed }) => signed(text))),
  ...notClaims.map(([name, text]) =>
    refused(`header: ${name}`, (forge) => compact(text, forge.claims(), byAuthority(forge))),
  ),
  refused('payload: bytes that are not UTF-8', (forge) => {
    const input = `${segment(forge.header())}.${Buffer.of(0xff, 0xfe, 0x7b, 0x7d).toString('base64url')}`;
    return `${input}.${byAuthority(forge)(input).toString('base64url')}`;
  }),
  refused('segments: one', () => 'not-a-token'),
  refused('segments: two', (forge) => valid(forge).split('.').slice(0, 2).join('.')),
  refused('segments: four', (forge) => `${valid(forge)}.e30`),
  refused('segments: five', (forge) => `${valid(forge)}.e30.e30`),
  refused('segments: a thousand', () => 'a.'.repeat(1_000)),
  refused('segments: three, all empty', () => '..'),
  refused('segments: a dot', () => '.'),
  refused('segments: no header', (forge) => withSegments(valid(forge), () => ({ header: '' }))),
  refused('segments: no payload', (forge) => withSegments(valid(forge), () => ({ payload: '' }))),
  refused('segments: a dot before', (forge) => `.${valid(forge)}`),
  refused('segments: a dot behind', (forge) => `${valid(forge)}.`),
  refused('encoding: a space within', (forge) => valid(forge).replace('.', ' .')),
  refused('encoding: a tab within', (forge) => valid(forge).replace('.', '.\t')),
  refused('encoding: characters of no alphabet', (forge) => `${valid(forge).slice(0, -4)}!*()`),
  refused('encoding: percent-encoded', (forge) => valid(forge).replaceAll('.', '%2E')),
  refused('encoding: in quotes', (forge) => `"${valid(forge)}"`),
  refused('encoding: in angle brackets', (forge) => `<${valid(forge)}>`),
  refused('encoding: as base64 once more', (forge) => Buffer.from(valid(forge)).toString('base64')),
  // RFC 7515 §2: no padding; there is one way to write a token.
  refused('encoding: the signature padded', (forge) => `${valid(forge)}==`),
  refused('encoding: the signature in base64 instead of base64url', (forge) =>
    withSegments(claimsSignedWith(forge, /[-_]/), ({ signature }) => ({
      signature: signature.replaceAll('-', '+').replaceAll('_', '/'),
    })),
  ),
  refused('encoding: header and payload padded, and signed so', (forge) => {
    const input = `${padded(forge.header(), 1)}==.${padded(forge.claims(), 1)}==`;
    return `${input}.${byAuthority(forge)(input).toString('base64url')}`;
  }),
  // RFC 4648 §3.5: the last of 342 characters holds four bits that stand for nothing.
  ...Array.from({ length: 15 }, (_, at) =>
    refused(`encoding: the signature spelt otherwise, ${at + 1}`, (forge) =>
      withSegments(valid(forge), ({ signature }) => ({ signature: spelling(signature, at) })),
    ),
  ),
  ...[1, 2].flatMap((over) => [
    refused(`encoding: a header of 3n + ${over} bytes spelt otherwise, and signed so`, (forge) => {
      const input = `${spelling(padded(forge.header(), over), 0)}.${segment(forge.claims())}`;
      return `${input}.${byAuthority(forge)(input).toString('base64url')}`;
    }),
    refused(`encoding: a payload of 3n + ${over} bytes spelt otherwise, and signed so`, (forge) => {
      const input = `${segment(forge.header())}.${spelling(padded(forge.claims(), over), 0)}`;
      return `${input}.${byAuthority(forge)(input).toString('base64url')}`;
    }),
  ]),
  ...['\u00a0', '\u0085', '\v', '\f'].map((blank) =>
    refused(`encoding: ${JSON.stringify(blank)} behind the signature`, (forge) => `${valid(forge)}${blank}`),
  ),
  refused('encoding: the JSON serialization, as base64url', (forge) => {
    const [header, payload, signature] = valid(forge).split('.');
    return segment({ payload, protected: header, signature });
  }),
  refused('JWE: encrypted to the authority’s public key', (forge) =>
    encrypted(forge, JSON.stringify(forge.claims()), {}),
  ),
  refused('JWE: around a valid token', (forge) => encrypted(forge, valid(forge), { cty: 'JWT' })),
  refused(
    'JWE: direct, with an empty key',
    () => `${segment({ alg: 'dir', enc: 'A256GCM' })}..${segment('iv')}.${segment('text')}.${segment('tag')}`,
  ),
  refused('size: 20 kB of rubbish', () => 'a'.repeat(20_000)),
  refused('size: 20 kB of dots', () => '.'.repeat(20_000)),
  refused('size: 1 MB of rubbish', () => `a.${'a'.repeat(1_000_000)}.a`),
  refused('size: 20 kB that the authority signed', ({ signed, claims }) =>
    signed(claims({ padding: 'a'.repeat(15_000) })),
  ),
  refused('size: deep JSON', ({ signed }) => signed('['.repeat(5_000) + ']'.repeat(5_000))),
];

/** JSON of so many bytes over a multiple of three, as base64url; spaces behind JSON mean nothing. */
function padded(content: Json, over: number): string {
  let text = JSON.stringify(content);
  while (Buffer.byteLength(text) % 3 !== over) text += ' ';
  return segment(text);
}

const spelling = (text: string, at: number): string => otherSpellings(text)[at] ?? '';

/** A valid token whose signature has a character of this kind: nearly every one has. */
function claimsSignedWith(forge: Forge, wanted: RegExp): string {
  for (let turn = 0; turn < 100; turn += 1) {
    const made = forge.signed(forge.claims({ turn }));
    if (wanted.test(made.split('.')[2] ?? '')) return made;
  }
  throw new Error('no signature is of that kind');
}

const encrypted = ({ authorityKey }: Forge, text: string, header: Json): Promise<string> =>
  new CompactEncrypt(Buffer.from(text))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: authorityKey.kid, ...header })
    .encrypt(authorityKey.publicKey);

export const segmentCases: readonly AttackCase[] = [...signatures, ...segments];
