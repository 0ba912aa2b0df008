/** Our compact JWE beside that of jose: each opens what the other has made, and nothing else opens. */
import { CompactEncrypt, compactDecrypt } from 'jose';
import { describe, expect, it } from 'vitest';
import { decryptCompactJwe, encryptCompactJwe } from '../../../../../shared/adapters/entra/compactJwe.ts';

const KEY = new Uint8Array(32).fill(7);
const OTHER = new Uint8Array(32).fill(8);
const HEADER = { kid: 'k1.u', sub: 'tenant/user' };
const TEXT = '{"v":1,"msal":"ein Text mit Ä und 🔑","gen":"g"}';

const sealed = () => encryptCompactJwe(TEXT, KEY, HEADER);
const opened = (text: string, key = KEY) => decryptCompactJwe(text, key)?.toString('utf8');
const byJose = (header: object, key = KEY) =>
  new CompactEncrypt(new TextEncoder().encode(TEXT))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ...header })
    .encrypt(key);

/** The parts with one of them replaced. */
const withPart = (index: number, part: (old: Buffer) => Buffer | string): string => {
  const parts = sealed().split('.');
  const changed = part(Buffer.from(parts[index] ?? '', 'base64url'));
  parts[index] = typeof changed === 'string' ? changed : changed.toString('base64url');
  return parts.join('.');
};

describe('a compact JWE', () => {
  it('opens with jose, which finds the header that it was given', async () => {
    const { plaintext, protectedHeader } = await compactDecrypt(sealed(), KEY);
    expect(new TextDecoder().decode(plaintext)).toBe(TEXT);
    expect(protectedHeader).toEqual({ alg: 'dir', enc: 'A256GCM', ...HEADER });
  });

  it('of jose opens', async () => {
    expect(opened(await byJose(HEADER))).toBe(TEXT);
  });

  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 50 }, sealed)).size).toBe(50);
    expect(new Set(Array.from({ length: 50 }, () => sealed().split('.')[2])).size).toBe(50);
  });

  it('does not open with another key', () => expect(opened(sealed(), OTHER)).toBeUndefined());

  it.each([0, 2, 3, 4])('does not open if a byte of its part %i is another', (index) => {
    const bytes = Buffer.from(sealed().split('.')[index] ?? '', 'base64url').length;
    for (let at = 0; at < bytes; at += 1) {
      const changed = withPart(index, (old) => {
        old[at] = (old[at] ?? 0) ^ 1;
        return old;
      });
      expect(opened(changed)).toBeUndefined();
    }
  });

  it('does not open with a shorter tag, another length of the nonce, or a wrapped key', () => {
    for (let bytes = 0; bytes < 16; bytes += 1) {
      expect(opened(withPart(4, (old) => old.subarray(0, bytes)))).toBeUndefined();
    }
    expect(opened(withPart(2, (old) => old.subarray(0, 11)))).toBeUndefined();
    expect(opened(withPart(2, (old) => Buffer.concat([old, Buffer.alloc(1)])))).toBeUndefined();
    expect(opened(withPart(1, () => Buffer.alloc(8, 1)))).toBeUndefined();
  });

  it.each([
    ['', 'no text'],
    ['a.b.c', 'three parts'],
    [`${sealed()}.x`, 'six parts'],
    [sealed().replace(/\.[^.]*$/, ''), 'four parts'],
    [` ${sealed()}`, 'a space before it'],
    [`${sealed()}=`, 'padding'],
    [withPart(3, (old) => `${old.toString('base64url')}\n`), 'a line break in it'],
    [withPart(3, (old) => `*${old.toString('base64url')}`), 'a character that base64url has not'],
  ])('does not open if it is %j: %s', (text) => expect(opened(text)).toBeUndefined());

  it('of another algorithm does not open', async () => {
    expect(opened(await byJose({ ...HEADER, enc: 'A128GCM' }, KEY.subarray(0, 16)))).toBeUndefined();
    const wrapped = await new CompactEncrypt(new TextEncoder().encode(TEXT))
      .setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM', ...HEADER })
      .encrypt(KEY);
    expect(opened(wrapped)).toBeUndefined();
    expect(opened(await byJose({ ...HEADER, enc: 'A256CBC-HS512' }, new Uint8Array(64)))).toBeUndefined();
  });
});
