import { DAY } from './durations.ts';
import type { Person } from './entraTypes.ts';
import { type Facts, isTombstone } from './facts.ts';
import type { Columns } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
const TOMBSTONE_MS = 2 * DAY;
/** A run ends after 65 seconds, and then tries to write down what it did. */
const LONGEST_RUN_MS = 2 * 60_000;
/** Of fewer than 400 users. */
const MOST_RETIRED_A_DAY = 20;

/** Nobody is retired or erased too early, or for a wrong reason, and nothing of the person is left. */
export function createEndInvariants(world: World, { of, retentionMs, forbid }: Facts) {
  /** When runs retired somebody, in the last day, and in which process. */
  let retired: { at: number; by: ProcessLife }[] = [];

  function onEnded(
    by: ProcessLife,
    person: Person,
    before: Columns | undefined,
    after: Columns,
    wasDamaged: boolean,
  ): void {
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
    retired = [...retired.filter(({ at }) => at > world.now() - DAY), { at: world.now(), by }];
    forbid(
      retired.length > MOST_RETIRED_A_DAY,
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

  /** A run has died, or could not write down how many it has retired. Then no other run can count them. */
  function onNotCounted(by: ProcessLife): void {
    retired = retired.filter((one) => one.by !== by || one.at < world.now() - LONGEST_RUN_MS);
  }

  return { onEnded, onErased, onNotCounted };
}
