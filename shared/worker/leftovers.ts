import { type Log, nameOfError } from '../log.ts';
import type { AccountStore, DueRow, TenantStore } from '../ports.ts';

export type LeftoversDeps = { accounts: AccountStore; tenants: TenantStore; log: Log; now: () => Date };

/** So many are remembered until the run's end; the next run finds the others. */
const MAX_STRAYS = 10_000;

/** What a run finds and nobody needs: it is removed when everybody has been served. */
export function createLeftovers({ accounts, tenants, log, now }: LeftoversDeps, signal: AbortSignal) {
  const strays: DueRow[] = [];
  return {
    addDueRowOfNobody(due: DueRow): void {
      if (strays.length < MAX_STRAYS) strays.push(due);
    },

    /** Removes those due rows, and the cooldowns that are over. What is left undone is found by the next run. */
    async remove(): Promise<void> {
      if (signal.aborted) return;
      try {
        await accounts.removeDue(strays, signal);
        await tenants.forgetEnded(now(), signal);
      } catch (error) {
        log({ event: 'sweep.not-tidied', error: nameOfError(error) });
      }
    },
  };
}
