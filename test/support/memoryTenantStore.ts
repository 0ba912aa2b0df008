import type { TenantStore } from '../../shared/ports.ts';
import { wholeSecond } from '../../shared/userId.ts';

/** The in-memory twin of the tenants' rows. */
export function createMemoryTenantStore(): TenantStore {
  const tenants = new Map<string, Date>();
  return {
    async cool(tid, until) {
      tenants.set(tid, wholeSecond(until));
    },
    async cooling(now) {
      return new Map([...tenants].filter(([, until]) => until > now));
    },
    async forgetEnded(now) {
      for (const [tid, until] of tenants) if (until <= now) tenants.delete(tid);
    },
  };
}
