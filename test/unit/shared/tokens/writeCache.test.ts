import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createSealer } from '../../../../shared/adapters/entra/seal.ts';
import { ConflictError, ForeignEntryError, UnavailableError } from '../../../../shared/errors.ts';
import { GRANTS } from '../../../../shared/tokens/grants.ts';
import { type CacheWriter, mergeCache } from '../../../../shared/tokens/mergeCache.ts';
import { ABSENT, type CacheSnapshot, MAX_SEALED_BYTES } from '../../../../shared/tokens/storedCache.ts';
import { forgeJwe } from '../adapters/entra/forgeJwe.ts';
import { cacheOf, cacheUnderTest, GENERATION, HOME } from './cacheUnderTest.ts';

afterEach(() => void vi.restoreAllMocks());

const WRITERS = ['request', 'worker'] as const satisfies CacheWriter[];
const MINE = cacheOf(['mine']);
const unreachable = () => Promise.reject(new UnavailableError('token-cache'));
const whyNot = (events: ReturnType<typeof cacheUnderTest>['events']) =>
  events.flatMap((event) => (event.event === 'cache.not-written' ? [event.why] : []));

describe('writeCache, when the cache is too large to be read again', () => {
  it('leaves what is stored, and says so', async () => {
    const cache = cacheUnderTest();
    await cache.putCache(cacheOf(['base']));
    const before = await cache.stored();
    const large = cacheOf(['x'.repeat(MAX_SEALED_BYTES)]);
    expect(await cache.write({ snapshot: await cache.snapshot(), mine: large })).toBeUndefined();
    expect(await cache.stored()).toEqual(before);
    expect(whyNot(cache.events)).toEqual(['too-large']);
  });
});

describe('writeCache, when somebody else wrote first', () => {
  it('keeps the scopes of two devices that sign in for the first time at once', async () => {
    const cache = cacheUnderTest(async (write) => {
      if (write === 1) await cache.putCache(cacheOf(['theirs']));
    });
    expect(await cache.write({ snapshot: ABSENT, mine: MINE })).toBe((await cache.stored())?.etag);
    expect(await cache.secrets()).toEqual(['mine', 'of mine', 'theirs']);
  });

  it('keeps what each of five others added, one before each try', async () => {
    const theirs = ['a', 'b', 'c', 'd', 'e'];
    const cache = cacheUnderTest(async (write) => {
      if (write <= theirs.length) await cache.putCache(cacheOf(theirs.slice(0, write)));
    });
    expect(await cache.write({ snapshot: ABSENT, mine: MINE })).toBeDefined();
    expect(await cache.secrets()).toEqual([...theirs, 'mine', 'of mine']);
  });

  it.each([
    ['request', 'of mine'],
    ['worker', 'of theirs'],
  ] as const)('keeps with a %s the refresh token "%s"', async (writer, kept) => {
    const cache = cacheUnderTest(async (write) => {
      if (write === 1) await cache.putCache(cacheOf(['theirs']));
    });
    await cache.putCache(cacheOf(['base']));
    await cache.write({ snapshot: await cache.snapshot(), mine: MINE, writer });
    expect((await cache.secrets()).filter((secret) => secret.startsWith('of '))).toEqual([kept]);
  });

  it('gives up after six tries, loses nothing of theirs and says so', async () => {
    const cache = cacheUnderTest((write) => cache.putCache(cacheOf([`theirs ${write}`])));
    expect(await cache.write({ snapshot: ABSENT, mine: MINE })).toBeUndefined();
    expect(cache.writes()).toBe(6);
    expect(await cache.secrets()).toEqual(['of theirs 6', 'theirs 6']);
    expect(whyNot(cache.events)).toEqual(['too-many-conflicts']);
  });

  it('waits between two tries a random part of a time that doubles', async () => {
    const randoms = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), {
      minLength: 5,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(randoms, async (drawn) => {
        const delays = delaysOfTimers();
        const left = [...drawn];
        const cache = cacheUnderTest((write) => cache.putCache(cacheOf([`theirs ${write}`])), {
          random: () => left.shift() ?? Number.NaN,
        });
        await cache.write({ snapshot: ABSENT, mine: MINE });
        const ceilings = [20, 40, 80, 160, 320];
        expect(delays).toEqual(ceilings.map((ceiling, n) => (drawn[n] ?? Number.NaN) * ceiling));
      }),
      { numRuns: 20 },
    );
  });
});

describe('writeCache, when the store fails', () => {
  it.each([
    ['at the write', { write: unreachable }],
    [
      'when it reads the other version',
      { write: () => Promise.reject(new ConflictError('')), read: unreachable },
    ],
  ])('%s, gives up at once and says so', async (_when, faults) => {
    const cache = cacheUnderTest(undefined, { faults });
    expect(await cache.write({ snapshot: ABSENT, mine: MINE })).toBeUndefined();
    expect(whyNot(cache.events)).toEqual(['UnavailableError']);
  });

  it('at the second try, leaves what the others wrote', async () => {
    const cache = cacheUnderTest((write) =>
      write === 1 ? cache.putCache(cacheOf(['theirs'])) : unreachable(),
    );
    expect(await cache.write({ snapshot: ABSENT, mine: MINE })).toBeUndefined();
    expect(await cache.secrets()).toEqual(['of theirs', 'theirs']);
    expect(whyNot(cache.events)).toEqual(['UnavailableError']);
  });
});

describe('writeCache, when it meets what does not open', () => {
  const sealedElsewhere = (cache: ReturnType<typeof cacheUnderTest>) =>
    createSealer([{ kid: 'k9', secret: new Uint8Array(32).fill(9) }]).seal(
      cache.userId,
      cacheOf(['theirs']),
      GENERATION,
    );
  const sealedLater = async ({ userId: sub }: ReturnType<typeof cacheUnderTest>) =>
    forgeJwe({ alg: 'dir', enc: 'A256GCM', kid: 'k1', sub }, '{"v":2}', new Uint8Array(32).fill(1));

  it('replaces it if it is corrupt and the user is present', async () => {
    const cache = cacheUnderTest((write) => (write === 1 ? cache.put('corrupt') : undefined));
    expect(await cache.write({ snapshot: ABSENT, mine: MINE })).toBeDefined();
    expect(await cache.secrets()).toEqual(['mine', 'of mine']);
  });

  it('leaves it if it is corrupt and the user is away', async () => {
    const cache = cacheUnderTest(() => cache.put('corrupt'));
    await cache.putCache(cacheOf(['base']));
    const snapshot = await cache.snapshot();
    expect(await cache.write({ snapshot, mine: MINE, writer: 'worker' })).toBeUndefined();
    expect((await cache.stored())?.sealed).toBe('corrupt');
    expect(whyNot(cache.events)).toEqual(['corrupt']);
  });

  for (const writer of WRITERS) {
    it.each([
      ['unknown-key', sealedElsewhere],
      ['newer', sealedLater],
    ] as const)(`leaves it, as a ${writer}, if the reason is %s`, async (why, seal) => {
      const cache = cacheUnderTest(() => cache.put(theirs));
      const theirs = await seal(cache);
      expect(await cache.write({ snapshot: ABSENT, mine: MINE, writer })).toBeUndefined();
      expect(cache.writes()).toBe(1);
      expect((await cache.stored())?.sealed).toBe(theirs);
      expect(whyNot(cache.events)).toEqual([why]);
    });

    it.each([
      'unknown-key',
      'newer',
      'unreachable',
      'overtaken',
    ] as const)(`writes nothing, as a ${writer}, that began with %s`, async (state) => {
      const cache = cacheUnderTest();
      const snapshot: CacheSnapshot = { state, base: '', etag: undefined, oldKey: false };
      expect(await cache.write({ snapshot, mine: MINE, writer })).toBeUndefined();
      expect(cache.writes()).toBe(0);
      expect(whyNot(cache.events)).toEqual([state]);
    });
  }
});

describe('writeCache, when the account ended in the meantime', () => {
  for (const writer of WRITERS) {
    it(`stores nothing, as a ${writer}, once the cache is deleted`, async () => {
      const cache = cacheUnderTest(() => cache.remove());
      await cache.putCache(cacheOf(['base']));
      const snapshot = await cache.snapshot();
      expect(await cache.write({ snapshot, mine: MINE, writer })).toBeUndefined();
      expect(await cache.stored()).toBeUndefined();
      expect(whyNot(cache.events)).toEqual(['deleted']);
    });

    it.each([
      ['a stored cache', (cache: ReturnType<typeof cacheUnderTest>) => cache.putCache(cacheOf(['base']))],
      ['no cache', async () => undefined],
      ['a corrupt cache', (cache: ReturnType<typeof cacheUnderTest>) => cache.put('corrupt')],
      [
        'a cache of an earlier connection',
        (cache: ReturnType<typeof cacheUnderTest>) => cache.putCache(cacheOf(['old']), 'the one before'),
      ],
    ])(`leaves, as a ${writer} that began with %s, what was stored since the user came back`, async (_, begin) => {
      const cache = cacheUnderTest(async () => {
        await cache.remove();
        await cache.putCache(cacheOf(['since']), 'the next generation');
      });
      await begin(cache);
      expect(await cache.write({ snapshot: await cache.snapshot(), mine: MINE, writer })).toBeUndefined();
      expect(await cache.secrets()).toEqual(['of since', 'since']);
      expect(whyNot(cache.events)).toEqual(['superseded']);
    });
  }

  it('stores nothing if a first sign-in lost against another that was then deleted', async () => {
    const cache = cacheUnderTest(async (write) => {
      if (write === 1) await cache.putCache(cacheOf(['theirs']));
      else await cache.remove();
    });
    expect(await cache.write({ snapshot: ABSENT, mine: MINE })).toBeUndefined();
    expect(await cache.stored()).toBeUndefined();
    expect(whyNot(cache.events)).toEqual(['deleted']);
  });
});

describe('writeCache and whose entries they are', () => {
  it.each(WRITERS)('refuses entries of another account, as a %s, and writes nothing', async (writer) => {
    const cache = cacheUnderTest();
    const mine = cacheOf(['mine'], 'somebody else');
    let usable = 0;
    const onChecked = () => {
      usable += 1;
    };
    const write = { snapshot: ABSENT, writer, onChecked };
    await expect(cache.write({ ...write, mine })).rejects.toThrow(ForeignEntryError);
    // Nobody may use its token meanwhile.
    expect([cache.writes(), usable]).toEqual([0, 0]);
    await cache.write({ ...write, mine: cacheOf(['mine']) });
    expect([cache.writes(), usable]).toEqual([1, 1]);
    expect(cache.events).toMatchObject([{ event: 'cache.foreign-entry' }]);
  });

  /** A cache with a grant of a code, of another account if one is given. */
  const withCode = (cache: string, home = HOME): string =>
    JSON.stringify({
      ...(JSON.parse(cache) as object),
      [GRANTS]: { [`code|${home}`]: { home_account_id: home, secret: `code of ${home}` } },
    });

  it.each(
    WRITERS,
  )('finds a grant of another account in the section of the grants, as a %s', async (writer) => {
    const cache = cacheUnderTest();
    await cache.putCache(cacheOf(['own']));
    const mine = withCode(cacheOf(['mine']), 'somebody else');
    const write = { snapshot: await cache.snapshot(), mine, writer };
    await expect(cache.write(write)).rejects.toThrow(ForeignEntryError);
    expect(cache.writes()).toBe(0);
    expect(cache.events).toMatchObject([{ event: 'cache.foreign-entry' }]);
    expect(await cache.secrets()).toEqual(['of own', 'own']);
  });

  it('brings no grant of a former home account back by a merge', async () => {
    const cache = cacheUnderTest((write) =>
      write === 1 ? cache.putCache(withCode(cacheOf(['renewed'], 'former home'), 'former home')) : undefined,
    );
    await cache.putCache(withCode(cacheOf(['old'], 'former home'), 'former home'));
    const mine = mergeCache('', cacheOf(['old'], 'former home'), withCode(cacheOf(['mine'])), 'request');
    const written = await cache.write({ snapshot: await cache.snapshot(), mine });
    expect(written).toBeDefined();
    const stored = await cache.sealer.open(cache.userId, (await cache.stored())?.sealed ?? '');
    expect(JSON.stringify(stored)).not.toContain('former home');
    expect(JSON.stringify(stored)).toContain(`code of ${HOME}`);
  });

  it('drops a former home account of the same user, with the user present', async () => {
    const cache = cacheUnderTest();
    await cache.putCache(cacheOf(['old'], 'former home'));
    const both = mergeCache('', cacheOf(['old'], 'former home'), cacheOf(['mine']), 'request');
    const write = { snapshot: await cache.snapshot(), mine: both };
    await expect(cache.write({ ...write, writer: 'worker' })).rejects.toThrow(ForeignEntryError);
    expect(await cache.write({ ...write, homeAccountId: HOME })).toBeDefined();
    expect(await cache.secrets()).toEqual(['mine', 'of mine']);
    expect(cache.events.at(-1)).toMatchObject({ event: 'cache.former-home-dropped' });
  });

  it('does not bring a former home account back that the worker renewed in the meantime', async () => {
    const cache = cacheUnderTest((write) =>
      write === 1 ? cache.putCache(cacheOf(['renewed'], 'former home')) : undefined,
    );
    await cache.putCache(cacheOf(['old'], 'former home'));
    const mine = mergeCache('', cacheOf(['old'], 'former home'), cacheOf(['mine']), 'request');
    expect(await cache.write({ snapshot: await cache.snapshot(), mine })).toBeDefined();
    expect(await cache.secrets()).toEqual(['mine', 'of mine']);
  });

  it('leaves to the user who came back under another home account what the worker was at', async () => {
    const cache = cacheUnderTest((write) =>
      write === 1 ? cache.putCache(cacheOf(['theirs'], 'new home')) : undefined,
    );
    await cache.putCache(cacheOf(['old']));
    const write = { snapshot: await cache.snapshot(), mine: cacheOf(['renewed']) };
    expect(await cache.write({ ...write, writer: 'worker' })).toBeUndefined();
    expect(await cache.secrets()).toEqual(['of theirs', 'theirs']);
    expect(cache.events.at(-1)).toMatchObject({ event: 'cache.not-written', why: 'superseded' });
  });
});

/** How long each timer was set for; none of them waits. */
function delaysOfTimers(): number[] {
  const delays: number[] = [];
  const atOnce = (callback: () => void, ms = 0) => {
    delays.push(ms);
    queueMicrotask(callback);
  };
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(atOnce as unknown as typeof setTimeout);
  return delays;
}
