import type { Clock } from '../clock.ts';

export type IssuedToken = { token: string; expiresOn: Date };

/** MSAL, too, takes a token as expired in its last five minutes. */
const MARGIN_MS = 300_000;
const RETRY_AFTER_MS = 60_000;

/**
 * Remembers a token that all operations use. Requests at the same time share one. In the second half of the token's life a
 * new one is requested while the old one is still used, so an outage of its issuer shorter than that half is not noticed.
 * @param request gets a new token; it must have a time-out
 * @returns gets the token. It rejects with the error of `request`, if there is no token that is good for five more minutes.
 */
export function createTokenMemo(clock: Clock, request: () => Promise<IssuedToken>): () => Promise<string> {
  let kept: { token: string; endsAt: number; renewAt: number } | undefined;
  let asking: Promise<string> | undefined;

  async function ask(): Promise<string> {
    const { token, expiresOn } = await request();
    const [now, endsAt] = [clock.now().getTime(), expiresOn.getTime()];
    kept = { token, endsAt, renewAt: now + (endsAt - now) / 2 };
    return token;
  }

  function askOnce(): Promise<string> {
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  }

  return async () => {
    const now = clock.now().getTime();
    if (kept === undefined || kept.endsAt - now <= MARGIN_MS) return askOnce();
    if (now >= kept.renewAt) {
      kept.renewAt = now + RETRY_AFTER_MS;
      // It is asked for again in a minute if this fails.
      askOnce().catch(() => undefined);
    }
    return kept.token;
  };
}
