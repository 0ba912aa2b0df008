import { describe, expect, it } from 'vitest';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { permissionsOf, withOneTokenOf } from '../../../../shared/tokens/accessTokenEntries.ts';
import {
  accessToken,
  accessTokenKey,
  type Cache,
  refreshToken,
  refreshTokenKey,
} from './mergeCacheSamples.ts';

const DEFAULT = 'https://graph.microsoft.com/.default';
const ORDERS = 'api://orders/.default api://orders/read';
const REST: Cache = { RefreshToken: { [refreshTokenKey]: refreshToken('r') }, Unknown: { one: { a: 1 } } };

/** A cache of tokens with these scopes; a later one was issued later. */
const cacheOf = (...scopes: string[]): Cache => ({
  ...REST,
  AccessToken: Object.fromEntries(
    scopes.map((scope, index) => [
      accessTokenKey(scope.toLowerCase()),
      accessToken(`token ${index}`, 1_000 + index, 9_000, scope),
    ]),
  ),
});

const shown = (cache: Cache): Cache => JSON.parse(withOneTokenOf(graph, JSON.stringify(cache))) as Cache;

/** The tokens by their keys' scopes. */
const tokensIn = ({ AccessToken = {} }: Cache) =>
  Object.entries(AccessToken).map(([key, { secret, target }]) => ({
    secret,
    target,
    isInKey: key.includes(String(target).toLowerCase()),
  }));

describe('the cache that MSAL is shown', () => {
  it.each([
    ['no cache', ''],
    ['a cache without tokens', JSON.stringify(REST)],
    ['a token under the default scope', JSON.stringify(cacheOf(`${DEFAULT} User.Read`, ORDERS))],
    ['tokens of other APIs alone', JSON.stringify(cacheOf(ORDERS, 'openid profile'))],
  ])('is the stored one, if it has %s', (_what, cache) => {
    expect(withOneTokenOf(graph, cache)).toBe(cache);
  });

  it('has the token of an earlier release under the default scope, too', () => {
    const cache = shown(cacheOf('User.Read', ORDERS));
    expect(tokensIn(cache)).toEqual([
      { secret: 'token 1', target: `${ORDERS} openid profile`, isInKey: true },
      { secret: 'token 0', target: `${DEFAULT} User.Read openid profile`, isInKey: true },
    ]);
    expect(cache).toMatchObject(REST);
  });

  it('has the newest one alone, if an earlier release kept several', () => {
    const cache = shown(cacheOf('User.Read', 'User.Read Mail.Read', 'https://graph.microsoft.us/Files.Read'));
    expect(tokensIn(cache)).toMatchObject([{ secret: 'token 2', isInKey: true }]);
    expect(tokensIn(shown(cacheOf(`${DEFAULT} User.Read`, 'User.Read Mail.Read')))).toMatchObject([
      { secret: 'token 1' },
    ]);
  });

  it('has one for each home, client and tenant', () => {
    const other = { ...accessToken('other', 5), realm: 'another' };
    const { AccessToken } = cacheOf('User.Read');
    const cache = shown({ AccessToken: { ...AccessToken, [accessTokenKey('mail.read user.read')]: other } });
    expect(tokensIn(cache).map(({ secret }) => secret)).toEqual(['token 0', 'other']);
  });
});

describe('the permissions of a stored token', () => {
  const of = (...scopes: string[]) => permissionsOf(graph, JSON.stringify(cacheOf(...scopes)));
  const ORDERS_API = { resource: 'api://orders' };

  it.each([
    [`${DEFAULT} User.Read openid profile`, ['User.Read']],
    [`${DEFAULT} https://graph.microsoft.com/Mail.Read Mail.Read User.Read`, ['Mail.Read', 'User.Read']],
    [`${DEFAULT} user.read User.Read`, ['User.Read']],
    ['User.Read openid', ['User.Read']],
  ])('are those of its scope, as they are spelt: %s', (scope, names) => {
    expect(of(scope)).toEqual(names);
  });

  it.each([
    [[`${DEFAULT} openid profile offline_access`]],
    [[DEFAULT]],
    [[ORDERS]],
    [[]],
  ])('are unknown if the token endpoint named none, or there is no token: %j', (scopes) => {
    expect(of(...scopes)).toBeUndefined();
    expect(permissionsOf(graph, '')).toBeUndefined();
  });

  it('are those of the newest token', () => {
    expect(of('User.Read', `${DEFAULT} Mail.Read User.Read`)).toEqual(['Mail.Read', 'User.Read']);
    expect(of(`${DEFAULT} Mail.Read User.Read`, DEFAULT)).toBeUndefined();
  });

  it('are of the API that is asked for, and of no other', () => {
    const cache = JSON.stringify(cacheOf(`${DEFAULT} User.Read`, ORDERS));
    expect(permissionsOf(ORDERS_API, cache)).toEqual(['read']);
    expect(permissionsOf(graph, cache)).toEqual(['User.Read']);
    expect(permissionsOf({ resource: 'api://third' }, cache)).toBeUndefined();
  });
});
