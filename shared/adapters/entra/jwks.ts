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

/** A key set older than this is fetched again. Requests do not wait for that: they use the old set. */
const MAX_AGE_MS = 600_000;
/** How long the last fetched set is used while it cannot be fetched again. */
const MAX_STALE_MS = 86_400_000;
/** The most unknown key ids that are remembered. */
const MAX_ASKED = 1_000;

/**
 * Finds the published key that a token's header names by `kid`.
 * @throws {errors.JWKSNoMatchingKey} the authority publishes no such key.
 * @throws {UnavailableError} this is not known now, because the keys could not be fetched, or not recently enough.
 */
export type FindSigningKey = (header: JWTHeaderParameters) => Promise<SigningKey>;

/**
 * Keeps the keys that an authority publishes, and decides when to fetch them. jose's own remote key set refuses known
 * keys after 10 minutes of an outage, and while fetches fail it fetches again for every unknown `kid`.
 *
 * Anybody can name a `kid` that does not exist, and the authority may begin to use a new key at any moment. Therefore a
 * `kid` counts as unpublished only if it is missing from a fetch that began after a token had named it. Until then, which
 * takes at most 30 seconds, the error is an outage and not the caller's fault.
 * @param options.timeoutMs the time limit of one fetch with its body, and so of a request with an unknown `kid`
 */
export function createJwks(options: KeysOptions & { uri: string }): FindSigningKey {
  let published: { keys: SigningKeys; at: number } | undefined;
  let lastAttempt: { at: number; failure: unknown } | undefined;
  let flight: Promise<void> | undefined;
  /** Unknown key ids that tokens have named since the last fetch began. */
  let asked = new Set<string>();
  /** Key ids that tokens had named before the last successful fetch began. If it did not bring them, nobody has them. */
  let unpublished: ReadonlySet<string> = new Set();

  const now = (): number => options.clock.now().getTime();
  /** Also false if `at` is far in the future, because the clock was set back by more than `ms`. */
  const isWithin = (ms: number, at: number | undefined): boolean =>
    at !== undefined && Math.abs(now() - at) < ms;

  function remember(kid: string): void {
    if (asked.size < MAX_ASKED) asked.add(kid);
  }

  async function load(at: number): Promise<void> {
    // The answer may be older than a request that comes after this line, so it decides only about earlier requests.
    const decided = asked;
    asked = new Set();
    try {
      const keys = await fetchKeys(options.uri, options);
      if (keys.size === 0) throw new errors.JWKSInvalid('The JSON Web Key Set has no key for RS256');
      published = { keys, at };
      lastAttempt = { at, failure: undefined };
      unpublished = decided;
    } catch (failure) {
      lastAttempt = { at, failure };
      const later = asked;
      asked = decided;
      later.forEach(remember);
    }
  }

  /**
   * Waits for the fetch that is running. If none is running, starts one, unless the last attempt is too recent. Never
   * rejects.
   * @returns whether this call started the fetch. A fetch that began before the call cannot decide about its key id.
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
    // Entra names a key in every token. Without a valid name, no published key could match.
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
