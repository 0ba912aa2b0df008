import { DAY } from './durations.ts';
import type { Person } from './entraTypes.ts';
import { type Facts, isTombstone } from './facts.ts';
import type { Columns } from './tableModel.ts';
import type { World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
const TOMBSTONE_MS = 2 * DAY;
/** Of fewer than 400 users. */
const MOST_RETIRED_A_DAY = 20;

/** Nobody is retired or erased too early, or for a wrong reason, and nothing of the person is left. */
export function createEndInvariants(world: World, { of, retentionMs, forbid }: Facts) {
  /** When runs retired somebody, in the last day. */
  let retiredAt: number[] = [];

  function onEnded(person: Person, before: Columns | undefined, after: Columns, wasDamaged: boolean): void {
    const { name } = person;
    const kept = [
      'generation',
      'history',
      'accountIdentifier',
      'userPrincipalName',
      'failure',
      'memory',
      'checks',
      'pause',
      'notice',
      'wokenAt',
      'link',
      'grant',
      'refreshTokenExpiresOn',
    ];
    forbid(
      kept.some((column) => column in after),
      `the tombstone of ${name} has something of the person`,
    );
    if (after.state !== 'retired' || before?.state === 'retired' || of(person).retireOrdered) return;
    forbid(wasDamaged, `${name} was retired because of a damaged row`);
    retiredAt = [...retiredAt.filter((at) => at > world.now() - DAY), world.now()];
    forbid(
      retiredAt.length > MOST_RETIRED_A_DAY,
      `more than ${MOST_RETIRED_A_DAY} users were retired in one day`,
    );
    const sinceMs = world.now() - of(person).lastSeenAt;
    forbid(
      sinceMs < retentionMs - CLOCKS_MAY_DIFFER_MS,
      `${name} was retired, and was here ${Math.round(sinceMs / 60_000)} minutes ago`,
    );
  }

  function onErased(person: Person, before: Columns | undefined, wasDamaged: boolean): void {
    const { lastSeenAt, endedAt } = of(person);
    forbid(wasDamaged || !isTombstone(before?.state), `${person.name} was erased, and had not ended`);
    const least = before?.state === 'disconnected' ? retentionMs : TOMBSTONE_MS;
    const since = before?.state === 'disconnected' ? Math.max(endedAt, lastSeenAt - 86_400_000) : endedAt;
    forbid(
      world.now() - since < least - CLOCKS_MAY_DIFFER_MS,
      `the tombstone of ${person.name} was erased too early`,
    );
  }

  return { onEnded, onErased };
}
