import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import {
  makeAccessToken,
  makeClientInfo,
  makeIdToken,
  makeRefreshToken,
  oidOfRefreshToken,
} from '../makeMsalCache.ts';
import type { Answer } from './tableService.ts';

/** The mean of the 60 to 90 minutes that Entra gives an access token. */
const ACCESS_TOKEN_SECONDS = 4_500;
const KID = 'bench';
const JSON_TYPE = { 'content-type': 'application/json' };

export type IdentityService = Awaited<ReturnType<typeof createIdentityService>>;

/** The least of Entra ID and Graph that the benchmarks call: keys, the token endpoint, and a user's profile. */
export async function createIdentityService() {
  const { publicKey, privateKey } = await generateKeyPair('RS256');
  const jwks = { keys: [{ ...(await exportJWK(publicKey)), kid: KID, use: 'sig' }] };
  /** How many tokens each user was given, by `oid`. */
  const grants = new Map<string, number>();

  /** Any refresh token is traded for its successor (RFC 6749 §6), and any assertion for tokens, with Entra's additions. */
  function grant(tid: string, host: string, body: string): Answer {
    const form = new URLSearchParams(body);
    const assertion = form.get('assertion');
    const oid =
      assertion === null ? oidOfRefreshToken(form.get('refresh_token') ?? '') : oidOfAssertion(assertion);
    if (oid === '') return { status: 400, headers: JSON_TYPE, body: '{"error":"invalid_grant"}' };
    const owner = { tid, oid, clientId: form.get('client_id') ?? '', environment: host };
    grants.set(oid, (grants.get(oid) ?? 0) + 1);
    const tokens = {
      token_type: 'Bearer',
      scope: [...defaultScopesOf(form), 'User.Read openid profile'].join(' '),
      expires_in: ACCESS_TOKEN_SECONDS,
      ext_expires_in: ACCESS_TOKEN_SECONDS,
      access_token: makeAccessToken(),
      refresh_token: makeRefreshToken(oid),
      id_token: makeIdToken(owner, Math.floor(Date.now() / 1_000) + ACCESS_TOKEN_SECONDS),
      client_info: makeClientInfo(owner),
    };
    return { status: 200, headers: JSON_TYPE, body: JSON.stringify(tokens) };
  }

  return {
    grants,
    keys: (): Answer => ({ status: 200, headers: JSON_TYPE, body: JSON.stringify(jwks) }),
    grant,
    profile: (): Answer => ({ status: 200, headers: JSON_TYPE, body: PROFILE }),
    /** A caller's access token for the API (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference). */
    sign: ({ origin, tid, oid, clientId }: { origin: string; tid: string; oid: string; clientId: string }) =>
      new SignJWT({
        tid,
        oid,
        ver: '2.0',
        azp: clientId,
        scp: 'access_as_user',
        name: 'Bench User',
        preferred_username: `${oid}@bench.example`,
      })
        .setProtectedHeader({ alg: 'RS256', kid: KID, typ: 'JWT' })
        .setIssuer(`${origin}/${tid}/v2.0`)
        .setAudience(clientId)
        .setSubject(oid)
        .setIssuedAt()
        .setNotBefore('0s')
        .setExpirationTime('75m')
        .sign(privateKey),
  };
}

/** Entra often names what was asked for beside what was granted. Without it MSAL alone never finds the token again. */
const defaultScopesOf = (form: URLSearchParams): string[] =>
  (form.get('scope') ?? '').split(' ').filter((scope) => scope.endsWith('/.default'));

function oidOfAssertion(assertion: string): string {
  const claims = JSON.parse(Buffer.from(assertion.split('.')[1] ?? '', 'base64url').toString()) as {
    oid?: string;
  };
  return claims.oid ?? '';
}

const PROFILE = JSON.stringify({
  '@odata.context': 'https://graph.microsoft.com/v1.0/$metadata#users/$entity',
  businessPhones: [],
  displayName: 'Bench User',
  givenName: 'Bench',
  jobTitle: 'Engineer',
  mail: 'user@bench.example',
  mobilePhone: null,
  officeLocation: null,
  preferredLanguage: 'en',
  surname: 'User',
  userPrincipalName: 'user@bench.example',
  id: '5ead0000-0000-4000-8000-000000000001',
});
