import {
  type CryptoKey,
  createLocalJWKSet,
  createRemoteJWKSet,
  errors,
  type JSONWebKeySet,
  type JWTHeaderParameters,
} from 'jose';
import { UnavailableError } from '../errors.ts';

/** A set older than this is refreshed beside the requests that it still serves. */
const MAX_AGE_MS = 600_000;
/** For how long the last good set serves while it cannot be refreshed. */
const MAX_STALE_MS = 86_400_000;
/** From the start of one attempt to the next, whatever came of it. */
const COOLDOWN_MS = 30_000;

export type SigningKey = {
  key: CryptoKey;
  /** The key's own `issuer` member, which Entra adds to RFC 7517's; undefined if it has none. */
  issuer: unknown;
};

/**
 * The published key that a token's header names by `kid`.
 * @throws {errors.JWKSNoMatchingKey} the authority publishes no such key.
 * @throws {UnavailableError} that cannot be told now: the keys cannot be had, or not anew.
 */
export type FindSigningKey = (header: JWTHeaderParameters) => Promise<SigningKey>;

/**
 * RS256 keys of a JWK Set document (RFC 7517 §5), for verifying tokens by. jose fetches and reads it; when to do so
 * is decided here, because its own remote set refuses known keys 10 minutes into an outage, and fetches for every
 * unknown `kid` for as long as fetches fail.
 * @param options.timeoutMs bounds one fetch, body included, and so how long an unknown `kid` can take.
 */
export function createJwks(options: { uri: string; timeoutMs: number; now: () => Date }): FindSigningKey {
  const remote = createRemoteJWKSet(new URL(options.uri), { timeoutDuration: options.timeoutMs });
  let published: { keys: ReadonlyMap<string, SigningKey>; at: number } | undefined;
  let lastAttempt: { at: number; failure: unknown } | undefined;
  let flight: Promise<void> | undefined;

  const now = (): number => options.now().getTime();
  /** Also false once the clock was set back by more than that: a moment far ahead bounds nothing. */
  const isWithin = (ms: number, at: number | undefined): boolean =>
    at !== undefined && Math.abs(now() - at) < ms;

  async function load(at: number): Promise<void> {
    try {
      await remote.reload();
      const keys = await importKeys(remote.jwks());
      if (keys.size === 0) throw new errors.JWKSInvalid('The JSON Web Key Set has no key for RS256');
      published = { keys, at };
      lastAttempt = { at, failure: undefined };
    } catch (failure) {
      lastAttempt = { at, failure };
    }
  }

  /** Never rejects; does nothing while the last attempt is too young. */
  async function refresh(): Promise<void> {
    if (flight === undefined && !isWithin(COOLDOWN_MS, lastAttempt?.at)) {
      flight = load(now()).finally(() => {
        flight = undefined;
      });
    }
    await flight;
  }

  const find = (kid: string): SigningKey | undefined =>
    isWithin(MAX_STALE_MS, published?.at) ? published?.keys.get(kid) : undefined;

  return async ({ kid }) => {
    // Entra names a key in every token; without a name nothing that it publishes could ever match.
    if (kid === undefined) throw new errors.JWKSNoMatchingKey();
    if (!isWithin(MAX_AGE_MS, published?.at)) void refresh();
    const known = find(kid);
    if (known !== undefined) return known;
    await refresh();
    const found = find(kid);
    if (found !== undefined) return found;
    if (lastAttempt?.failure !== undefined) {
      const retryAfterSeconds = Math.ceil((lastAttempt.at + COOLDOWN_MS - now()) / 1_000);
      throw new UnavailableError('keys', { cause: lastAttempt.failure, retryAfterSeconds });
    }
    throw new errors.JWKSNoMatchingKey();
  };
}

async function importKeys(jwks: JSONWebKeySet | undefined): Promise<ReadonlyMap<string, SigningKey>> {
  const keys = new Map<string, SigningKey>();
  for (const jwk of jwks?.keys ?? []) {
    if (typeof jwk.kid !== 'string') continue;
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
