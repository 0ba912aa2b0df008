import type { Person } from './entraTypes.ts';
import { dueAtOf, type Facts, isConnected, isDamaged, isTombstone, timeOf } from './facts.ts';
import type { Operations } from './operations.ts';
import type { Columns } from './tableModel.ts';
import type { World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
const WOKEN_EVERY_MS = 60_000;

/** Until when the user's tasks rest, as it is stored for this connection; earlier than any time if they do not. */
export function pauseOf(row: Columns | undefined): number {
  const pause = JSON.parse(String(row?.pause || 'null')) as { generation: string; until: string } | null;
  return pause !== null && pause.generation === row?.generation
    ? Date.parse(pause.until)
    : Number.NEGATIVE_INFINITY;
}

/** What users have asked for holds: nothing is kept of whoever has not asked for it, and only they end their pause. */
export function createWishInvariants(
  world: World,
  facts: Facts,
  operations: Operations,
  count: (change: string) => void,
) {
  const { connect, forbid } = facts;

  const asked = (person: Person, ...kinds: string[]): boolean =>
    operations
      .concerning(person, world.askedAt(), world.now())
      .some(({ kind, person: of }) => of === person && kinds.includes(kind));

  /** Who is woken is due now, and not again within a minute, whoever asks for it. */
  function onWoken({ name }: Person, before: Columns, after: Columns): void {
    const [was, is] = [timeOf(before.wokenAt), timeOf(after.wokenAt)];
    if (is === undefined || was === is) return;
    count('woken');
    forbid(dueAtOf(after) > world.now() + CLOCKS_MAY_DIFFER_MS, `${name} was woken, and is not due`);
    forbid(was !== undefined && is > was && is - was < WOKEN_EVERY_MS, `${name} was woken again at once`);
  }

  return {
    onStored(person: Person, before: Columns | undefined, after: Columns): void {
      const { name } = person;
      const wasThere = before !== undefined && (isDamaged(before) || isConnected(before.state));
      const wasDamagedEnd = isDamaged(before) && isTombstone(before?.state);
      const begins = before === undefined || (isConnected(after.state) && (!wasThere || wasDamagedEnd));
      forbid(
        connect === 'ask' && begins && !asked(person, 'reconnect'),
        `something is kept of ${name}, who has not asked for it`,
      );
      if (before === undefined || before.generation !== after.generation) {
        forbid(
          isConnected(after.state) && pauseOf(after) > 0,
          `a new connection of ${name} begins with a pause`,
        );
        return;
      }
      const [was, is] = [pauseOf(before), pauseOf(after)];
      if (was !== is) count(is > 0 ? 'paused' : 'resumed');
      onWoken(person, before, after);
      forbid(
        was !== is &&
          isConnected(after.state) &&
          was > world.now() + CLOCKS_MAY_DIFFER_MS &&
          !asked(person, 'pause', 'resume'),
        `the pause of ${name} was lost`,
      );
    },

    onCacheStored(person: Person, generations: readonly string[]): void {
      forbid(
        connect === 'ask' && generations.length === 0,
        `a secret is kept of ${person.name}, who has not asked for it`,
      );
    },
  };
}
