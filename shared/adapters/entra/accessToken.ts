import { cloudOf } from '../../clouds.ts';
import { ForbiddenError, TokenInvalidError } from '../../errors.ts';
import { isGuid } from '../../userId.ts';

export type AccessTokenRules = {
  /** The API's client id. */
  clientId: string;
  /** The scope that a caller needs: an exact member of `scp`, without the resource. */
  scope: string;
  /** The origin of the authority, such as `https://login.microsoftonline.com`. */
  authority: string;
  /** Tenant ids in lower case. */
  allowedTenants: readonly string[] | 'any';
  /** Client ids of the applications that may call, in lower case; undefined allows all of them. */
  allowedClients: readonly string[] | undefined;
};

export type AccessTokenClaims = { tid: string; oid: string; userPrincipalName: string | undefined };

export type AppTokenRules = Pick<AccessTokenRules, 'clientId' | 'authority'> & {
  /** The tenant of this API's registration, in lower case. */
  tenantId: string;
};

/** The role of this API's registration whose holders may start a run of the worker. */
export const WAKE_ROLE = 'Worker.Run';

/**
 * True if a text has exactly the form of JWS Compact Serialization (RFC 7515 §7.1): three segments of base64url, without
 * padding (§2), whose unused bits are zero (RFC 4648 §3.5). A reader that ignores those bits accepts 16 texts as the same
 * signed token, and each text would be remembered and exchanged separately.
 */
export function isCompactJws(text: string): boolean {
  const segments = text.split('.', 4);
  return segments.length === 3 && segments.every(isCanonicalBase64Url);
}

const isCanonicalBase64Url = (text: string): boolean =>
  text !== '' && Buffer.from(text, 'base64url').toString('base64url') === text;

/**
 * Checks the claims of an access token whose signature and lifetime are valid
 * (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
 * @throws {TokenInvalidError} it is not a user's token for this API from its own tenant's issuer.
 * @throws {ForbiddenError} it is such a token, but its tenant, client or scope is not allowed.
 */
export function checkAccessToken(
  claims: Readonly<Record<string, unknown>>,
  rules: AccessTokenRules,
): AccessTokenClaims {
  const { tid, oid, client } = checkIssued(claims, rules);
  const { scp, idtyp } = claims;
  if ((idtyp !== undefined && idtyp !== 'user') || scp === undefined) {
    throw new TokenInvalidError('The access token is not for a user.');
  }
  if (typeof scp !== 'string') throw new TokenInvalidError('The scp of the access token is not a string.');

  if (!isServed(tid, rules)) {
    throw new ForbiddenError('tenant', 'Users of this tenant are not allowed to use this API.');
  }
  if (
    rules.allowedClients !== undefined &&
    !(client !== undefined && rules.allowedClients.includes(client))
  ) {
    throw new ForbiddenError('client', 'The client application is not allowed to call this API.');
  }
  if (!scp.split(' ').includes(rules.scope)) {
    throw new ForbiddenError('scope', `The access token lacks the scope ${rules.scope}.`);
  }
  return { tid, oid, userPrincipalName: upnOf(claims) };
}

/**
 * Checks the claims of an access token with which an application calls in its own name, and not for a user. Its signature and
 * lifetime are valid. Every application of any tenant can get a token for this API. So only the role says that it may call,
 * and only the administrators of this API's own tenant decide who has it here.
 * @throws {TokenInvalidError} it is not an application's token for this API from its own tenant's issuer.
 * @throws {ForbiddenError} it is such a token, but of another tenant, or without the role.
 */
export function checkAppToken(
  claims: Readonly<Record<string, unknown>>,
  rules: AppTokenRules,
): { tid: string; oid: string; clientId: string } {
  const { tid, oid, client } = checkIssued(claims, rules);
  const { scp, idtyp, roles } = claims;
  if (idtyp !== 'app' || scp !== undefined) {
    throw new TokenInvalidError('The access token is not of an application itself.');
  }
  if (!isGuid(client)) throw new TokenInvalidError('The access token names no client application.');
  if (tid !== rules.tenantId) {
    throw new ForbiddenError('tenant', 'Applications of this tenant are not allowed to do this.');
  }
  if (!Array.isArray(roles) || !roles.includes(WAKE_ROLE)) {
    throw new ForbiddenError('role', `The access token lacks the application role ${WAKE_ROLE}.`);
  }
  return { tid, oid, clientId: client };
}

/**
 * Checks the claims of an ID token whose signature and lifetime are valid (OpenID Connect Core §3.1.3.7).
 * @param nonce what the sign-in was begun with
 * @throws {TokenInvalidError} it is not an ID token for this API of that sign-in, from its own tenant's issuer.
 */
export function checkIdToken(
  claims: Readonly<Record<string, unknown>>,
  nonce: string,
  rules: Pick<AccessTokenRules, 'clientId' | 'authority'>,
): { tid: string; oid: string } {
  const { tid, oid } = checkIssued(claims, rules);
  // An access token has no nonce, so none is taken for an ID token.
  if (claims.nonce !== nonce || nonce === '') {
    throw new TokenInvalidError('The ID token is not of this sign-in.');
  }
  return { tid, oid };
}

/** What every access token for this API has, whoever it is of. All ids are in lower case. */
function checkIssued(
  claims: Readonly<Record<string, unknown>>,
  rules: Pick<AccessTokenRules, 'clientId' | 'authority'>,
): { tid: string; oid: string; client: string | undefined } {
  const { tid, oid, iss, ver, aud } = claims;
  if (!isGuid(tid) || !isGuid(oid)) throw new TokenInvalidError('The access token names no tenant or user.');
  if (ver !== '1.0' && ver !== '2.0') throw new TokenInvalidError('The access token has no known version.');
  if (!isIssuerOf(iss, ver, tid, rules.authority)) {
    throw new TokenInvalidError('The access token was not issued by the authority of its own tenant.');
  }
  const audiences = ver === '2.0' ? [rules.clientId] : [rules.clientId, `api://${rules.clientId}`];
  if (typeof aud !== 'string' || !audiences.includes(aud.toLowerCase())) {
    throw new TokenInvalidError('The access token is meant for another API.');
  }
  const client = ver === '2.0' ? claims.azp : claims.appid;
  return {
    tid: tid.toLowerCase(),
    oid: oid.toLowerCase(),
    client: typeof client === 'string' ? client.toLowerCase() : undefined,
  };
}

/**
 * Checks the `issuer` that Entra publishes with a signing key. The key is valid only for tokens of that issuer. If the
 * key is for all tenants, the issuer is a template: `https://login.microsoftonline.com/{tenantid}/v2.0`. It is the v2.0
 * issuer for tokens of both versions
 * (https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer).
 * @param keyIssuer the key's `issuer` as published; a key without one is accepted
 * @param tid the tenant id of a token whose claims were accepted
 * @throws {TokenInvalidError} the key belongs to another issuer.
 */
export function checkKeyIssuer(
  keyIssuer: unknown,
  tid: string,
  rules: Pick<AccessTokenRules, 'authority'>,
): void {
  if (keyIssuer === undefined) return;
  const issuer = typeof keyIssuer === 'string' ? keyIssuer.replace(/\{tenantid\}/i, tid) : undefined;
  if (!isIssuerOf(issuer, '2.0', tid, rules.authority)) {
    throw new TokenInvalidError('The access token is signed with a key of another issuer.');
  }
}

/** True if users of that tenant may use this API. */
export const isServed = (tid: string, { allowedTenants }: AccessTokenRules): boolean =>
  allowedTenants === 'any' || allowedTenants.includes(tid.toLowerCase());

/** Compares exactly (RFC 7519 §4.1.1), except for the case of the tenant id, because a GUID has none. */
function isIssuerOf(iss: unknown, ver: '1.0' | '2.0', tid: string, authority: string): boolean {
  const [before, behind] =
    ver === '2.0' ? [`${authority}/`, '/v2.0'] : [`${cloudOf(authority).v1Issuer}/`, '/'];
  if (typeof iss !== 'string' || !iss.startsWith(before) || !iss.endsWith(behind)) return false;
  return iss.slice(before.length, -behind.length).toLowerCase() === tid.toLowerCase();
}

/** Only for operators to read. A user name can pass to another user, so it is never used as a key. */
function upnOf(claims: Readonly<Record<string, unknown>>): string | undefined {
  const upn = claims.preferred_username ?? claims.upn;
  return typeof upn === 'string' && upn !== '' && upn.length <= 320 ? upn : undefined;
}
