import { nameOfError } from '../log.ts';
import type { DueRow, Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';

/** The most due rows that one run remembers until its end. The next run finds the others. */
const MAX_STRAYS = 10_000;

export type Leftovers = ReturnType<typeof createLeftovers>;

/** Collects rows that a run finds and nobody needs. The run removes them after its last check. */
export function createLeftovers({ accounts, tenants, clock }: App, { log, signal }: Operation) {
  const strays: DueRow[] = [];
  return {
    addDueRowOfNobody(due: DueRow): void {
      if (strays.length < MAX_STRAYS) strays.push(due);
    },

    /** Removes those due rows, and the cooldowns that have ended. The next run finds what this one could not remove. */
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
