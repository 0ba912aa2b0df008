import { randomBytes } from 'node:crypto';

export type CacheOwner = {
  tid: string;
  oid: string;
  clientId: string;
  /** Host and port of the authority. */
  environment: string;
};

export type CacheContent = {
  refreshToken: string;
  /** Of the access tokens: epoch seconds. */
  cachedAt: number;
  expiresOn: number;
  /** How many other APIs than Graph the cache has a token for. */
  otherApis: number;
};

const ACCESS_TOKEN_BYTES = 800;

/** A token of the shape of a JWT (RFC 7519), signed by nobody. */
export function makeJwt(claims: Record<string, unknown>): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const header = { typ: 'JWT', alg: 'RS256', kid: 'bench' };
  return `${part(header)}.${part(claims)}.${randomBytes(256).toString('base64url')}`;
}

/** An access token as long as Graph's usually are. It is opaque to its client. */
export const makeAccessToken = (): string =>
  makeJwt({ bench: randomBytes(ACCESS_TOKEN_BYTES).toString('base64') });

/** As long as Entra's usually are; it names whom it is for, so that a token endpoint need remember nothing. */
export const makeRefreshToken = (oid: string): string => `1.${oid}.${randomBytes(750).toString('base64url')}`;

export const oidOfRefreshToken = (refreshToken: string): string => refreshToken.split('.')[1] ?? '';

/** As the token endpoint sends it; it is `uid.utid` of the home account id. */
export const makeClientInfo = ({ oid, tid }: Pick<CacheOwner, 'oid' | 'tid'>): string =>
  Buffer.from(JSON.stringify({ uid: oid, utid: tid })).toString('base64url');

export const makeIdToken = ({ tid, oid, clientId, environment }: CacheOwner, expiresOn: number): string =>
  makeJwt({
    aud: clientId,
    iss: `https://${environment}/${tid}/v2.0`,
    iat: expiresOn - 3_600,
    nbf: expiresOn - 3_600,
    exp: expiresOn,
    name: 'Bench User',
    oid,
    preferred_username: `${oid}@bench.example`,
    sub: randomBytes(32).toString('base64url'),
    tid,
    uti: randomBytes(16).toString('base64url'),
    ver: '2.0',
  });

/**
 * MSAL's serialized cache of one user, as an exchange on behalf of the user leaves it behind: about 6 kB, and 3 kB
 * more for each other API.
 */
export function makeMsalCache(owner: CacheOwner, content: CacheContent): string {
  const { tid, oid, clientId, environment } = owner;
  const home = `${oid}.${tid}`;
  const common = { home_account_id: home, environment };
  const credential = (type: string, secret: string) => ({
    ...common,
    credential_type: type,
    client_id: clientId,
    secret,
  });
  const username = `${oid}@bench.example`;
  const profile = { tenantId: tid, localAccountId: oid, name: 'Bench User', username, isHomeTenant: true };
  const others = Array.from({ length: content.otherApis }, (_, index) => `api://bench-${index}/.default`);
  const accessTokens = ['https://graph.microsoft.com/.default User.Read openid profile', ...others].map(
    (target) => [
      `${home}-${environment}-accesstoken-${clientId}-${tid}-${target.toLowerCase()}-`,
      {
        ...credential('AccessToken', makeAccessToken()),
        realm: tid,
        target,
        cached_at: String(content.cachedAt),
        expires_on: String(content.expiresOn),
        extended_expires_on: String(content.expiresOn),
        token_type: 'Bearer',
      },
    ],
  );
  return JSON.stringify({
    Account: {
      [`${home}-${environment}-${tid}`]: {
        ...common,
        realm: tid,
        local_account_id: oid,
        username,
        authority_type: 'MSSTS',
        name: 'Bench User',
        client_info: makeClientInfo(owner),
        tenantProfiles: [JSON.stringify(profile)],
      },
    },
    IdToken: {
      [`${home}-${environment}-idtoken-${clientId}-${tid}--`]: {
        ...credential('IdToken', makeIdToken(owner, content.expiresOn)),
        realm: tid,
      },
    },
    AccessToken: Object.fromEntries(accessTokens),
    RefreshToken: {
      [`${home}-${environment}-refreshtoken-${clientId}---`]: credential(
        'RefreshToken',
        content.refreshToken,
      ),
    },
    AppMetadata: {},
  });
}
