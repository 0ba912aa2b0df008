import { ForbiddenError, TokenInvalidError } from '../../errors.ts';
import { isGuid } from '../../userId.ts';
import { v1IssuerOf } from './authority.ts';

export type AccessTokenRules = {
  /** The API's client id. */
  clientId: string;
  /** Exact member of `scp` that a caller needs, without the resource's prefix. */
  scope: string;
  /** Origin of the authority, e.g. `https://login.microsoftonline.com`. */
  authority: string;
  allowedTenants: readonly string[] | 'any';
  /** Client applications that may call; undefined lets any. */
  allowedClients: readonly string[] | undefined;
};

export type AccessTokenClaims = { tid: string; oid: string; userPrincipalName: string | undefined };

/**
 * Whether a text is spelt as JWS Compact Serialization demands it (RFC 7515 §7.1): three segments of base64url, without
 * padding (§2) and with unused bits that are zero (RFC 4648 §3.5). Readers that are lenient about those bits take 16
 * texts for one and the same signed token, and each text would be remembered and exchanged by itself.
 */
export function isCompactJws(text: string): boolean {
  const segments = text.split('.', 4);
  return segments.length === 3 && segments.every(isCanonicalBase64Url);
}

const isCanonicalBase64Url = (text: string): boolean =>
  text !== '' && Buffer.from(text, 'base64url').toString('base64url') === text;

/**
 * Decides on the claims of an access token whose signature and lifetime are good
 * (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference).
 * @throws {TokenInvalidError} it is not a user's token for this API from its own tenant's issuer.
 * @throws {ForbiddenError} it is, and its tenant, client or scope is not enough.
 */
export function checkAccessToken(
  claims: Readonly<Record<string, unknown>>,
  rules: AccessTokenRules,
): AccessTokenClaims {
  const { tid, oid, iss, ver, aud, scp, idtyp } = claims;
  if (!isGuid(tid) || !isGuid(oid)) throw new TokenInvalidError('The access token names no tenant or user.');
  if (ver !== '1.0' && ver !== '2.0') throw new TokenInvalidError('The access token has no known version.');
  if (!isIssuerOf(iss, ver, tid, rules.authority)) {
    throw new TokenInvalidError('The access token was not issued by the authority of its own tenant.');
  }
  const audiences = ver === '2.0' ? [rules.clientId] : [rules.clientId, `api://${rules.clientId}`];
  if (typeof aud !== 'string' || !audiences.includes(aud.toLowerCase())) {
    throw new TokenInvalidError('The access token is meant for another API.');
  }
  if ((idtyp !== undefined && idtyp !== 'user') || scp === undefined) {
    throw new TokenInvalidError('The access token does not stand for a user.');
  }
  if (typeof scp !== 'string') throw new TokenInvalidError('The scp of the access token is not a string.');

  if (!isServed(tid, rules)) {
    throw new ForbiddenError('tenant', "The user's tenant is not served here.");
  }
  const client = ver === '2.0' ? claims.azp : claims.appid;
  if (
    rules.allowedClients !== undefined &&
    !(typeof client === 'string' && rules.allowedClients.includes(client.toLowerCase()))
  ) {
    throw new ForbiddenError('client', 'The client application is not allowed to call this API.');
  }
  if (!scp.split(' ').includes(rules.scope)) {
    throw new ForbiddenError('scope', `The access token lacks the scope ${rules.scope}.`);
  }
  return { tid: tid.toLowerCase(), oid: oid.toLowerCase(), userPrincipalName: upnOf(claims) };
}

/**
 * Decides on the `issuer` that Entra publishes with a signing key: the key vouches for tokens of that issuer alone.
 * Where the key serves any tenant it is a template, `https://login.microsoftonline.com/{tenantid}/v2.0`; it names
 * the v2.0 issuer for tokens of either version
 * (https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-issuer).
 * @param keyIssuer the key's own member, as published; a key that has none is not held to it.
 * @param tid of a token that {@link checkAccessToken} has passed.
 * @throws {TokenInvalidError} the key is another issuer's.
 */
export function checkKeyIssuer(keyIssuer: unknown, tid: string, rules: AccessTokenRules): void {
  if (keyIssuer === undefined) return;
  const issuer = typeof keyIssuer === 'string' ? keyIssuer.replace(/\{tenantid\}/i, tid) : undefined;
  if (!isIssuerOf(issuer, '2.0', tid, rules.authority)) {
    throw new TokenInvalidError('The access token is signed with a key of another issuer.');
  }
}

/** Whether that tenant's users may come. */
export const isServed = (tid: string, { allowedTenants }: AccessTokenRules): boolean =>
  allowedTenants === 'any' || allowedTenants.includes(tid.toLowerCase());

/** To the letter (RFC 7519 §4.1.1), but for the tenant id: a GUID means the same in either case. */
function isIssuerOf(iss: unknown, ver: '1.0' | '2.0', tid: string, authority: string): boolean {
  const [before, behind] = ver === '2.0' ? [`${authority}/`, '/v2.0'] : [`${v1IssuerOf(authority)}/`, '/'];
  if (typeof iss !== 'string' || !iss.startsWith(before) || !iss.endsWith(behind)) return false;
  return iss.slice(before.length, -behind.length).toLowerCase() === tid.toLowerCase();
}

/** For operators' eyes only; it changes hands, so nothing is ever keyed by it. */
function upnOf(claims: Readonly<Record<string, unknown>>): string | undefined {
  const upn = claims.preferred_username ?? claims.upn;
  return typeof upn === 'string' && upn !== '' && upn.length <= 320 ? upn : undefined;
}
