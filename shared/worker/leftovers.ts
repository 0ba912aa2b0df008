import { nameOfError } from '../log.ts';
import type { DueRow, Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';

/** So many are remembered until the run's end; the next run finds the others. */
const MAX_STRAYS = 10_000;

export type Leftovers = ReturnType<typeof createLeftovers>;

/** What a run finds and nobody needs. It is removed when everybody has been served. */
export function createLeftovers({ accounts, tenants, clock }: App, { log, signal }: Operation) {
  const strays: DueRow[] = [];
  return {
    addDueRowOfNobody(due: DueRow): void {
      if (strays.length < MAX_STRAYS) strays.push(due);
    },

    /** Removes those due rows, and the cooldowns that are over. What is left undone is found by the next run. */
    async remove(): Promise<void> {
      if (signal?.aborted) return;
      try {
        await accounts.removeDue(strays, signal);
        await tenants.removeEnded(clock.now(), signal);
      } catch (error) {
        log({ event: 'sweep.not-tidied', error: nameOfError(error) });
      }
    },
  };
}
