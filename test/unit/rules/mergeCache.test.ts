import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CacheWriter, mergeCache } from '../../../shared/rules/mergeCache.ts';

const HOME = '20000000-0000-4000-8000-000000000002.10000000-0000-4000-8000-000000000001';
const HOST = 'login.microsoftonline.com';
const CLIENT = '30000000-0000-4000-8000-000000000003';
const TENANT = '10000000-0000-4000-8000-000000000001';

type Entry = Record<string, unknown>;
type Cache = Record<string, unknown> & {
  Account?: Record<string, Entry>;
  IdToken?: Record<string, Entry>;
  AccessToken?: Record<string, Entry>;
  RefreshToken?: Record<string, Entry>;
  AppMetadata?: Record<string, Entry>;
};

const accountKey = `${HOME}-${HOST}-${TENANT}`;
const refreshTokenKey = `${HOME}-${HOST}-refreshtoken-${CLIENT}----`;
const idTokenKey = `${HOME}-${HOST}-idtoken-${CLIENT}-${TENANT}---`;
const accessTokenKey = (scope: string): string =>
  `${HOME}-${HOST}-accesstoken-${CLIENT}-${TENANT}-${scope} openid profile--`;

const accessToken = (secret: string, cachedAt = 1_700_000_000, expiresOn = cachedAt + 3_600): Entry => ({
  home_account_id: HOME,
  environment: HOST,
  credential_type: 'AccessToken',
  client_id: CLIENT,
  secret,
  realm: TENANT,
  target: 'user.read openid profile',
  cached_at: String(cachedAt),
  expires_on: String(expiresOn),
});
const refreshToken = (secret: string): Entry => ({
  home_account_id: HOME,
  environment: HOST,
  credential_type: 'RefreshToken',
  client_id: CLIENT,
  secret,
});

function merge(
  base: Cache | '',
  theirs: Cache | '',
  mine: Cache | '',
  writer: CacheWriter = 'worker',
): Cache {
  const text = (cache: Cache | ''): string => (cache === '' ? '' : JSON.stringify(cache));
  return JSON.parse(mergeCache(text(base), text(theirs), text(mine), writer)) as Cache;
}

const withRefreshToken = (secret: string): Cache => ({
  RefreshToken: { [refreshTokenKey]: refreshToken(secret) },
});
const withAccessToken = (entry: Entry): Cache => ({ AccessToken: { [accessTokenKey('user.read')]: entry } });

describe('mergeCache', () => {
  it('keeps what each side added', () => {
    const base = withAccessToken(accessToken('base'));
    const theirs: Cache = {
      ...base,
      AccessToken: { ...base.AccessToken, [accessTokenKey('mail.read')]: accessToken('theirs') },
    };
    const mine: Cache = {
      ...base,
      AccessToken: { ...base.AccessToken, [accessTokenKey('files.read')]: accessToken('mine') },
    };
    expect(
      Object.values(merge(base, theirs, mine).AccessToken ?? {})
        .map((entry) => entry.secret)
        .sort(),
    ).toEqual(['base', 'mine', 'theirs']);
  });

  it.each(['request', 'worker'] as const)('takes the only change there is, whoever writes (%s)', (writer) => {
    const [old, renewed] = [withRefreshToken('old'), withRefreshToken('renewed')];
    expect(merge(old, renewed, old, writer)).toEqual(renewed);
    expect(merge(old, old, renewed, writer)).toEqual(renewed);
  });

  it.each([
    ['request', 'mine'],
    ['worker', 'theirs'],
  ] as const)('of two renewed refresh tokens a %s keeps %s', (writer, kept) => {
    const merged = merge(
      withRefreshToken('old'),
      withRefreshToken('theirs'),
      withRefreshToken('mine'),
      writer,
    );
    expect(merged).toEqual(withRefreshToken(kept));
  });

  it.each([
    ['issued later', accessToken('a', 200, 300), accessToken('b', 100, 900)],
    ['expiring later if issued at once', accessToken('a', 100, 900), accessToken('b', 100, 300)],
    ['with the greater secret if all times agree', accessToken('b', 100, 300), accessToken('a', 100, 300)],
    ['issued later by number, not by letter', accessToken('a', 1_000, 2_000), accessToken('b', 999, 2_000)],
  ])('of two renewed access tokens keeps the one %s, whoever writes', (_why, winner, loser) => {
    const base = withAccessToken(accessToken('base', 1));
    for (const writer of ['request', 'worker'] as const) {
      expect(merge(base, withAccessToken(winner), withAccessToken(loser), writer)).toEqual(
        withAccessToken(winner),
      );
      expect(merge(base, withAccessToken(loser), withAccessToken(winner), writer)).toEqual(
        withAccessToken(winner),
      );
    }
  });

  it.each(['request', 'worker'] as const)('lets a modification outlive a deletion (%s)', (writer) => {
    const [old, renewed, gone] = [withRefreshToken('old'), withRefreshToken('renewed'), { RefreshToken: {} }];
    expect(merge(old, renewed, gone, writer)).toEqual(renewed);
    expect(merge(old, gone, renewed, writer)).toEqual(renewed);
  });

  it('deletes what one side deleted and the other left alone', () => {
    const old: Cache = { ...withRefreshToken('old'), ...withAccessToken(accessToken('kept')) };
    const gone: Cache = { ...old, RefreshToken: {} };
    expect(merge(old, gone, old)).toEqual(gone);
    expect(merge(old, old, gone)).toEqual(gone);
  });

  it('keeps sections and fields it does not know', () => {
    const base: Cache = { Extra: { one: { nested: [1, { two: null }] } }, Version: 1 };
    const theirs: Cache = { ...base, Version: 2, FromTheirs: [1] };
    const mine: Cache = {
      Extra: { one: { nested: [1, { two: null }], more: true } },
      Version: 1,
      FromMine: 'x',
    };
    expect(merge(base, theirs, mine)).toEqual({ ...mine, Version: 2, FromTheirs: [1] });
  });

  it('drops an unknown section that is not made of entries where one side dropped it', () => {
    expect(merge({ Version: 1 }, { Version: 1 }, {})).toEqual({});
    expect(merge({ Version: 1 }, {}, { Version: 1 })).toEqual({});
  });

  it('does not take another order of an entry’s fields for a change', () => {
    const reordered = Object.fromEntries(Object.entries(refreshToken('old')).reverse());
    const merged = merge(
      withRefreshToken('old'),
      withRefreshToken('renewed'),
      { RefreshToken: { [refreshTokenKey]: reordered } },
      'request',
    );
    expect(merged).toEqual(withRefreshToken('renewed'));
  });

  it('treats the empty string as a cache with nothing in it', () => {
    const cache = withRefreshToken('only');
    expect(merge('', cache, '')).toEqual(cache);
    expect(merge('', '', cache)).toEqual(cache);
    expect(merge('', '', '')).toEqual({});
    expect(Object.values(merge(cache, '', cache).RefreshToken ?? {})).toEqual([]);
  });
});

describe('mergeCache, for any three caches', () => {
  const secret = fc.constantFrom('a', 'b', 'c');
  const seconds = fc.integer({ min: 1, max: 3 });
  const entriesOf = (key: fc.Arbitrary<string>, entry: fc.Arbitrary<Entry>) =>
    fc.dictionary(key, entry, { maxKeys: 3, noNullPrototype: true });
  const anyCache: fc.Arbitrary<Cache> = fc.record({
    Account: entriesOf(
      fc.constant(accountKey),
      fc.record({ home_account_id: fc.constant(HOME), username: secret }),
    ),
    IdToken: entriesOf(fc.constant(idTokenKey), fc.record({ home_account_id: fc.constant(HOME), secret })),
    AccessToken: entriesOf(
      fc.constantFrom(...['user.read', 'mail.read', 'files.read'].map(accessTokenKey)),
      fc.tuple(secret, seconds, seconds).map(([text, at, until]) => accessToken(text, at, until)),
    ),
    RefreshToken: entriesOf(fc.constant(refreshTokenKey), secret.map(refreshToken)),
    AppMetadata: entriesOf(fc.constant(`appmetadata-${HOST}-${CLIENT}`), fc.record({ family_id: secret })),
  });
  const anyWriter = fc.constantFrom<CacheWriter>('request', 'worker');

  it('two equal sides give that very cache', () => {
    fc.assert(
      fc.property(anyCache, anyCache, anyWriter, (base, cache, writer) => {
        expect(merge(base, cache, cache, writer)).toEqual(cache);
      }),
    );
  });

  it('an untouched side yields to the other', () => {
    fc.assert(
      fc.property(anyCache, anyCache, anyWriter, (base, changed, writer) => {
        expect(merge(base, changed, base, writer)).toEqual(changed);
        expect(merge(base, base, changed, writer)).toEqual(changed);
      }),
    );
  });

  it('holds every key that a side added or changed, and none that neither side has', () => {
    fc.assert(
      fc.property(anyCache, anyCache, anyCache, anyWriter, (base, theirs, mine, writer) => {
        const merged = entriesByPath(merge(base, theirs, mine, writer));
        const [was, other, own] = [entriesByPath(base), entriesByPath(theirs), entriesByPath(mine)];
        for (const side of [other, own]) {
          for (const [path, entry] of side) if (was.get(path) !== entry) expect(merged.has(path)).toBe(true);
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
});

/** Every entry's JSON by section and key. */
function entriesByPath(cache: Cache): Map<string, string> {
  return new Map(
    Object.entries(cache).flatMap(([section, entries]) =>
      Object.entries(entries as Record<string, Entry>).map(
        ([key, entry]) => [`${section} ${key}`, JSON.stringify(entry)] as const,
      ),
    ),
  );
}
