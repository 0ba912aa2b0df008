import type { ProcessLife, Request, World } from './world.ts';

export type StoreCalls = { table: number; blob: number; failed: number };

/**
 * The most store calls of one operation if none fails. Every failed or refused call may cost two more: what was read is read
 * again, and the write is tried again.
 */
const MOST = {
  // Both cooldowns, the account, a new connection or a longer disconnection, whether it is still the same, and what the visit
  // brought; a new cooldown. Each of three exchanges reads and writes the cache, and an ended connection takes it back.
  visit: { table: 8, blob: 8, ofEach: { table: 0, blob: 0 } },
  // The last run four times, the cooldowns twice, and the index of two shards twice. For each user: pages, the account, the
  // lease, the settled account, and the audit; a cache is read twice and written,
  // or read and deleted; for another API's token it is read twice and written, too.
  run: { table: 14, blob: 0, ofEach: { table: 6, blob: 8 } },
} as const;

const CALLS_FOR_STRAY = 4;

/** Counts the store calls of operations that are alone in their process, because only these belong to one operation. */
export function createStoreBudgets(world: World, users: number) {
  const counts = new Map<ProcessLife, StoreCalls>();
  /** Entries that somebody put into the index. Each of them is read and deleted once, and perhaps put back. */
  let strayEntries = 0;

  return {
    /** The world, as the model of one store asks it. */
    watched: (store: 'table' | 'blob'): World => ({
      ...world,
      ask<T>(process: ProcessLife, request: Request<T>): Promise<T> {
        const calls = counts.get(process);
        const answer = world.ask(process, request);
        if (calls === undefined) return answer;
        calls[store] += 1;
        answer.catch(() => {
          calls.failed += 1;
        });
        return answer;
      },
    }),

    onDamage(): void {
      strayEntries += 1;
    },

    begin(process: ProcessLife, isAlone: boolean): void {
      if (isAlone) counts.set(process, { table: 0, blob: 0, failed: 0 });
      else counts.delete(process);
    },

    end(process: ProcessLife, what: string): void {
      const calls = counts.get(process);
      counts.delete(process);
      const most = what === 'run' ? MOST.run : what.startsWith('visit') ? MOST.visit : undefined;
      if (calls === undefined || most === undefined) return;
      for (const store of ['table', 'blob'] as const) {
        const allowed =
          most[store] + most.ofEach[store] * users + 2 * calls.failed + CALLS_FOR_STRAY * strayEntries;
        if (calls[store] <= allowed) continue;
        world.violated(
          `a ${what} made ${calls[store]} calls to the ${store} store, of which ${calls.failed} failed`,
        );
      }
    },
  };
}
