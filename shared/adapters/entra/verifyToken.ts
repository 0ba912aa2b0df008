import { decodeJwt, errors, type JWTHeaderParameters, jwtVerify } from 'jose';
import { TokenInvalidError, UserTokenError } from '../../errors.ts';
import type { VerifyAccessToken, VerifyAppToken } from '../../ports.ts';
import { CUSTOM_SIGNING_KEY } from '../../tokens/failures.ts';
import { isGuid, toUserId, type UserId } from '../../userId.ts';
import {
  type AccessTokenRules,
  checkAccessToken,
  checkAppToken,
  checkIdToken,
  checkKeyIssuer,
  isCompactJws,
  isServed,
} from './accessToken.ts';
import { createCustomKeys } from './customKeys.ts';
import { isKid, type KeysOptions, type SigningKey } from './fetchKeys.ts';
import { createJwks } from './jwks.ts';

const CLOCK_TOLERANCE_SECONDS = 60;
/** Much longer than Entra's tokens. A longer token is refused before it is parsed. */
const MAX_TOKEN_LENGTH = 16_384;

/**
 * Verifies access tokens of Entra ID, those of users and those of applications, with jose and the keys that the authority
 * publishes.
 * @param options.jwksUri the URL of those keys: one tenant's document is valid for that tenant, `organizations` for all
 * @param options.customKeysUri the URL at which a tenant publishes the keys that belong to this application alone
 * @param options.tenantId the tenant of this API's registration
 * @param options.timeoutMs the time limit of one fetch of keys
 */
export function createVerifyToken(
  options: KeysOptions & {
    jwksUri: string;
    customKeysUri: (tid: string) => string;
    rules: AccessTokenRules;
    tenantId: string;
  },
): { verifyAccessToken: VerifyAccessToken; verifyAppToken: VerifyAppToken; verifyIdToken: VerifyIdToken } {
  const { rules, tenantId, clock } = options;
  const findSigningKey = createJwks({ ...options, uri: options.jwksUri });
  const findCustomKey = createCustomKeys({ ...options, uriOf: options.customKeysUri });

  return {
    async verifyAccessToken(token) {
      const { payload, key } = await verify(token);
      const { tid, oid, userPrincipalName } = checkAccessToken(payload, rules);
      checkKeyIssuer(key.issuer, tid, rules);
      const expiresOn = new Date((payload.exp ?? 0) * 1_000);
      if (Number.isNaN(expiresOn.getTime()))
        throw new TokenInvalidError('The access token has an expiry time that is not a valid time.');
      // The access token is valid, so the caller cannot correct this. An operator can.
      if (key.isCustom) throw new UserTokenError({ kind: 'misconfigured', code: CUSTOM_SIGNING_KEY });
      return { userId: toUserId({ tid, oid }), tid, oid, userPrincipalName, expiresOn, assertion: token };
    },

    async verifyAppToken(token) {
      const { payload, key } = await verify(token);
      const { tid, oid, clientId } = checkAppToken(payload, { ...rules, tenantId });
      checkKeyIssuer(key.issuer, tid, rules);
      return { principalId: toUserId({ tid, oid }), clientId };
    },

    async verifyIdToken(token, nonce) {
      const { payload, key } = await verify(token);
      const { tid, oid } = checkIdToken(payload, nonce, rules);
      checkKeyIssuer(key.issuer, tid, rules);
      return toUserId({ tid, oid });
    },
  };

  async function verify(token: string) {
    if (token.length > MAX_TOKEN_LENGTH) throw new TokenInvalidError('The access token is too long.');
    if (!isCompactJws(token)) throw new TokenInvalidError('The access token is malformed.');
    let key: VerifyingKey | undefined;
    try {
      const { payload } = await jwtVerify(
        token,
        async (header) => {
          key = await findKey(header, token);
          return key.key;
        },
        {
          algorithms: ['RS256'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: clock.now(),
          requiredClaims: ['exp', 'iss', 'aud', 'tid', 'oid'],
        },
      );
      if (key === undefined) throw new TypeError('jose verified a token without asking for a key');
      return { payload, key };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      throw new TokenInvalidError(reasonOf(error));
    }
  }

  /** If the authority does not publish the key, it may be the application's own key in the tenant that the token names. */
  async function findKey(header: JWTHeaderParameters, token: string): Promise<VerifyingKey> {
    try {
      return { ...(await findSigningKey(header)), isCustom: false };
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !isKid(header.kid)) throw error;
      const { tid } = decodeJwt(token);
      // The token is not verified yet, but it decides where keys are fetched. Only allowed tenants are asked.
      const isAllowed = isGuid(tid) && isServed(tid, rules);
      const custom = isAllowed ? await findCustomKey(tid.toLowerCase(), header.kid) : undefined;
      if (custom === undefined) throw error;
      return { ...custom, isCustom: true };
    }
  }
}

/**
 * Verifies an ID token of this API's own sign-in.
 * @returns who signed in
 * @throws {TokenInvalidError} it is not one, or not of the sign-in with that nonce.
 * @throws {UnavailableError} the keys to verify it with cannot be fetched now.
 */
export type VerifyIdToken = (token: string, nonce: string) => Promise<UserId>;

type VerifyingKey = SigningKey & { isCustom: boolean };

/** Translates jose's stable codes. */
function reasonOf(error: errors.JOSEError): string {
  switch (error.code) {
    case 'ERR_JWT_EXPIRED':
      return 'The access token has expired.';
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return 'The signature of the access token is not valid.';
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return 'The access token is signed with a key that the authority does not publish.';
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return 'The access token is not signed with RS256.';
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return 'A claim of the access token is missing, or not valid at this time.';
    default:
      return 'The access token is malformed.';
  }
}
