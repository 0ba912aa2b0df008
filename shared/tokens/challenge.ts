import { isRecord } from '../isRecord.ts';

/**
 * The longest claims challenge, in bytes, in both forms that are sent: base64 in a header, and percent-encoded in the URL
 * of a sign-in. Node and others refuse requests and responses whose headers are longer than 16 kB together, and other
 * headers need room, too.
 */
export const MAX_SENT_CLAIMS_BYTES = 8_192;

/** MSAL adds the client's capabilities and other claims to these members, so each of them must be an object. */
const SECTIONS = ['access_token', 'id_token'] as const;

/**
 * Checks a claims challenge (OpenID Connect Core §5.5) from Entra, an API or a stored row. A challenge that MSAL or a
 * caller cannot read would lock the user out, so such a challenge is ignored.
 * @returns the challenge as raw JSON; undefined if it cannot be passed on
 */
export function readClaims(claims: unknown): string | undefined {
  if (typeof claims !== 'string' || !claims.isWellFormed()) return undefined;
  // The raw text is never longer than the forms that are sent, so a longer text need not be parsed.
  if (claims.length > MAX_SENT_CLAIMS_BYTES) return undefined;
  return isClaims(parsed(claims)) && sentBytesOf(claims) <= MAX_SENT_CLAIMS_BYTES ? claims : undefined;
}

/**
 * Reads the claims challenge of a `WWW-Authenticate` header
 * (https://learn.microsoft.com/entra/identity-platform/claims-challenge).
 * @returns the challenge as raw JSON; undefined if the header has none, or one that cannot be passed on
 */
export function readClaimsChallenge(header: string | null): string | undefined {
  if (header === null || !/error="?insufficient_claims"?/i.test(header)) return undefined;
  const encoded = /(?:^|[\s,])claims="([A-Za-z0-9+/_=-]+)"/i.exec(header)?.[1];
  if (encoded === undefined || encoded.length > MAX_SENT_CLAIMS_BYTES) return undefined;
  return readClaims(Buffer.from(encoded, 'base64').toString('utf8'));
}

/**
 * The value of `claims` in our own challenge.
 * @param claims a result of {@link readClaims}, so that the value has at most {@link MAX_SENT_CLAIMS_BYTES}
 */
export function encodeClaims(claims: string): string {
  return Buffer.from(claims, 'utf8').toString('base64');
}

const sentBytesOf = (claims: string): number =>
  Math.max(encodeClaims(claims).length, encodeURIComponent(claims).length);

/** Undefined if the text is not JSON, nests too deep, or has a member that other readers use as a prototype. */
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
