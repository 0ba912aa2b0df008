/** Token responses: access token, and by scope an ID token and a refresh token. */
import { createHash, randomUUID } from 'node:crypto';
import type { JWTPayload } from 'jose';
import type { Client } from './clients.ts';
import { type DemoUser, GRAPH_APP_ID, type Identity } from './directory.ts';
import { preciseNow } from './faults.ts';
import { grantedScopes, type ScopeRequest } from './scopes.ts';
import { issuerOf, type StandIn } from './standIn.ts';

/** What is known about the sign-in behind a grant. Each token passes it on to the next. */
export type SignIn = {
  /** Epoch seconds (`auth_time`). */
  at: number;
  /** Ids of the conditional access policies that it has met. */
  policies: readonly string[];
  /** When a page redeemed its code, in epoch seconds. Its refresh tokens, and those of exchanges of its access tokens, end a time after that. */
  pageSince?: number;
};

/** The sign-in as codes, refresh tokens and sessions carry it. */
export const signInOf = ({ auth_time, policies, page_since }: JWTPayload): SignIn => ({
  at: Number(auth_time),
  policies: Array.isArray(policies) ? policies.map(String) : [],
  ...(typeof page_since === 'number' ? { pageSince: page_since } : {}),
});

export type Grant = {
  client: Client;
  identity: Identity;
  scope: string;
  signIn: SignIn;
  nonce?: string;
  /** Epoch seconds; the refresh tokens that stem from a page's sign-in keep the end of the first one. */
  refreshTokenEnd?: number;
  /** The code from which the tokens stem. */
  code?: string;
  withIdToken: boolean;
  withClientInfo: boolean;
};

/** The token endpoint's answer (RFC 6749 §5.1) with Entra's additions. */
export type TokenResponse = {
  token_type: 'Bearer';
  scope: string;
  /** Seconds, as every `_in`. */
  expires_in: number;
  ext_expires_in: number;
  refresh_in?: number;
  access_token: string;
  id_token?: string;
  refresh_token?: string;
  refresh_token_expires_in?: number;
  client_info?: string;
};

/** Base64url JSON of the home object id and the home tenant, even if the tokens are for another tenant. */
export const clientInfo = (user: DemoUser): string =>
  Buffer.from(JSON.stringify({ uid: user.homeOid, utid: user.homeTid })).toString('base64url');

/** `sub` differs from application to application (OpenID Connect Core §8.1). */
const pairwiseSubject = (identity: Identity, audience: string): string =>
  createHash('sha256').update(`${identity.tid} ${identity.oid} ${audience}`).digest('base64url');

/** @param granted the permissions that the client has at the resource of `request` */
export async function issueTokens(
  standIn: StandIn,
  grant: Grant,
  request: ScopeRequest,
  granted: readonly string[],
): Promise<TokenResponse> {
  const { keys } = standIn;
  const { client, identity, signIn } = grant;
  const lifetimes = standIn.ownLifetimes.get(identity.user.name) ?? standIn.lifetimes;
  const scopes = grantedScopes(request, granted, standIn.answers);
  const claimsFor = (audience: string): JWTPayload => ({
    iss: issuerOf(standIn, identity.tid),
    aud: audience,
    sub: pairwiseSubject(identity, audience),
    tid: identity.tid,
    oid: identity.oid,
    name: identity.user.displayName,
    preferred_username: identity.user.upn,
    uti: randomUUID(),
    ver: '2.0',
  });
  // Entra's tokens have such claims of its own, too (`rh`, `uti`), which nobody else reads.
  const ofPage = signIn.pageSince === undefined ? {} : { page_since: signIn.pageSince };
  const accessClaims = {
    ...claimsFor(request.resource),
    ...ofPage,
    azp: client.id,
    azpacr: client.kind === 'spa' ? '0' : '1',
    scp: scopes.permissions.join(' '),
    auth_time: signIn.at,
    ...(signIn.policies.length === 0 ? {} : { polids: signIn.policies, amr: ['pwd', 'mfa'] }),
  };
  const forGraph = request.resource === GRAPH_APP_ID;
  const lifetime = (forGraph ? lifetimes.graphAccessToken : undefined) ?? lifetimes.accessToken;
  const response: TokenResponse = {
    token_type: 'Bearer',
    scope: scopes.echo.join(' '),
    expires_in: lifetime,
    ext_expires_in: lifetime,
    ...(lifetimes.refreshIn === undefined ? {} : { refresh_in: lifetimes.refreshIn }),
    access_token: await keys.sign(accessClaims, lifetime),
  };
  if (grant.withClientInfo) response.client_info = clientInfo(identity.user);
  if (request.openid && grant.withIdToken) {
    const idClaims = { ...claimsFor(client.id), auth_time: signIn.at, nonce: grant.nonce };
    response.id_token = await keys.sign(idClaims, lifetimes.idToken);
  }
  if (request.offlineAccess) {
    const now = Math.floor(Date.now() / 1000);
    const fullLife = client.kind === 'spa' ? lifetimes.spaRefreshToken : lifetimes.refreshToken;
    const end = grant.refreshTokenEnd ?? now + fullLife;
    const refreshClaims = {
      sub: identity.user.name,
      client_id: client.id,
      scope: grant.scope,
      issued_at: preciseNow(),
      auth_time: signIn.at,
      policies: signIn.policies,
      ...ofPage,
      ...(grant.refreshTokenEnd === undefined ? {} : { has_fixed_end: true }),
      ...(grant.code === undefined ? {} : { code: grant.code }),
      jti: randomUUID(),
    };
    response.refresh_token = await keys.seal('refresh+jwt', refreshClaims, end - now);
    if (client.kind === 'spa' || standIn.answers.refreshTokenEnds)
      response.refresh_token_expires_in = end - now;
  }
  return response;
}
