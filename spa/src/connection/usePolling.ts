import { useEffect } from 'react';
import type { Connection } from '../../../shared/wire.ts';

const USUAL_MS = 30_000;
const SLOWEST_MS = 300_000;
/** How long the worker may take to begin a check that is due, and to finish it. */
const AFTER_CHECK_MS = 5_000;
const SOONEST_MS = 5_000;

/**
 * Reads the connection again and again, but only while the page is visible. It reads at once when the person comes
 * back to the tab or the network comes back.
 * @param refresh keeps its identity as long as it reads the same connection
 * @param connection the last answer; a new object for each answer, because each answer starts the wait anew
 * @param failures how many reads have failed since the last answer
 */
export function usePolling(
  refresh: () => unknown,
  connection: Connection | undefined,
  failures: number,
): void {
  useEffect(() => {
    // The first read is still under way.
    if (connection === undefined && failures === 0) return undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const plan = () => {
      clearTimeout(timer);
      if (document.visibilityState === 'hidden') return;
      timer = setTimeout(refresh, msToNextRead(connection, failures, new Date()));
    };
    const onVisible = () => {
      if (document.visibilityState === 'visible') refresh();
      plan();
    };
    plan();
    document.addEventListener('visibilitychange', onVisible);
    addEventListener('online', onVisible);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', onVisible);
      removeEventListener('online', onVisible);
    };
  }, [refresh, connection, failures]);
}

/**
 * How long an open page waits before it reads the connection again: shortly after the next check if that comes soon,
 * and longer after each failure.
 */
export function msToNextRead(connection: Connection | undefined, failures: number, now: Date): number {
  if (failures > 0) return Math.min(USUAL_MS * 2 ** (failures - 1), SLOWEST_MS);
  const nextCheck = connection?.nextCheckAt === undefined ? Number.NaN : Date.parse(connection.nextCheckAt);
  const afterCheck = nextCheck - now.getTime() + AFTER_CHECK_MS;
  return afterCheck > 0 && afterCheck < USUAL_MS ? Math.max(afterCheck, SOONEST_MS) : USUAL_MS;
}
