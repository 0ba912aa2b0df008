import { UnavailableError } from '../../errors.ts';
import {
  COOLDOWN_MS,
  fetchKeys,
  type KeysOptions,
  type SigningKey,
  type SigningKeys,
  secondsToNextFetch,
} from './fetchKeys.ts';

/** How many tenants' keys are kept. It also limits how many fetches unverified tokens can cause in 30 seconds. */
const MAX_TENANTS = 20;

/**
 * Finds the key with this id that a tenant uses only for tokens of this application; undefined if there is none.
 * @throws {UnavailableError} the keys cannot be fetched now.
 */
export type FindCustomKey = (tid: string, kid: string) => Promise<SigningKey | undefined>;

type Attempt = { at: number; isUnderWay: boolean; keys: Promise<SigningKeys> };

/**
 * Finds keys that belong to one application, because it has claims mapping or uses SAML. The authority's key set does not
 * contain them (https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature).
 *
 * Stead needs them only to tell an operator what is wrong. Therefore a tenant's keys are fetched only when a token names
 * a key that the authority does not publish. They are fetched at most once in 30 seconds, and kept no longer. Each tenant
 * has its own 30 seconds, so that tokens of one tenant do not delay those of another.
 * @param options.uriOf the URL at which a tenant publishes the keys of this application
 * @param options.timeoutMs the time limit of one fetch with its body
 */
export function createCustomKeys(options: KeysOptions & { uriOf: (tid: string) => string }): FindCustomKey {
  const attempts = new Map<string, Attempt>();

  const now = (): number => options.clock.now().getTime();

  function start(tid: string): Attempt {
    const attempt: Attempt = {
      at: now(),
      isUnderWay: true,
      keys: fetchKeys(options.uriOf(tid), options).finally(() => {
        attempt.isUnderWay = false;
      }),
    };
    attempts.set(tid, attempt);
    return attempt;
  }

  /** The current attempt for that tenant; undefined if there are too many attempts for other tenants. */
  function attemptFor(tid: string): Attempt | undefined {
    for (const [of, { at, isUnderWay }] of attempts) {
      if (!isUnderWay && Math.abs(now() - at) >= COOLDOWN_MS) attempts.delete(of);
    }
    return attempts.get(tid) ?? (attempts.size < MAX_TENANTS ? start(tid) : undefined);
  }

  const unavailable = (attemptAt: number, cause?: unknown): UnavailableError =>
    new UnavailableError('keys', { cause, retryAfterSeconds: secondsToNextFetch(attemptAt, now()) });

  return async (tid, kid) => {
    const attempt = attemptFor(tid);
    if (attempt === undefined) throw unavailable(Math.min(...[...attempts.values()].map(({ at }) => at)));
    const keys = await attempt.keys.catch((failure: unknown) => {
      throw unavailable(attempt.at, failure);
    });
    return keys.get(kid);
  };
}
