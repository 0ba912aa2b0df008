import type { Clock } from '../clock.ts';

export type IssuedToken = { token: string; expiresOn: Date };

/** `renewOn`: from then on a newer token is requested. */
export type RememberedToken = IssuedToken & { renewOn: Date };

const RETRY_AFTER_MS = 60_000;

/**
 * Remembers a token that all operations use. Requests at the same time share one. In the second half of the token's life a
 * new one is requested while the old one is still used, so an outage of its issuer shorter than that half is not noticed.
 * @param request gets a new token; it must have a time-out
 * @param unusedMs how long before its end a token is used no more, in milliseconds
 * @returns gets the token. It rejects with the error of `request`, if there is no token that is still used.
 */
export function createTokenMemo(
  clock: Clock,
  request: () => Promise<IssuedToken>,
  unusedMs: number,
): () => Promise<RememberedToken> {
  let kept: RememberedToken | undefined;
  let asking: Promise<RememberedToken> | undefined;

  async function ask(): Promise<RememberedToken> {
    const { token, expiresOn } = await request();
    const now = clock.now().getTime();
    kept = { token, expiresOn, renewOn: new Date(now + (expiresOn.getTime() - now) / 2) };
    return kept;
  }

  function askOnce(): Promise<RememberedToken> {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  return async () => {
    const now = clock.now();
    if (kept === undefined || kept.expiresOn.getTime() - now.getTime() <= unusedMs) return askOnce();
    if (now >= kept.renewOn) {
      kept = { ...kept, renewOn: new Date(now.getTime() + RETRY_AFTER_MS) };
      // It is asked for again in a minute if this fails.
      askOnce().catch(() => undefined);
    }
    return kept;
  };
}
