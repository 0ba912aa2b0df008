import { UnavailableError } from '../errors.ts';
import {
  COOLDOWN_MS,
  fetchKeys,
  type SigningKey,
  type SigningKeys,
  secondsToNextFetch,
} from './fetchKeys.ts';

/**
 * The key of that id by which a tenant signs tokens for this application alone; undefined if there is none.
 * @throws {UnavailableError} that cannot be told now.
 */
export type FindCustomKey = (tid: string, kid: string) => Promise<SigningKey | undefined>;

/**
 * Keys that an application has for itself, because its claims are mapped or it speaks SAML. They are not in the
 * authority's own set (https://learn.microsoft.com/entra/identity-platform/access-tokens#validate-the-signature).
 *
 * They are for telling an operator what is wrong, so no more than that is done for them: one tenant's keys at a time,
 * fetched when a token names a key that the authority does not publish, and at most once in 30 seconds.
 * @param options.uriOf where a tenant publishes the keys of this application.
 * @param options.timeoutMs bounds one fetch, body included.
 */
export function createCustomKeys(options: {
  uriOf: (tid: string) => string;
  timeoutMs: number;
  now: () => Date;
}): FindCustomKey {
  let last: { tid: string; at: number; keys: SigningKeys | undefined; failure?: unknown } | undefined;
  let flight: Promise<void> | undefined;

  const now = (): number => options.now().getTime();
  const isCooling = (): boolean => last !== undefined && Math.abs(now() - last.at) < COOLDOWN_MS;

  async function load(tid: string, at: number): Promise<void> {
    try {
      last = { tid, at, keys: await fetchKeys(options.uriOf(tid), options.timeoutMs) };
    } catch (failure) {
      last = { tid, at, keys: undefined, failure };
    }
  }

  return async (tid, kid) => {
    if (flight === undefined && !isCooling()) {
      flight = load(tid, now()).finally(() => {
        flight = undefined;
      });
    }
    await flight;
    if (last?.tid === tid && last.keys !== undefined) return last.keys.get(kid);
    const retryAfterSeconds = secondsToNextFetch(last?.at ?? now(), now());
    throw new UnavailableError('keys', { cause: last?.failure, retryAfterSeconds });
  };
}
