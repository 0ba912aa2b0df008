import { describe, expect, it } from 'vitest';
import { createSealer } from '../../../../shared/adapters/entra/seal.ts';
import { UnavailableError } from '../../../../shared/errors.ts';
import { forgeJwe } from '../adapters/entra/forgeJwe.ts';
import { cacheOf, cacheUnderTest, GENERATION } from './cacheUnderTest.ts';

const BASE = cacheOf(['base']);
const [K1, K2] = [1, 2].map((n) => ({ kid: `k${n}`, secret: new Uint8Array(32).fill(n) }));
if (K1 === undefined || K2 === undefined) throw new Error('two keys are needed');
const NOTHING = { base: '', oldKey: false };
const REPLACEABLE = { ...NOTHING, etag: '"1"' };
const NOT_OURS = { ...NOTHING, etag: undefined };

describe('readSnapshot', () => {
  it('finds nothing, and has nothing to say about that', async () => {
    const cache = cacheUnderTest();
    expect(await cache.snapshot()).toEqual({ state: 'absent', base: '', etag: undefined, oldKey: false });
    expect(cache.events).toEqual([]);
  });

  it.each([
    [K1, false],
    [K2, true],
  ])('opens a cache of the same generation, whichever key it is sealed with', async (key, oldKey) => {
    const cache = cacheUnderTest(undefined, { keys: [K1, K2] });
    await cache.put(await createSealer([key]).seal(cache.userId, BASE, GENERATION));
    expect(await cache.snapshot()).toEqual({ state: 'open', base: BASE, etag: '"1"', oldKey });
    expect(cache.events).toEqual([]);
  });

  it.each([
    ['superseded', true],
    ['overtaken', false],
  ] as const)('calls a cache of another generation %s, if the row still has its own: %s', async (state, is) => {
    const cache = cacheUnderTest();
    await cache.putCache(BASE, 'another generation');
    const snapshot = await cache.snapshot({ isCurrent: async () => is });
    expect(snapshot).toEqual({ state, ...(is ? REPLACEABLE : NOT_OURS) });
    expect(cache.events).toMatchObject([{ event: 'cache.not-read', why: state }]);
  });

  it('asks about the row only if it has to, and after it has read the cache', async () => {
    const cache = cacheUnderTest();
    let asked = 0;
    const isCurrent = async () => {
      asked += 1;
      await cache.remove();
      return true;
    };
    await cache.snapshot({ isCurrent });
    await cache.putCache(BASE);
    await cache.snapshot({ isCurrent });
    await cache.put('corrupt');
    await cache.snapshot({ isCurrent });
    expect(asked).toBe(0);
    await cache.putCache(BASE, 'another generation');
    expect(await cache.snapshot({ isCurrent })).toMatchObject({ state: 'superseded' });
    expect(asked).toBe(1);
  });

  it('lets a corrupt cache be replaced, that very version', async () => {
    const cache = cacheUnderTest();
    await cache.put('corrupt');
    expect(await cache.snapshot()).toEqual({ state: 'corrupt', ...REPLACEABLE });
    expect(cache.events).toMatchObject([{ event: 'cache.not-read', why: 'corrupt' }]);
  });

  it.each([
    [
      'unknown-key',
      (sub: string) => forgeJwe({ alg: 'dir', enc: 'A256GCM', kid: 'k9', sub }, '{}', K1.secret),
    ],
    [
      'newer',
      (sub: string) => forgeJwe({ alg: 'dir', enc: 'A256GCM', kid: 'k1', sub }, '{"v":2}', K1.secret),
    ],
  ] as const)('lets nobody replace what is %s', async (state, forge) => {
    const cache = cacheUnderTest();
    await cache.put(forge(cache.userId));
    expect(await cache.snapshot()).toEqual({ state, ...NOT_OURS });
    expect(cache.events).toMatchObject([{ event: 'cache.not-read', why: state }]);
  });

  it('lets nobody replace what cannot be read', async () => {
    const read = () => Promise.reject(new UnavailableError('token-cache'));
    const cache = cacheUnderTest(undefined, { faults: { read } });
    expect(await cache.snapshot()).toEqual({ state: 'unreachable', ...NOT_OURS });
    expect(cache.events).toMatchObject([{ event: 'cache.not-read', why: 'UnavailableError' }]);
  });
});
