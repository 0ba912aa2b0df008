import { isRecord } from '../isRecord.ts';

/**
 * The most characters that a claims challenge may have in either form in which it is sent: as base64 in a header, and
 * percent-encoded in the address of a sign-in. Both are ASCII, so these are bytes. Node and others refuse headers of
 * more than 16 kB altogether, and something else has to fit in, too.
 */
export const MAX_SENT_CLAIMS_BYTES = 8_192;

/** Members in which MSAL writes the client's capabilities and other claims, so that nothing but an object will do. */
const SECTIONS = ['access_token', 'id_token'] as const;

/**
 * A claims challenge (OpenID Connect Core §5.5) as raw JSON, from wherever it came; undefined if it is none that can
 * be passed on. Everything that a directory, an API or a row calls a challenge goes through here, because one that
 * MSAL or a caller cannot read would lock its user out.
 */
export function readClaims(claims: unknown): string | undefined {
  if (typeof claims !== 'string' || !claims.isWellFormed()) return undefined;
  // The raw text is never longer than what it is sent as: nothing longer is parsed.
  if (claims.length > MAX_SENT_CLAIMS_BYTES) return undefined;
  return isClaims(parsed(claims)) && sentBytesOf(claims) <= MAX_SENT_CLAIMS_BYTES ? claims : undefined;
}

/**
 * The claims of a challenge in a `WWW-Authenticate` header, decoded from base64 to raw JSON: undefined for a
 * header without one, or with one that cannot be passed on.
 * Format: https://learn.microsoft.com/entra/identity-platform/claims-challenge
 */
export function readClaimsChallenge(header: string | null): string | undefined {
  if (header === null || !/error="?insufficient_claims"?/i.test(header)) return undefined;
  const encoded = /(?:^|[\s,])claims="([A-Za-z0-9+/_=-]+)"/i.exec(header)?.[1];
  if (encoded === undefined || encoded.length > MAX_SENT_CLAIMS_BYTES) return undefined;
  return readClaims(Buffer.from(encoded, 'base64').toString('utf8'));
}

/** The value of `claims` in our own challenge: at most {@link MAX_SENT_CLAIMS_BYTES} of what {@link readClaims} gave. */
export function encodeClaims(claims: string): string {
  return Buffer.from(claims, 'utf8').toString('base64');
}

const sentBytesOf = (claims: string): number =>
  Math.max(encodeClaims(claims).length, encodeURIComponent(claims).length);

/** Undefined for what is no JSON, nests too deep, or has a member that other readers take for a prototype. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text, (name, value: unknown) => {
      if (name === '__proto__') throw new TypeError('A member is called __proto__.');
      return value;
    });
  } catch {
    return undefined;
  }
}

function isClaims(value: unknown): boolean {
  if (!isRecord(value)) return false;
  return SECTIONS.every((section) => !Object.hasOwn(value, section) || isRecord(value[section]));
}
