import { type CryptoKey, createLocalJWKSet, createRemoteJWKSet, customFetch, type JSONWebKeySet } from 'jose';
import type { Fetch } from '../../api.ts';
import type { Clock } from '../../clock.ts';

/** The shortest time between the starts of two attempts to fetch keys, whether they succeed or fail. */
export const COOLDOWN_MS = 30_000;

/** The longest time-out that Node's timers can hold: 24 days. */
const NEVER_MS = 2 ** 31 - 1;

/** Entra's key ids have 27 characters. */
const MAX_KID_LENGTH = 128;

/** True if a published key may have this id. A token may contain anything in its place. */
export const isKid = (kid: unknown): kid is string => typeof kid === 'string' && kid.length <= MAX_KID_LENGTH;

export type SigningKey = {
  key: CryptoKey;
  /** The key's `issuer`, which Entra adds to the members of RFC 7517; undefined if it has none. */
  issuer: unknown;
};

/** How keys are fetched. `timeoutMs` is the time limit of one fetch with its body. */
export type KeysOptions = { timeoutMs: number; fetch: Fetch; clock: Clock };

/** RS256 keys by their `kid`. */
export type SigningKeys = ReadonlyMap<string, SigningKey>;

/**
 * Fetches the RS256 keys of a JWK Set document (RFC 7517 §5) with jose.
 * @param options.timeoutMs the time limit of the fetch with its body, by `options.clock`
 * @throws {Error} the document cannot be fetched, or is not a JWK Set.
 */
export async function fetchKeys(uri: string, options: KeysOptions): Promise<SigningKeys> {
  const remote = createRemoteJWKSet(new URL(uri), {
    timeoutDuration: NEVER_MS,
    // The clock's signal replaces jose's, which is a timer of the platform and nothing else. `AbortSignal.any` over both would
    // never abort in Node 20 if its sources were collected as garbage first.
    [customFetch]: (url, init) =>
      options.fetch(url, { ...init, signal: options.clock.timeout(options.timeoutMs) }),
  });
  await remote.reload();
  return importKeys(remote.jwks());
}

/** Seconds from `now` until keys may be fetched again after an attempt at `attemptAt`. Used for Retry-After. */
export const secondsToNextFetch = (attemptAt: number, now: number): number =>
  Math.max(1, Math.ceil((attemptAt + COOLDOWN_MS - now) / 1_000));

async function importKeys(jwks: JSONWebKeySet | undefined): Promise<SigningKeys> {
  const keys = new Map<string, SigningKey>();
  for (const jwk of jwks?.keys ?? []) {
    if (!isKid(jwk.kid)) continue;
    const select = createLocalJWKSet({ keys: [jwk] });
    // A key that is malformed, or for another use or algorithm, is skipped, so that the other keys can be used.
    const key = await select({ alg: 'RS256', kid: jwk.kid }).catch(() => undefined);
    // RFC 7518 §3.3 demands 2,048 bits. jose refuses a shorter key only when a token is signed with it.
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
