import { type CryptoKey, createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet } from 'jose';
import type { Clock } from '../../clock.ts';
import type { Fetch } from '../../ports.ts';

/** From the start of one attempt to fetch keys to the next, whatever came of it. */
export const COOLDOWN_MS = 30_000;

/** Entra's names of keys have 27 characters. */
const MAX_KID_LENGTH = 128;

/** Whether a published key may have this name; a token may have anything for one. */
export const isKid = (kid: unknown): kid is string => typeof kid === 'string' && kid.length <= MAX_KID_LENGTH;

export type SigningKey = {
  key: CryptoKey;
  /** The key's own `issuer` member, which Entra adds to RFC 7517's; undefined if it has none. */
  issuer: unknown;
};

/** How keys are fetched. `timeoutMs` bounds one fetch, body included. */
export type KeysOptions = { timeoutMs: number; fetch: Fetch; clock: Clock };

/** RS256 keys by their `kid`. */
export type SigningKeys = ReadonlyMap<string, SigningKey>;

/**
 * RS256 keys of a JWK Set document (RFC 7517 §5), for verifying tokens by; jose fetches and reads it.
 * @param options.timeoutMs bounds the fetch, body included.
 * @throws {Error} it cannot be had, or is no such document.
 */
export async function fetchKeys(uri: string, options: KeysOptions): Promise<SigningKeys> {
  const remote = createRemoteJWKSet(new URL(uri), {
    timeoutDuration: options.timeoutMs,
    [customFetch]: options.fetch,
  });
  await remote.reload();
  return importKeys(remote.jwks());
}

/** Seconds until keys may be fetched again after an attempt at that moment, for a Retry-After. */
export const secondsToNextFetch = (attemptAt: number, now: number): number =>
  Math.max(1, Math.ceil((attemptAt + COOLDOWN_MS - now) / 1_000));

async function importKeys(jwks: JSONWebKeySet | undefined): Promise<SigningKeys> {
  const keys = new Map<string, SigningKey>();
  for (const jwk of jwks?.keys ?? []) {
    if (!isKid(jwk.kid)) continue;
    const select = createLocalJWKSet({ keys: [jwk] });
    // One key that is malformed, or for another use or algorithm, does not spoil the others.
    const key = await select({ alg: 'RS256', kid: jwk.kid }).catch(() => undefined);
    // RFC 7518 §3.3; jose would refuse a shorter one only when a token is signed with it.
    if (key !== undefined && modulusLengthOf(key) >= 2_048)
      keys.set(jwk.kid, { key, issuer: 'issuer' in jwk ? jwk.issuer : undefined });
  }
  return keys;
}

function modulusLengthOf({ algorithm }: CryptoKey): number {
  return 'modulusLength' in algorithm && typeof algorithm.modulusLength === 'number'
    ? algorithm.modulusLength
    : 0;
}
