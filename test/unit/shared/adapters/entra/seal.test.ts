import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { CompactEncrypt } from 'jose';
import { describe, expect, it } from 'vitest';
import { type CacheKey, createSealer } from '../../../../../shared/adapters/entra/seal.ts';
import { toUserId } from '../../../../../shared/userId.ts';
import { forgeJwe } from './forgeJwe.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const USER = toUserId({ tid: TID, oid: 'c0000000-0000-4000-8000-00000000000c' });
const OTHER = toUserId({ tid: TID, oid: 'd0000000-0000-4000-8000-00000000000d' });
const key = (kid: string, byte: number): CacheKey => ({ kid, secret: new Uint8Array(32).fill(byte) });
const [NEW, OLD, FOREIGN] = [key('new', 1), key('old', 2), key('foreign', 3)];

const sealer = createSealer([NEW, OLD]);
const CACHE = '{"RefreshToken":{"some-key":{"secret":"a secret"}}}';
const HEADER = { alg: 'dir', enc: 'A256GCM', kid: NEW.kid, sub: USER };
const GENERATION = 'a generation';
const CONTENT = JSON.stringify({ v: 1, msal: CACHE });
const CORRUPT = { ok: false, reason: 'corrupt' };
const NEWER = { ok: false, reason: 'newer' };

describe('a sealed cache', () => {
  it('opens for its user', async () => {
    expect(await sealer.open(USER, await sealer.seal(USER, CACHE, GENERATION))).toEqual({
      ok: true,
      cache: CACHE,
      generation: GENERATION,
      oldKey: false,
    });
  });

  it('gives any text back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (cache) => {
        expect(await sealer.open(USER, await sealer.seal(USER, cache, GENERATION))).toMatchObject({
          ok: true,
          cache,
        });
      }),
    );
  });

  it('is a compact JWE, and shows nothing of the cache', async () => {
    const sealed = await sealer.seal(USER, CACHE, GENERATION);
    const [header = '', encryptedKey, ...rest] = sealed.split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual(HEADER);
    expect(encryptedKey).toBe('');
    expect(rest).toHaveLength(3);
    expect(Buffer.from(rest.join(''), 'base64url').toString('latin1')).not.toContain('secret');
  });

  it('is another one every time', async () => {
    expect(await sealer.seal(USER, CACHE, GENERATION)).not.toBe(await sealer.seal(USER, CACHE, GENERATION));
  });

  it('does not open for another user', async () => {
    expect(await sealer.open(OTHER, await sealer.seal(USER, CACHE, GENERATION))).toEqual(CORRUPT);
  });

  it('is sealed with the first key', async () => {
    expect(await createSealer([NEW]).open(USER, await sealer.seal(USER, CACHE, GENERATION))).toMatchObject({
      ok: true,
    });
  });

  it('opens with any of the keys, and says if that one is not the first', async () => {
    const sealed = await createSealer([OLD]).seal(USER, CACHE, GENERATION);
    expect(await sealer.open(USER, sealed)).toEqual({
      ok: true,
      cache: CACHE,
      generation: GENERATION,
      oldKey: true,
    });
    expect(await createSealer([OLD, NEW]).open(USER, sealed)).toMatchObject({ ok: true, oldKey: false });
  });

  it('needs its key, for whichever user it is opened', async () => {
    const sealed = await createSealer([FOREIGN]).seal(USER, CACHE, GENERATION);
    for (const user of [USER, OTHER]) {
      expect(await sealer.open(user, sealed)).toEqual({ ok: false, reason: 'unknown-key', kid: FOREIGN.kid });
    }
  });

  it('does not open with another key of the same name', async () => {
    const sealed = await createSealer([{ ...FOREIGN, kid: NEW.kid }]).seal(USER, CACHE, GENERATION);
    expect(await sealer.open(USER, sealed)).toEqual(CORRUPT);
  });

  it.each([0, 2, 3, 4])('does not open with any byte of segment %i changed', async (segment) => {
    const sealed = await sealer.seal(USER, CACHE, GENERATION);
    const length = bytesOf(sealed, segment).length;
    expect(length).toBeGreaterThan(0);
    for (let index = 0; index < length; index += 1) {
      for (const mask of [0x01, 0x80]) {
        const changed = withBytes(sealed, segment, (bytes) => {
          bytes.writeUInt8(bytes.readUInt8(index) ^ mask, index);
          return bytes;
        });
        expect((await sealer.open(USER, changed)).ok).toBe(false);
      }
    }
  });

  it.each([0, 2, 3, 4])('does not open with segment %i shorter, longer or empty', async (segment) => {
    const sealed = await sealer.seal(USER, CACHE, GENERATION);
    for (const change of [
      (bytes: Buffer) => bytes.subarray(1),
      (bytes: Buffer) => bytes.subarray(0, -1),
      (bytes: Buffer) => Buffer.concat([bytes, Buffer.of(0)]),
      () => Buffer.of(),
    ]) {
      expect(await sealer.open(USER, withBytes(sealed, segment, change))).toEqual(CORRUPT);
    }
  });

  it('does not open with an encrypted key in it', async () => {
    const changed = withBytes(await sealer.seal(USER, CACHE, GENERATION), 1, () => Buffer.alloc(32, 1));
    expect(await sealer.open(USER, changed)).toEqual(CORRUPT);
  });
});

describe('open', () => {
  it('takes what another implementation of the same format sealed', async () => {
    const sealed = forgeJwe(HEADER, CONTENT, NEW.secret);
    expect(await sealer.open(USER, sealed)).toEqual({
      ok: true,
      cache: CACHE,
      generation: '',
      oldKey: false,
    });
  });

  it.each<[what: string, header: unknown]>([
    ['crit', { ...HEADER, crit: ['b64'], b64: true }],
    ['zip', { ...HEADER, zip: 'DEF' }],
    ['a type', { ...HEADER, typ: 'JWT' }],
    ['a key of its own', { ...HEADER, jwk: { kty: 'oct', k: 'AQEB' } }],
    ['a place to get a key from', { ...HEADER, jku: 'http://localhost/keys' }],
    ['another algorithm', { ...HEADER, alg: 'A256GCMKW' }],
    ['no algorithm', { ...HEADER, alg: undefined }],
    ['another encryption', { ...HEADER, enc: 'A128GCM' }],
    ['no key name', { ...HEADER, kid: undefined }],
    ['a key name that is not a string', { ...HEADER, kid: ['new'] }],
    ['no user', { ...HEADER, sub: undefined }],
    ['a user who is not a string', { ...HEADER, sub: { toString: USER } }],
    ['the user in capitals', { ...HEADER, sub: USER.toUpperCase() }],
    ['nothing', {}],
    ['null', null],
    ['an array', [HEADER]],
  ])('takes no header with %s', async (_what, header) => {
    expect(await sealer.open(USER, forgeJwe(header, CONTENT, NEW.secret))).toEqual(CORRUPT);
  });

  it('takes no other encryption that the key would do for', async () => {
    const sealed = await new CompactEncrypt(Buffer.from(CONTENT))
      .setProtectedHeader({ ...HEADER, enc: 'A128CBC-HS256' })
      .encrypt(NEW.secret);
    expect(await sealer.open(USER, sealed)).toEqual(CORRUPT);
  });

  it('never inflates', async () => {
    const deflated = deflateRawSync(CONTENT).toString('latin1');
    expect(await sealer.open(USER, forgeJwe({ ...HEADER, zip: 'DEF' }, deflated, NEW.secret))).toEqual(
      CORRUPT,
    );
  });

  it.each([
    ['the next version', { v: 2, msal: CACHE }],
    ['a version that is not a number', { v: '1', msal: CACHE }],
    ['no version', { msal: CACHE }],
    ['another shape', { v: 1, msal: { inner: CACHE } }],
    ['a generation that is not a string', { v: 1, msal: CACHE, gen: 1 }],
    ['null', null],
  ])('leaves %s alone', async (_what, content) => {
    expect(await sealer.open(USER, forgeJwe(HEADER, JSON.stringify(content), NEW.secret))).toEqual(NEWER);
  });

  it.each([
    '',
    'not JSON',
    '{"v":1',
    '\0',
  ])('leaves alone what is sealed and not JSON (%j)', async (content) => {
    expect(await sealer.open(USER, forgeJwe(HEADER, content, NEW.secret))).toEqual(NEWER);
  });

  it.each([
    ['nothing', ''],
    ['plain JSON', CACHE],
    ['the unsealed content', CONTENT],
    ['a signed token', 'eyJhbGciOiJub25lIn0.e30.'],
    ['dots', '....'],
    ['a page', '<html>503</html>'],
  ])('takes %s for corrupt', async (_what, stored) => {
    expect(await sealer.open(USER, stored)).toEqual(CORRUPT);
  });

  it('never opens, and never throws at, anything else', async () => {
    const segments = fc
      .array(fc.base64String(), { minLength: 1, maxLength: 6 })
      .map((parts) => parts.join('.'));
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary-ascii' }), segments), async (stored) => {
        expect((await sealer.open(USER, stored)).ok).toBe(false);
      }),
    );
  });
});

const bytesOf = (sealed: string, segment: number): Buffer =>
  Buffer.from(sealed.split('.')[segment] ?? '', 'base64url');

/** The same JWE with the decoded bytes of one segment changed. */
function withBytes(sealed: string, segment: number, change: (bytes: Buffer) => Buffer): string {
  return sealed
    .split('.')
    .map((text, index) => (index === segment ? change(bytesOf(sealed, segment)).toString('base64url') : text))
    .join('.');
}
