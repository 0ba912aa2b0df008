import { type CacheWriter, mergeCache } from '../../../../shared/tokens/mergeCache.ts';

export const HOME = '20000000-0000-4000-8000-000000000002.10000000-0000-4000-8000-000000000001';
export const HOST = 'login.microsoftonline.com';
export const CLIENT = '30000000-0000-4000-8000-000000000003';
const TENANT = '10000000-0000-4000-8000-000000000001';

export type Entry = Record<string, unknown>;
export type Cache = Record<string, unknown> & {
  Account?: Record<string, Entry>;
  IdToken?: Record<string, Entry>;
  AccessToken?: Record<string, Entry>;
  RefreshToken?: Record<string, Entry>;
  AppMetadata?: Record<string, Entry>;
};

export const accountKey = `${HOME}-${HOST}-${TENANT}`;
export const refreshTokenKey = `${HOME}-${HOST}-refreshtoken-${CLIENT}----`;
export const idTokenKey = `${HOME}-${HOST}-idtoken-${CLIENT}-${TENANT}---`;
export const accessTokenKey = (scope: string): string =>
  `${HOME}-${HOST}-accesstoken-${CLIENT}-${TENANT}-${scope} openid profile--`;

export const accessToken = (
  secret: string,
  cachedAt = 1_700_000_000,
  expiresOn = cachedAt + 3_600,
  scope = 'user.read',
): Entry => ({
  home_account_id: HOME,
  environment: HOST,
  credential_type: 'AccessToken',
  client_id: CLIENT,
  secret,
  realm: TENANT,
  target: `${scope} openid profile`,
  cached_at: String(cachedAt),
  expires_on: String(expiresOn),
});
export const refreshToken = (secret: string): Entry => ({
  home_account_id: HOME,
  environment: HOST,
  credential_type: 'RefreshToken',
  client_id: CLIENT,
  secret,
});

export function merge(
  base: Cache | '',
  theirs: Cache | '',
  mine: Cache | '',
  writer: CacheWriter = 'worker',
): Cache {
  const text = (cache: Cache | ''): string => (cache === '' ? '' : JSON.stringify(cache));
  return JSON.parse(mergeCache(text(base), text(theirs), text(mine), writer)) as Cache;
}
