import { errors, type JWTHeaderParameters } from 'jose';
import { UnavailableError } from '../../errors.ts';
import {
  COOLDOWN_MS,
  fetchKeys,
  isKid,
  type KeysOptions,
  type SigningKey,
  type SigningKeys,
  secondsToNextFetch,
} from './fetchKeys.ts';

/** A set older than this is refreshed beside the requests that it still serves. */
const MAX_AGE_MS = 600_000;
/** For how long the last good set serves while it cannot be refreshed. */
const MAX_STALE_MS = 86_400_000;
/** How many unknown key ids are remembered at a time. */
const MAX_ASKED = 1_000;

/**
 * The published key that a token's header names by `kid`.
 * @throws {errors.JWKSNoMatchingKey} the authority publishes no such key.
 * @throws {UnavailableError} that cannot be told now: the keys cannot be had, or not anew.
 */
export type FindSigningKey = (header: JWTHeaderParameters) => Promise<SigningKey>;

/**
 * The keys that an authority publishes. When to fetch them is decided here, because jose's own remote set refuses known
 * keys 10 minutes into an outage, and fetches for every unknown `kid` for as long as fetches fail.
 *
 * Anybody can name a `kid` that does not exist, and the authority can begin to sign with a new key at any moment. So a
 * `kid` counts as unknown only by a fetch that began after somebody had asked for it. Until then, which takes
 * 30 seconds at most, it cannot be told, and is not the caller's fault.
 * @param options.timeoutMs bounds one fetch, body included, and so how long an unknown `kid` can take.
 */
export function createJwks(options: KeysOptions & { uri: string }): FindSigningKey {
  let published: { keys: SigningKeys; at: number } | undefined;
  let lastAttempt: { at: number; failure: unknown } | undefined;
  let flight: Promise<void> | undefined;
  /** What was asked for in vain since the last fetch began; and what had been before a good one began, which judges it. */
  let asked = new Set<string>();
  let unpublished: ReadonlySet<string> = new Set();

  const now = (): number => options.clock.now().getTime();
  /** Also false once the clock was set back by more than that: a moment far ahead bounds nothing. */
  const isWithin = (ms: number, at: number | undefined): boolean =>
    at !== undefined && Math.abs(now() - at) < ms;

  function remember(kid: string): void {
    if (asked.size < MAX_ASKED) asked.add(kid);
  }

  async function load(at: number): Promise<void> {
    // The answer may be composed as soon as it is requested, so it tells nothing of what is asked for from here on.
    const judged = asked;
    asked = new Set();
    try {
      const keys = await fetchKeys(options.uri, options);
      if (keys.size === 0) throw new errors.JWKSInvalid('The JSON Web Key Set has no key for RS256');
      published = { keys, at };
      lastAttempt = { at, failure: undefined };
      unpublished = judged;
    } catch (failure) {
      lastAttempt = { at, failure };
      const later = asked;
      asked = judged;
      later.forEach(remember);
    }
  }

  /**
   * Waits for the fetch that is under way, or for one that it starts unless the last attempt is too young. Never rejects.
   * @returns whether this call started it: any other began before the call, and cannot judge what the call asks for.
   */
  async function refresh(): Promise<boolean> {
    const isStarting = flight === undefined && !isWithin(COOLDOWN_MS, lastAttempt?.at);
    if (isStarting) {
      flight = load(now()).finally(() => {
        flight = undefined;
      });
    }
    await flight;
    return isStarting;
  }

  const find = (kid: string): SigningKey | undefined =>
    isWithin(MAX_STALE_MS, published?.at) ? published?.keys.get(kid) : undefined;

  return async ({ kid }) => {
    // Entra names a key in every token; without a name nothing that it publishes could ever match.
    if (!isKid(kid)) throw new errors.JWKSNoMatchingKey();
    const known = find(kid);
    if (known !== undefined) {
      if (!isWithin(MAX_AGE_MS, published?.at)) void refresh();
      return known;
    }
    remember(kid);
    const isFresh = await refresh();
    const found = find(kid);
    if (found !== undefined) return found;
    const failure = lastAttempt?.failure;
    if (failure === undefined && (isFresh || unpublished.has(kid))) throw new errors.JWKSNoMatchingKey();
    const retryAfterSeconds = secondsToNextFetch(lastAttempt?.at ?? now(), now());
    throw new UnavailableError('keys', { cause: failure, retryAfterSeconds });
  };
}
