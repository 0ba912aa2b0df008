import { type Clock, systemClock } from '../../clock.ts';
import type { BegunPlan, Cooldown, LastRun, SharedState } from '../../sharedState.ts';
import { wholeSecond } from '../wholeSecond.ts';

/**
 * What instances share, in memory.
 * @param options.clock default: the platform's
 */
export function createMemorySharedState({ clock = systemClock }: { clock?: Clock } = {}): SharedState {
  const cooldowns = new Map<string, Cooldown>();
  const begunAt: Partial<Record<'plan' | 'retiring', Date>> = {};
  let awaitedSince: Date | undefined;
  let last: LastRun = { audit: { accounts: 0, connected: 0 } };

  function begin(what: 'plan' | 'retiring', everyMs: number): BegunPlan {
    const now = clock.now();
    const before = begunAt[what];
    // A clock that was wrong may have left a time that is far ahead.
    const begun = before === undefined || Math.abs(now.getTime() - before.getTime()) >= everyMs;
    if (begun) begunAt[what] = now;
    return { begun, last: structuredClone(last) };
  }

  return {
    async cool(cooldown) {
      const { api, tenant, until } = cooldown;
      cooldowns.set(`${api}|${tenant}`, { ...cooldown, until: wholeSecond(until) });
    },
    async cooling() {
      const now = clock.now();
      return structuredClone([...cooldowns.values()].filter(({ until }) => until > now));
    },
    beginPlan: async (everyMs) => begin('plan', everyMs),
    beginRetiring: async (everyMs) => begin('retiring', everyMs),
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
      awaitedSince ??= clock.now();
      return new Date(last.ended?.at ?? begunAt.plan ?? awaitedSince);
    },
    async orderRetirement(retirement) {
      last = structuredClone({ ...last, retirement });
    },
  };
}
