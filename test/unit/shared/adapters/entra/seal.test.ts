import { createDecipheriv } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { CompactEncrypt, decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import { type CacheKey, createSealer } from '../../../../../shared/adapters/entra/seal.ts';
import { toUserId } from '../../../../../shared/userId.ts';
import { userKeyOf } from '../../../../support/userKeyOf.ts';
import { forgeJwe } from './forgeJwe.ts';
import { SAMPLE } from './sealedSamples.ts';

const USER = toUserId(SAMPLE.user);
const OTHER = toUserId({ ...SAMPLE.user, oid: 'd0000000-0000-4000-8000-00000000000d' });
const key = (kid: string, byte: number): CacheKey => ({ kid, secret: new Uint8Array(32).fill(byte) });
const [NEW, OLD, FOREIGN] = [key('new', 1), key('old', 2), key('foreign', 3)];

const sealer = createSealer([NEW, OLD]);
const { cache: CACHE, generation: GENERATION } = SAMPLE;
const HEADER = { alg: 'dir', enc: 'A256GCM', kid: 'new.u', sub: USER };
const KEY = await userKeyOf(NEW.secret, USER);
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

  it("does not open for another user either if its header is given that user's name", async () => {
    const sealed = await sealer.seal(USER, CACHE, GENERATION);
    const renamed = Buffer.from(JSON.stringify({ ...HEADER, sub: OTHER }));
    expect(
      await sealer.open(
        OTHER,
        withBytes(sealed, 0, () => renamed),
      ),
    ).toEqual(CORRUPT);
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
  it("takes nothing for a user that is sealed with another user's key, whoever the header names", async () => {
    for (const sub of [USER, OTHER]) {
      const forged = forgeJwe({ ...HEADER, sub }, CONTENT, KEY);
      expect(await sealer.open(OTHER, forged)).toEqual(CORRUPT);
    }
    const own = forgeJwe({ ...HEADER, sub: OTHER }, CONTENT, await userKeyOf(NEW.secret, OTHER));
    expect(await sealer.open(OTHER, own)).toMatchObject({ ok: true });
  });

  it("takes neither the master key for a user's, nor a user's for the master key", async () => {
    expect(await sealer.open(USER, forgeJwe(HEADER, CONTENT, NEW.secret))).toEqual(CORRUPT);
    expect(await sealer.open(USER, forgeJwe({ ...HEADER, kid: NEW.kid }, CONTENT, KEY))).toEqual(CORRUPT);
  });

  it('takes what another implementation of the same format sealed', async () => {
    const sealed = forgeJwe(HEADER, CONTENT, KEY);
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
    expect(await sealer.open(USER, forgeJwe(header, CONTENT, KEY))).toEqual(CORRUPT);
  });

  it('takes no other encryption that the key would do for', async () => {
    const sealed = await new CompactEncrypt(Buffer.from(CONTENT))
      .setProtectedHeader({ ...HEADER, enc: 'A128CBC-HS256' })
      .encrypt(KEY);
    expect(await sealer.open(USER, sealed)).toEqual(CORRUPT);
  });

  it('never inflates', async () => {
    const deflated = deflateRawSync(CONTENT).toString('latin1');
    expect(await sealer.open(USER, forgeJwe({ ...HEADER, zip: 'DEF' }, deflated, KEY))).toEqual(CORRUPT);
  });

  it.each([
    ['the next version', { v: 2, msal: CACHE }],
    ['a version that is not a number', { v: '1', msal: CACHE }],
    ['no version', { msal: CACHE }],
    ['another shape', { v: 1, msal: { inner: CACHE } }],
    ['a generation that is not a string', { v: 1, msal: CACHE, gen: 1 }],
    ['null', null],
  ])('leaves %s alone', async (_what, content) => {
    expect(await sealer.open(USER, forgeJwe(HEADER, JSON.stringify(content), KEY))).toEqual(NEWER);
  });

  it.each([
    '',
    'not JSON',
    '{"v":1',
    '\0',
  ])('leaves alone what is sealed and not JSON (%j)', async (content) => {
    expect(await sealer.open(USER, forgeJwe(HEADER, content, KEY))).toEqual(NEWER);
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

describe('the format', () => {
  it('is the one of the sample, down to the key', async () => {
    expect(Buffer.from(KEY).toString('hex')).toBe(SAMPLE.userKey);
    const opened = await createSealer([SAMPLE.masterKey]).open(USER, SAMPLE.sealed);
    expect(opened).toEqual({ ok: true, cache: CACHE, generation: GENERATION, oldKey: false });
  });

  it('can be opened with nothing but the standards', async () => {
    const [header = '', , iv = '', ciphertext = '', tag = ''] = (
      await sealer.seal(USER, CACHE, GENERATION)
    ).split('.');
    const decipher = createDecipheriv('aes-256-gcm', KEY, Buffer.from(iv, 'base64url'))
      .setAAD(Buffer.from(header))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    const plaintext = Buffer.concat([decipher.update(ciphertext, 'base64url'), decipher.final()]);
    expect(JSON.parse(plaintext.toString())).toEqual({ v: 1, msal: CACHE, gen: GENERATION });
  });
});

describe('a cache that an earlier release sealed, with the master key itself', () => {
  const OPENED = { ok: true, cache: CACHE, generation: GENERATION, oldKey: true };
  const { masterKey, sealedWithMasterKey } = SAMPLE;

  it('opens, and counts as sealed with an old key although that key is the first', async () => {
    expect(await createSealer([masterKey]).open(USER, sealedWithMasterKey)).toEqual(OPENED);
    expect(await createSealer([OLD, masterKey]).open(USER, sealedWithMasterKey)).toEqual(OPENED);
  });

  it('does not open for another user', async () => {
    expect(await createSealer([masterKey]).open(OTHER, sealedWithMasterKey)).toEqual(CORRUPT);
  });

  it('needs its key', async () => {
    const opened = await createSealer([OLD]).open(USER, sealedWithMasterKey);
    expect(opened).toEqual({ ok: false, reason: 'unknown-key', kid: masterKey.kid });
  });
});

describe('a master key whose name ends in ".u"', () => {
  const named = key('a.u', 4);
  const withMasterKey = forgeJwe({ ...HEADER, kid: 'a.u' }, CONTENT, named.secret);

  it('opens what an earlier release sealed with it', async () => {
    expect(await createSealer([named]).open(USER, withMasterKey)).toMatchObject({ ok: true, oldKey: true });
  });

  it("seals with each user's key, under a name with one more", async () => {
    const sealed = await createSealer([named]).seal(USER, CACHE, GENERATION);
    expect(decodeProtectedHeader(sealed).kid).toBe('a.u.u');
    expect(await createSealer([NEW, named]).open(USER, sealed)).toMatchObject({ ok: true, cache: CACHE });
  });
});

describe('the name of a key that is missing', () => {
  const nameFor = async (kid: string) => {
    const opened = await sealer.open(USER, forgeJwe({ ...HEADER, kid }, CONTENT, KEY));
    expect(opened).toMatchObject({ ok: false, reason: 'unknown-key' });
    return opened.ok ? undefined : opened.kid;
  };

  it('is as in the settings, and not as in the cache', async () => {
    expect(await nameFor('gone')).toBe('gone');
    expect(await nameFor('gone.u')).toBe('gone');
  });

  it('is cut after 64 characters', async () => {
    expect(await nameFor('k'.repeat(100))).toBe('k'.repeat(64));
    expect(await nameFor(`${'k'.repeat(64)}.u`)).toBe('k'.repeat(64));
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
