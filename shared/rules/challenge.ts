import { MAX_CLAIMS_LENGTH } from './failures.ts';

/**
 * The claims of a challenge in a `WWW-Authenticate` header, decoded from base64 to raw JSON: undefined for a
 * header without one, or with one that is not JSON or too long to pass on.
 * Format: https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function readClaimsChallenge(header: string | null): string | undefined {
  if (header === null || !/error="?insufficient_claims"?/i.test(header)) return undefined;
  const encoded = /(?:^|[\s,])claims="([A-Za-z0-9+/_=-]+)"/i.exec(header)?.[1];
  if (encoded === undefined || encoded.length > 2 * MAX_CLAIMS_LENGTH) return undefined;
  const claims = Buffer.from(encoded, 'base64').toString('utf8');
  return isJsonObject(claims) && claims.length <= MAX_CLAIMS_LENGTH ? claims : undefined;
}

/** The value of `claims` in our own challenge. */
export function encodeClaims(claims: string): string {
  return Buffer.from(claims, 'utf8').toString('base64');
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
