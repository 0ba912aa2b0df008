import type { Person, Token } from './entraTypes.ts';
import type { Facts } from './facts.ts';
import type { Begun, Operations } from './operations.ts';
import type { World } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** The worker renews a refresh token in the hour that begins two hours before its end, and again after every failure. */
const RENEWS_FROM_MS = 2 * HOUR;
const RENEWS_UNTIL_MS = HOUR;
/** A run comes within a few minutes where runs are in time. */
const RUN_MAY_BE_LATE_MS = 10 * MINUTE;
/** A run that takes longer is stopped. */
const RUN_ENDS_AFTER_MS = MINUTE;
/** Nobody is checked shortly after a visit. */
const IDLE_MS = HOUR;

/** A refresh token that ended is only our fault if there was time to renew it, and nothing stood in the way. */
export function createRenewalInvariants(
  world: World,
  facts: Facts,
  operations: Operations,
  clocksDiffered: () => boolean,
) {
  const { of, runsInTime, forbid } = facts;
  /** When something was not well, as far as that is known. */
  const troubles: { from: number; until: number }[] = [];
  /** Runs that ended in time. */
  const runs: { begunAt: number; endedAt: number }[] = [];

  const wasWell = (from: number, to: number): boolean =>
    !world.wasFaulty(from, to) && troubles.every((one) => one.until < from || one.from > to);

  return {
    /** Something is not well from now until that time, so whatever is late may be late because of it. */
    onUnwell: (until: number) => void troubles.push({ from: world.now(), until }),

    onRunEnded({ begunAt }: Begun): void {
      const endedAt = world.now();
      if (endedAt - begunAt >= RUN_ENDS_AFTER_MS) troubles.push({ from: begunAt, until: endedAt + HOUR });
      else if (!runsInTime) runs.push({ begunAt, endedAt });
    },

    /** What goes wrong later, be it at the very end, is no excuse if all was well while the token had to be renewed. */
    onOver(person: Person, { ends }: Token): void {
      const { name } = person;
      const { lastSeenAt, inStateSince, unsettledAt } = of(person);
      const from = ends - RENEWS_FROM_MS;
      const until = ends - RENEWS_UNTIL_MS;
      forbid(
        runsInTime && wasWell(from, ends),
        `the refresh token of ${name} ended, and everything was well`,
      );
      // A visit, a refusal or an operator has changed when the next check is.
      if (lastSeenAt > from - IDLE_MS || inStateSince > from || unsettledAt > from) return;
      const isOpen = operations.open().some(({ kind, begunAt }) => kind === 'run' && begunAt < ends);
      if (isOpen) return;
      // Whatever its chance was, a run that begins after that hour finds the token due.
      const wasDue = runs.some(
        ({ begunAt, endedAt }) => begunAt > until && endedAt < ends && wasWell(from, endedAt),
      );
      forbid(
        runsInTime ? wasWell(from, until + RUN_MAY_BE_LATE_MS) : wasDue && !clocksDiffered(),
        `the refresh token of ${name} ended, and all was well when it had to be renewed`,
      );
    },
  };
}
