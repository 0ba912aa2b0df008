import { type Clock, systemClock } from '../../clock.ts';
import type { Cooldown, LastRun, SharedState } from '../../sharedState.ts';
import { wholeSecond } from '../wholeSecond.ts';

/**
 * What instances share, in memory.
 * @param options.clock default: the platform's
 */
export function createMemorySharedState({ clock = systemClock }: { clock?: Clock } = {}): SharedState {
  const cooldowns = new Map<string, Cooldown>();
  let begunAt: Date | undefined;
  let awaitedSince: Date | undefined;
  let last: LastRun = { audit: { accounts: 0, connected: 0 } };

  return {
    async cool(cooldown) {
      const { api, tenant, until } = cooldown;
      cooldowns.set(`${api}|${tenant}`, { ...cooldown, until: wholeSecond(until) });
    },
    async cooling() {
      const now = clock.now();
      return structuredClone([...cooldowns.values()].filter(({ until }) => until > now));
    },
    async beginPlan(everyMs) {
      const now = clock.now();
      // A clock that was wrong may have left a time that is far ahead.
      if (begunAt !== undefined && Math.abs(now.getTime() - begunAt.getTime()) < everyMs) {
        return { begun: false, last: structuredClone(last) };
      }
      begunAt = now;
      return { begun: true, last: structuredClone(last) };
    },
    async runEnded(summary, { audit, retired, unansweredRuns } = {}) {
      const at = clock.now();
      last = structuredClone({
        ...last,
        ended: { at, summary },
        ...(audit && { audit }),
        ...(retired && { retired }),
        ...(unansweredRuns !== undefined && { unansweredRuns }),
      });
      for (const [key, { until }] of cooldowns) if (until <= at) cooldowns.delete(key);
    },
    lastRun: async () => structuredClone(last),
    async silentSince() {
      const written = last.ended?.at ?? begunAt ?? awaitedSince ?? clock.now();
      awaitedSince ??= written;
      return new Date(written);
    },
    async orderRetirement(retirement) {
      last = structuredClone({ ...last, retirement });
    },
  };
}
