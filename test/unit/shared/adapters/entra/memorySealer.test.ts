import { createDecipheriv, hkdfSync } from 'node:crypto';
import { decodeProtectedHeader } from 'jose';
import { describe, expect, it } from 'vitest';
import {
  type CacheKey,
  createMemorySealer,
  createSealer,
} from '../../../../../shared/adapters/entra/seal.ts';
import { someUser } from '../../../../support/sampleAccount.ts';

const key = (kid: string, byte: number): CacheKey => ({ kid, secret: new Uint8Array(32).fill(byte) });
const [NEW, OLD] = [key('new', 1), key('old', 2)];
const [USER, OTHER] = [someUser(), someUser()];
const MEMORY = '{"told":[{"summary":"three files changed"}]}';
const CORRUPT = { ok: false, reason: 'corrupt' };

const memories = createMemorySealer([NEW, OLD]);
const caches = createSealer([NEW, OLD]);

describe('a sealed memory', () => {
  it('opens for its user, with its generation', async () => {
    const sealed = await memories.seal(USER, MEMORY, 'generation 1');
    expect(await memories.open(USER, sealed)).toEqual({
      ok: true,
      memory: MEMORY,
      generation: 'generation 1',
    });
  });

  it('does not open for another user', async () => {
    expect(await memories.open(OTHER, await memories.seal(USER, MEMORY, ''))).toEqual(CORRUPT);
  });

  it('does not open as a cache, and no cache opens as a memory', async () => {
    expect(await caches.open(USER, await memories.seal(USER, MEMORY, ''))).toEqual(CORRUPT);
    expect(await memories.open(USER, await caches.seal(USER, MEMORY, ''))).toEqual(CORRUPT);
  });

  it('opens with a key that is no longer the first, and is sealed with the first', async () => {
    const sealed = await createMemorySealer([OLD]).seal(USER, MEMORY, '');
    expect(await memories.open(USER, sealed)).toMatchObject({ ok: true, memory: MEMORY });
    expect(decodeProtectedHeader(await memories.seal(USER, MEMORY, ''))).toMatchObject({ kid: 'new.u' });
  });

  it('names a key that the settings lack', async () => {
    const sealed = await memories.seal(USER, MEMORY, '');
    const unknown = { ok: false, reason: 'unknown-key', kid: 'new' };
    expect(await createMemorySealer([OLD]).open(USER, sealed)).toEqual(unknown);
  });

  it('never opens with the master key itself, which no release has sealed a memory with', async () => {
    const named = { kid: 'new.u', secret: NEW.secret };
    const sealed = await memories.seal(USER, MEMORY, '');
    expect(await createMemorySealer([named]).open(USER, sealed)).toMatchObject({ reason: 'unknown-key' });
  });

  it('can be opened with nothing but the standards', async () => {
    const sealed = await memories.seal(USER, MEMORY, 'generation 1');
    const [header = '', , iv = '', ciphertext = '', tag = ''] = sealed.split('.');
    const userKey = hkdfSync('sha256', NEW.secret, '', `stead/task-memory/v1/${USER}`, 32);
    const decipher = createDecipheriv('aes-256-gcm', new Uint8Array(userKey), Buffer.from(iv, 'base64url'))
      .setAAD(Buffer.from(header))
      .setAuthTag(Buffer.from(tag, 'base64url'));
    const plaintext = Buffer.concat([decipher.update(ciphertext, 'base64url'), decipher.final()]);
    expect(JSON.parse(plaintext.toString())).toEqual({ v: 1, tasks: MEMORY, gen: 'generation 1' });
  });
});
