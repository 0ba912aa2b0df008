import type { Operator } from '../../../ops/operator.ts';
import type { AccountStore } from '../../../shared/accountStore.ts';
import { createOperators } from '../../../shared/operators/operators.ts';
import type { TokenCacheStore } from '../../../shared/tokenCacheStore.ts';
import { clockOf } from '../../support/clockOf.ts';
import { createTestApp } from '../../support/testApp.ts';

export const NOW = new Date('2026-11-20T09:00:00Z');

/** An operator over empty in-memory stores, and what the operator was told. */
export function operatorOverTwins(stores: { accounts?: AccountStore; tokenCache?: TokenCacheStore } = {}) {
  const printed: string[] = [];
  const told: string[] = [];
  const services = createTestApp({ clock: clockOf(() => NOW), ...stores });
  const operator: Operator = {
    ...createOperators(services),
    print: async (line) => void printed.push(line),
    tell: (line) => void told.push(line),
  };
  const { accounts, tokenCache, sharedState, logId, clock, schedule } = services;
  return { accounts, tokenCache, sharedState, logId, clock, schedule, operator, printed, told };
}

/** A store in which somebody else is faster, so many times: `meddle` runs before an update. */
export function meddledAccounts(
  accounts: AccountStore,
  meddle: () => Promise<unknown>,
  times: number,
): AccountStore {
  let left = times;
  return {
    ...accounts,
    async update(from, to) {
      if (left > 0) await meddle();
      left -= 1;
      return accounts.update(from, to);
    },
  };
}
