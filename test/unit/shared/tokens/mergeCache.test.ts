import { describe, expect, it } from 'vitest';
import {
  accessToken,
  accessTokenKey,
  type Cache,
  type Entry,
  merge,
  refreshToken,
  refreshTokenKey,
} from './mergeCacheSamples.ts';

const withRefreshToken = (secret: string): Cache => ({
  RefreshToken: { [refreshTokenKey]: refreshToken(secret) },
});
const withAccessToken = (entry: Entry): Cache => ({ AccessToken: { [accessTokenKey('user.read')]: entry } });

describe('mergeCache', () => {
  it('keeps what each side added', () => {
    const base = withAccessToken(accessToken('base'));
    const theirs: Cache = {
      ...base,
      AccessToken: {
        ...base.AccessToken,
        [accessTokenKey('mail.read')]: accessToken('theirs', 100, 200, 'mail.read'),
      },
    };
    const mine: Cache = {
      ...base,
      AccessToken: {
        ...base.AccessToken,
        [accessTokenKey('files.read')]: accessToken('mine', 100, 200, 'files.read'),
      },
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
    [
      'that differs last if secrets agree, too',
      { ...accessToken('a'), extra: 'b' },
      { ...accessToken('a'), extra: 'a' },
    ],
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

  it.each([
    'request',
    'worker',
  ] as const)('drops the older of two access tokens with a common scope (%s)', (writer) => {
    const tokenOf = (secret: string, at: number, scope: string): Cache => ({
      AccessToken: { [accessTokenKey(scope)]: accessToken(secret, at, at + 100, scope) },
    });
    const [narrow, wide] = [tokenOf('narrow', 200, 'user.read'), tokenOf('wide', 300, 'User.Read mail.read')];
    expect(merge('', narrow, wide, writer)).toEqual(wide);
    expect(merge('', wide, narrow, writer)).toEqual(wide);
    const other = tokenOf('other', 100, 'api://orders/orders.read');
    const theirs = { AccessToken: { ...wide.AccessToken, ...other.AccessToken } };
    expect(merge('', theirs, narrow, writer)).toEqual(theirs);
  });

  it.each([
    'realm',
    'client_id',
    'home_account_id',
  ])('keeps both of two access tokens whose %s differs', (field) => {
    const [key, other] = [accessTokenKey('user.read'), accessTokenKey('user.read mail.read')];
    const mine = { AccessToken: { [key]: accessToken('a') } };
    const theirs = { AccessToken: { [other]: { ...accessToken('b'), [field]: 'another' } } };
    expect(Object.keys(merge('', theirs, mine).AccessToken ?? {})).toHaveLength(2);
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
