import {
  makeAccessToken,
  makeClientInfo,
  makeIdToken,
  makeRefreshToken,
  oidOfRefreshToken,
} from '../makeMsalCache.ts';
import { type Answer, type Call, notSpoken } from './call.ts';

/** The mean of the 60 to 90 minutes that Entra gives an access token. */
const ACCESS_TOKEN_SECONDS = 4_500;

/** A token endpoint that trades any refresh token for its successor (RFC 6749 §6), with Entra's additions. */
export function createTokenService() {
  const grants = new Map<string, number>();

  return {
    /** How many tokens each user was given, by `oid`. */
    grants,
    answer({ method, url, body }: Call): Answer {
      const form = new URLSearchParams(body.toString());
      if (method !== 'POST' || form.get('grant_type') !== 'refresh_token') return notSpoken;
      const [, tid = ''] = url.pathname.split('/');
      const oid = oidOfRefreshToken(form.get('refresh_token') ?? '');
      grants.set(oid, (grants.get(oid) ?? 0) + 1);
      const owner = { tid, oid, clientId: form.get('client_id') ?? '', environment: url.host };
      const answer = {
        token_type: 'Bearer',
        scope: 'User.Read openid profile',
        expires_in: ACCESS_TOKEN_SECONDS,
        ext_expires_in: ACCESS_TOKEN_SECONDS,
        access_token: makeAccessToken(),
        refresh_token: makeRefreshToken(oid),
        id_token: makeIdToken(owner, Math.floor(Date.now() / 1_000) + ACCESS_TOKEN_SECONDS),
        client_info: makeClientInfo(owner),
      };
      return {
        name: 'token',
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(answer),
      };
    },
  };
}
