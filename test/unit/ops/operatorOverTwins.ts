import type { Operator } from '../../../ops/operator.ts';
import { createMemoryAccountStore } from '../../../shared/adapters/memory/memoryAccountStore.ts';
import { createMemoryTenantStore } from '../../../shared/adapters/memory/memoryTenantStore.ts';
import { createMemoryTokenCacheStore } from '../../../shared/adapters/memory/memoryTokenCacheStore.ts';
import type { AccountStore, TokenCacheStore } from '../../../shared/ports.ts';
import { createLogId } from '../../../shared/userId.ts';
import { clockOf } from '../../support/clockOf.ts';

export const NOW = new Date('2026-11-20T09:00:00Z');

/** An operator over empty in-memory stores, and what the operator was told. */
export function operatorOverTwins(stores: { accounts?: AccountStore; tokenCache?: TokenCacheStore } = {}) {
  const printed: string[] = [];
  const told: string[] = [];
  const operator: Operator = {
    accounts: createMemoryAccountStore(),
    tokenCache: createMemoryTokenCacheStore(),
    ...stores,
    tenants: createMemoryTenantStore(),
    logId: createLogId(new Uint8Array(32)),
    schedule: { idleForMs: 60_000, minIntervalMs: 300_000, everyRun: false, retentionMs: 90 * 86_400_000 },
    clock: clockOf(() => NOW),
    print: async (line) => void printed.push(line),
    tell: (line) => void told.push(line),
  };
  return { ...operator, operator, printed, told };
}

/** A store in which somebody else is faster, so many times: `meddle` runs before a move. */
export function meddledAccounts(
  accounts: AccountStore,
  meddle: () => Promise<unknown>,
  times: number,
): AccountStore {
  let left = times;
  return {
    ...accounts,
    async move(from, to) {
      if (left > 0) await meddle();
      left -= 1;
      return accounts.move(from, to);
    },
  };
}
