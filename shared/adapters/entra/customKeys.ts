import { UnavailableError } from '../../errors.ts';
import {
  COOLDOWN_MS,
  fetchKeys,
  type KeysOptions,
  type SigningKey,
  type SigningKeys,
  secondsToNextFetch,
} from './fetchKeys.ts';

/** How many tenants' keys are kept, and so how many fetches unproven tokens can cause in 30 seconds. */
const MAX_TENANTS = 20;

/**
 * The key of that id by which a tenant signs tokens for this application alone; undefined if there is none.
 * @throws {UnavailableError} that cannot be told now.
 */
export type FindCustomKey = (tid: string, kid: string) => Promise<SigningKey | undefined>;

type Attempt = { at: number; isUnderWay: boolean; keys: Promise<SigningKeys> };

/**
 * Keys that an application has for itself, because its claims are mapped or it speaks SAML. They are not in the
 * authority's own set (https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature).
 *
 * They are for telling an operator what is wrong, so no more than that is done for them: a tenant's keys are fetched
 * when a token names a key that the authority does not publish, at most once in 30 seconds, and kept no longer. Each
 * tenant has its own 30 seconds, so that a token of one does not leave those of another undecided.
 * @param options.uriOf where a tenant publishes the keys of this application.
 * @param options.timeoutMs bounds one fetch, body included.
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

  /** The attempt that answers for that tenant now; undefined if there are too many others. */
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
