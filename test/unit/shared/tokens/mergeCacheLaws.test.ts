import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withGrant } from '../../../../shared/tokens/grants.ts';
import type { CacheWriter } from '../../../../shared/tokens/mergeCache.ts';
import {
  accessToken,
  accessTokenKey,
  accountKey,
  type Cache,
  CLIENT,
  type Entry,
  HOME,
  HOST,
  idTokenKey,
  merge,
  refreshToken,
  refreshTokenKey,
} from './mergeCacheSamples.ts';

const secret = fc.constantFrom('a', 'b', 'c');
const seconds = fc.integer({ min: 1, max: 3 });
const entriesOf = (key: fc.Arbitrary<string>, entry: fc.Arbitrary<Entry>) =>
  fc.dictionary(key, entry, { maxKeys: 3, noNullPrototype: true });
const anyJson = fc.json().map((text) => JSON.parse(text) as unknown);
const homeEntry = fc.record({ home_account_id: fc.constant(HOME), secret });

/** The last two have a scope in common, so that a cache has at most one of them. */
const SCOPES = ['user.read', 'mail.read', 'all orders.read', 'all orders.write'];
const accessTokens = fc
  .array(fc.tuple(fc.constantFrom(...SCOPES), secret, seconds, seconds), { maxLength: 3 })
  .map((tokens) =>
    withoutRivals(
      tokens.map(([scope, text, at, until]) => [
        accessTokenKey(scope),
        { ...accessToken(text, at, until, scope), unknown_field: [text] },
      ]),
    ),
  );

const isRival = (one: Entry, other: Entry) =>
  one !== other && [one, other].every(({ target }) => String(target).startsWith('all '));

const withoutRivals = (entries: [string, Entry][]): Record<string, Entry> =>
  Object.fromEntries(
    entries.filter(([, entry], index) => !entries.slice(0, index).some(([, other]) => isRival(other, entry))),
  );

/** Unknown sections and fields too, and any section may be missing. */
const anyCache: fc.Arbitrary<Cache> = fc.record(
  {
    Account: entriesOf(fc.constant(accountKey), homeEntry),
    IdToken: entriesOf(fc.constant(idTokenKey), homeEntry),
    AccessToken: accessTokens,
    RefreshToken: entriesOf(
      fc.constant(refreshTokenKey),
      fc.tuple(secret, anyJson).map(([text, json]) => ({ ...refreshToken(text), unknown_field: json })),
    ),
    AppMetadata: entriesOf(fc.constant(`appmetadata-${HOST}-${CLIENT}`), fc.record({ family_id: secret })),
    UnknownEntries: entriesOf(fc.constantFrom('x', 'y'), fc.record({ nested: anyJson })),
    UnknownValue: fc.oneof(fc.integer(), fc.string(), fc.array(fc.integer())),
  },
  { requiredKeys: [], noNullPrototype: true },
);
/** A cache with both grants of one user, as `withGrant` writes it. */
const anyLinkedCache: fc.Arbitrary<Cache> = fc
  .tuple(anyCache, secret, fc.option(secret, { nil: undefined }))
  .map(([cache, code, exchange]) => {
    const slot = (text: string) => ({ [refreshTokenKey]: refreshToken(`${text} ${text.length}`) });
    const before = exchange === undefined ? {} : { ...cache, RefreshToken: slot(`exchange ${exchange}`) };
    const linked = { ...cache, RefreshToken: slot(`code ${code}`) };
    const now = new Date('2026-11-20T09:00:00Z');
    return JSON.parse(withGrant(JSON.stringify(before), JSON.stringify(linked), 'code', now)) as Cache;
  });
const anyWriter = fc.constantFrom<CacheWriter>('request', 'worker');
const oneOf = (cache: Cache): fc.Arbitrary<Cache | ''> => fc.constantFrom<Cache | ''>(cache, '');
const cacheOrNone = anyCache.chain(oneOf);

describe('mergeCache, for any three caches', () => {
  it('two equal sides give that very cache', () => {
    fc.assert(
      fc.property(cacheOrNone, cacheOrNone, anyWriter, (base, cache, writer) => {
        expectSame(merge(base, cache, cache, writer), cache);
      }),
    );
  });

  it('an untouched side yields to the other', () => {
    fc.assert(
      fc.property(cacheOrNone, cacheOrNone, anyWriter, (base, changed, writer) => {
        expectSame(merge(base, changed, base, writer), changed);
        expectSame(merge(base, base, changed, writer), changed);
      }),
    );
  });

  it('holds every entry that a side added or changed, and none that neither side has', () => {
    fc.assert(
      fc.property(anyCache, anyCache, anyCache, anyWriter, (base, theirs, mine, writer) => {
        const merged = entriesByPath(merge(base, theirs, mine, writer));
        const [was, other, own] = [entriesByPath(base), entriesByPath(theirs), entriesByPath(mine)];
        for (const side of [other, own]) {
          for (const [path, entry] of side) if (was.get(path) !== entry) expectKept(merged, path);
        }
        for (const [path, entry] of merged) expect([other.get(path), own.get(path)]).toContain(entry);
      }),
    );
  });

  it('comes to the same access tokens whichever side writes', () => {
    fc.assert(
      fc.property(anyCache, anyCache, anyCache, anyWriter, anyWriter, (base, a, b, one, other) => {
        expect(merge(base, a, b, one).AccessToken).toEqual(merge(base, b, a, other).AccessToken);
      }),
    );
  });

  it('a request and a worker that swap sides come to the same cache', () => {
    fc.assert(
      fc.property(anyCache, anyCache, anyCache, (base, worker, request) => {
        expect(merge(base, worker, request, 'request')).toEqual(merge(base, request, worker, 'worker'));
      }),
    );
  });

  it('changes nothing when what was merged is merged again', () => {
    fc.assert(
      fc.property(cacheOrNone, cacheOrNone, cacheOrNone, anyWriter, (base, theirs, mine, writer) => {
        const once = merge(base, theirs, mine, writer);
        expectSame(merge(base, once, mine, writer), once);
        expectSame(merge(theirs, theirs, once, writer), once);
        expectSame(merge(base, once, once, writer), once);
      }),
    );
  });
});

describe('mergeCache, for caches with two grants', () => {
  const linkedOrNot = fc.oneof(anyCache, anyLinkedCache);

  it('follows the same laws', () => {
    fc.assert(
      fc.property(linkedOrNot, linkedOrNot, linkedOrNot, anyWriter, (base, theirs, mine, writer) => {
        expectSame(merge(base, mine, mine, writer), mine);
        expectSame(merge(base, mine, base, writer), mine);
        expectSame(merge(base, base, mine, writer), mine);
        expect(merge(base, theirs, mine, 'request')).toEqual(merge(base, mine, theirs, 'worker'));
        const once = merge(base, theirs, mine, writer);
        expectSame(merge(theirs, theirs, once, writer), once);
        expectSame(merge(base, once, once, writer), once);
      }),
    );
  });
});

describe('mergeCache, for three writers who began with the same cache', () => {
  const writers = fc.tuple(...[1, 2, 3].map(() => fc.record({ cache: anyCache, as: anyWriter })));
  const ORDERS = [
    [0, 1, 2],
    [0, 2, 1],
    [1, 0, 2],
    [1, 2, 0],
    [2, 0, 1],
    [2, 1, 0],
  ] as const;

  /** What is stored in the end, when each merges into what those before it have left. */
  const written = (base: Cache, all: { cache: Cache; as: CacheWriter }[], order: readonly number[]) =>
    order
      .flatMap((n) => all[n] ?? [])
      .reduce((stored, { cache, as }) => merge(base, stored, cache, as), base);

  it('keeps what each of them added, in any order', () => {
    fc.assert(
      fc.property(anyCache, writers, (base, all) => {
        for (const order of ORDERS) {
          const stored = entriesByPath(written(base, all, order));
          for (const { cache } of all) {
            for (const [path, entry] of entriesByPath(cache)) {
              if (entriesByPath(base).get(path) !== entry) expectKept(stored, path);
            }
          }
        }
      }),
    );
  });

  it('comes to the same access tokens in any order', () => {
    fc.assert(
      fc.property(anyCache, writers, (base, all) => {
        const [first, ...others] = ORDERS.map((order) => written(base, all, order).AccessToken ?? {});
        for (const other of others) expect(other).toEqual(first);
      }),
    );
  });

  it("comes to a request's refresh token in any order, if there was one request", () => {
    fc.assert(
      fc.property(anyCache, writers, secret, (base, all, text) => {
        const own = { [refreshTokenKey]: { ...refreshToken(text), issued: 'to the request' } };
        const [one, other] = all.map(({ cache }) => ({ cache, as: 'worker' as const }));
        if (one === undefined || other === undefined) return;
        const together = [one, other, { cache: { ...base, RefreshToken: own }, as: 'request' as const }];
        for (const order of ORDERS) expect(written(base, together, order).RefreshToken).toEqual(own);
      }),
    );
  });
});

/** It is there, or a newer token with a scope in common is. */
function expectKept(merged: Map<string, string>, path: string): void {
  const isOne = (one: string) => one === path || (path.includes('-all ') && one.includes('-all '));
  expect([...merged.keys()].some(isOne)).toBe(true);
}

/** A section without entries is as good as none. */
function expectSame(merged: Cache, expected: Cache | ''): void {
  const filled = (cache: Cache) =>
    Object.fromEntries(Object.entries(cache).filter(([, value]) => JSON.stringify(value) !== '{}'));
  expect(filled(merged)).toEqual(expected === '' ? {} : filled(expected));
}

/** Every entry's JSON by section and key; a section that is not made of entries counts as one. */
function entriesByPath(cache: Cache): Map<string, string> {
  return new Map(
    Object.entries(cache).flatMap(([section, value]) => {
      const isValue = typeof value !== 'object' || Array.isArray(value);
      const entries: [string, unknown][] = isValue ? [['', value]] : Object.entries(value as Entry);
      return entries.map(([key, entry]) => [`${section} ${key}`, JSON.stringify(entry)] as const);
    }),
  );
}
