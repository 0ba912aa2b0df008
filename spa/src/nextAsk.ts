import type { Connection } from '../../shared/wire.ts';

const USUAL_MS = 30_000;
const SLOWEST_MS = 300_000;
/** What a look takes, once it is due: the worker comes by every minute. */
const AFTER_LOOK_MS = 5_000;
const SOONEST_MS = 5_000;

/** How long an open page waits before it asks again: a look that comes up is not missed, and trouble slows it down. */
export function msToNextAsk(connection: Connection | undefined, troubles: number, now: Date): number {
  if (troubles > 0) return Math.min(USUAL_MS * 2 ** (troubles - 1), SLOWEST_MS);
  const look = connection?.nextLook === undefined ? Number.NaN : Date.parse(connection.nextLook);
  const afterLook = look - now.getTime() + AFTER_LOOK_MS;
  return afterLook > 0 && afterLook < USUAL_MS ? Math.max(afterLook, SOONEST_MS) : USUAL_MS;
}
