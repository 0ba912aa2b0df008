import type { Person } from './entraTypes.ts';
import { dueAtOf, type Facts, isConnected, timeOf } from './facts.ts';
import type { Begun, Operations } from './operations.ts';
import type { Columns } from './tableModel.ts';
import { pauseOf } from './wishInvariants.ts';
import type { World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;

/** What was asked for and answered as done is done. Only what was alone with the account is looked at: others may have changed it. */
export function createFulfilmentInvariants(world: World, facts: Facts, operations: Operations) {
  const { connect, of, rowOf, forbid } = facts;

  const isDue = (row: Columns | undefined): boolean =>
    row !== undefined && dueAtOf(row) <= world.now() + CLOCKS_MAY_DIFFER_MS;

  /** What is wrong after an operation that ended well; undefined if nothing is. */
  function wrongAfter({ kind, begunAt }: Begun, row: Columns | undefined, until: Date | undefined) {
    switch (kind) {
      case 'disconnect':
        // Of whoever was never there, nothing is kept if users are asked first.
        if (row === undefined && connect === 'ask') return undefined;
        return row?.state === 'disconnected' ? undefined : 'has disconnected, and it was not done';
      case 'reconnect':
        return isConnected(row?.state) ? undefined : 'was connected again, and it was not done';
      case 'pause':
        return pauseOf(row) === until?.getTime() ? undefined : 'has paused their tasks, and it was not done';
      case 'resume':
        return pauseOf(row) > 0 ? 'has ended the pause, and it was not done' : undefined;
      case 'wake': {
        const isWoken = (timeOf(row?.wokenAt) ?? 0) >= begunAt - CLOCKS_MAY_DIFFER_MS;
        return isWoken && isDue(row) ? undefined : 'was woken, and it was not done';
      }
      case 'retire':
        return row === undefined || row.state === 'retired' ? undefined : 'was retired, and it was not done';
      case 'retry':
      case 'retry-by-force':
        return isDue(row) && row?.state !== 'needs-user'
          ? undefined
          : 'was to be retried, and it was not done';
      default:
        return undefined;
    }
  }

  return {
    /** An operation has ended well, and has said that it did what it was asked for. @param until of a pause */
    onFulfilled(begun: Begun, person: Person, until?: Date): void {
      if (!operations.wasAlone(begun, person) || of(person).damagedAt >= begun.begunAt) return;
      const wrong = wrongAfter(begun, rowOf(person), until);
      forbid(wrong !== undefined, `${person.name} ${wrong}`);
    },
  };
}
