import { type Clock, sleep } from '../clock.ts';

/** Spaces the requests of one run to the token endpoint, for each tenant by itself. */
export type Pace = {
  /**
   * Resolves when the tenant's next request may be sent. Each call takes one turn.
   * @throws the signal's reason, as soon as it aborts
   */
  take(tid: string, signal?: AbortSignal | undefined): Promise<void>;
};

/** Beyond it, tenants whose turn is over are forgotten. */
const REMEMBERED = 5_000;

/**
 * @param perSecond how many requests a second all parts of the run send for one tenant; 0 for as many as there are
 * @param share into how many parts the run was split. Each part keeps to its share, and knows nothing of the others.
 */
export function createPace(clock: Clock, perSecond: number, share: number): Pace {
  const everyMs = perSecond === 0 ? 0 : (1_000 * share) / perSecond;
  const freeAt = new Map<string, number>();

  function forget(now: number): void {
    if (freeAt.size <= REMEMBERED) return;
    for (const [tid, at] of freeAt) if (at <= now) freeAt.delete(tid);
  }

  return {
    async take(tid, signal) {
      if (everyMs === 0) return;
      const now = clock.elapsed();
      forget(now);
      const at = Math.max(now, freeAt.get(tid) ?? now);
      freeAt.set(tid, at + everyMs);
      if (at > now) await sleep(clock, at - now, signal);
    },
  };
}
