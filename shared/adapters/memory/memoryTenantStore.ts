import type { Cooldown, TenantStore } from '../../ports.ts';
import { wholeSecond } from '../../userId.ts';

/** A store of cooldowns in memory. */
export function createMemoryTenantStore(): TenantStore {
  const cooldowns = new Map<string, Cooldown>();
  return {
    async cool(cooldown) {
      const { api, tenant, until } = cooldown;
      cooldowns.set(`${api}|${tenant}`, { ...cooldown, until: wholeSecond(until) });
    },
    async cooling(now) {
      return [...cooldowns.values()].filter(({ until }) => until > now);
    },
    async removeEnded(now) {
      for (const [key, { until }] of cooldowns) if (until <= now) cooldowns.delete(key);
    },
  };
}
