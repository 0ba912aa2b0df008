import { errors, jwtVerify } from 'jose';
import { TokenInvalidError } from '../errors.ts';
import type { VerifyAccessToken } from '../ports.ts';
import {
  type AccessTokenRules,
  checkAccessToken,
  checkKeyIssuer,
  isCompactJws,
} from '../rules/accessToken.ts';
import { toUserId } from '../userId.ts';
import { createJwks } from './jwks.ts';

const CLOCK_TOLERANCE_SECONDS = 60;
/** Far above what Entra issues; a longer one is refused before anything is parsed. */
const MAX_TOKEN_LENGTH = 16_384;

/**
 * Verifies bearer JWTs of Entra ID with jose against the keys its authority publishes.
 * @param options.jwksUri where: a tenant's own document vouches for that tenant alone, `organizations` for any.
 * @param options.timeoutMs bounds one fetch of the keys.
 */
export function createVerifyToken(options: {
  jwksUri: string;
  rules: AccessTokenRules;
  timeoutMs: number;
  now?: () => Date;
}): VerifyAccessToken {
  const { rules, now = () => new Date() } = options;
  const findSigningKey = createJwks({ uri: options.jwksUri, timeoutMs: options.timeoutMs, now });

  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) throw new TokenInvalidError('The access token is too long.');
    if (!isCompactJws(token)) throw new TokenInvalidError('The access token is malformed.');
    const { payload, keyIssuer } = await verify(token);
    const { tid, oid, userPrincipalName } = checkAccessToken(payload, rules);
    checkKeyIssuer(keyIssuer, tid, rules);
    const expiresOn = new Date((payload.exp ?? 0) * 1_000);
    if (Number.isNaN(expiresOn.getTime()))
      throw new TokenInvalidError('The access token ends at no point in time.');
    return { userId: toUserId({ tid, oid }), tid, oid, userPrincipalName, expiresOn, assertion: token };
  };

  async function verify(token: string) {
    let keyIssuer: unknown;
    try {
      const { payload } = await jwtVerify(
        token,
        async (header) => {
          const { key, issuer } = await findSigningKey(header);
          keyIssuer = issuer;
          return key;
        },
        {
          algorithms: ['RS256'],
          clockTolerance: CLOCK_TOLERANCE_SECONDS,
          currentDate: now(),
          requiredClaims: ['exp', 'iss', 'aud', 'tid', 'oid'],
        },
      );
      return { payload, keyIssuer };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      throw new TokenInvalidError(reasonOf(error));
    }
  }
}

/** jose's messages name claims, never values; its codes are stable. */
function reasonOf(error: errors.JOSEError): string {
  switch (error.code) {
    case 'ERR_JWT_EXPIRED':
      return 'The access token has expired.';
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return 'The signature of the access token is not valid.';
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return 'The access token is signed with a key the authority does not publish.';
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return 'The access token is not signed with RS256.';
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return 'A claim of the access token is missing or outside its lifetime.';
    default:
      return 'The access token is malformed.';
  }
}
