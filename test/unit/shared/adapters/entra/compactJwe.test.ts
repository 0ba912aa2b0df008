import { CompactEncrypt, compactDecrypt } from 'jose';
import { expect, it } from 'vitest';
import { decryptCompact, encryptCompact } from '../../../../../shared/adapters/entra/compactJwe.ts';

const KEY = new Uint8Array(32).fill(7);
const OTHER_KEY = new Uint8Array(32).fill(8);
const HEADER = { alg: 'dir', enc: 'A256GCM', kid: 'a key', sub: 'a user' } as const;
const TEXT = 'what is kept, and ä, 漢 and 😀';
const SEALED = encryptCompact(HEADER, TEXT, KEY);
const opened = (sealed: string, key = KEY, header: object = HEADER) =>
  decryptCompact(sealed, header, key)?.toString();

it('encrypts what jose decrypts, each time with another IV', async () => {
  const { plaintext, protectedHeader } = await compactDecrypt(SEALED, KEY);
  expect([Buffer.from(plaintext).toString(), protectedHeader]).toEqual([TEXT, HEADER]);
  expect(encryptCompact(HEADER, TEXT, KEY).split('.')[2]).not.toBe(SEALED.split('.')[2]);
});

it('decrypts what jose encrypts, even if that is nothing', async () => {
  const byJose = (text: string) =>
    new CompactEncrypt(new TextEncoder().encode(text)).setProtectedHeader(HEADER).encrypt(KEY);
  expect(opened(await byJose(TEXT))).toBe(TEXT);
  expect(opened(await byJose(''))).toBe('');
});

/** The five parts, with one of them replaced. */
const withPart = (index: number, part: (old: string) => string) =>
  SEALED.split('.')
    .map((old, at) => (at === index ? part(old) : old))
    .join('.');
const shorter = (bytes: number) => (old: string) =>
  Buffer.from(old, 'base64url').subarray(0, bytes).toString('base64url');

it.each([
  ['another header', withPart(0, () => Buffer.from('{"alg":"dir"}').toString('base64url'))],
  ['an encrypted key', withPart(1, () => 'AAAA')],
  ['another IV', withPart(2, () => 'AAAAAAAAAAAAAAAA')],
  ['a shorter IV', withPart(2, shorter(8))],
  ['no IV', withPart(2, () => '')],
  ['less text', withPart(3, shorter(5))],
  ['another tag', withPart(4, () => 'A'.repeat(22))],
  ['a shorter tag, which would be right', withPart(4, shorter(12))],
  ['no tag', withPart(4, () => '')],
  ['a part more', `${SEALED}.`],
  ['a part less', SEALED.slice(0, SEALED.lastIndexOf('.'))],
  ['a character that is not base64url', withPart(3, (old) => `${old} `)],
  ['nothing', ''],
])('does not decrypt with %s', (_what, sealed) => {
  expect(opened(sealed)).toBeUndefined();
  expect(opened(SEALED)).toBe(TEXT);
});

it('does not decrypt with another key, or what names another algorithm', () => {
  expect(opened(SEALED, OTHER_KEY)).toBeUndefined();
  expect(opened(SEALED, KEY, { ...HEADER, alg: 'A256KW' })).toBeUndefined();
  expect(opened(SEALED, KEY, { ...HEADER, enc: 'A128GCM' })).toBeUndefined();
});
