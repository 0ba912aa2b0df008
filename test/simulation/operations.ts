import type { Person } from './entraTypes.ts';
import type { Action } from './history.ts';
import type { ProcessLife } from './world.ts';

/** What was begun in a process: a visit, a run, an operator's command. */
export type Begun = {
  life: ProcessLife;
  kind: Action['do'];
  /** Whose it is; undefined if it may concern everybody. */
  person: Person | undefined;
  correlationId: string;
  begunAt: number;
  /** Later than any time as long as it runs. */
  endedAt: number;
  /** Whether something that nobody waited for any more was still on its way when it began. */
  beganLate: boolean;
  /** For a part of a run. */
  part: PartOfRun | undefined;
};

/** Into how many parts its run was split, and where it stands among all shards: from 0 to less than 1. */
export type PartOfRun = { share: number; place: number };

/** An operation that has ended for so long has nothing left on its way. */
const KEPT_MS = 15 * 60_000;

export type Operations = ReturnType<typeof createOperations>;

/** Everything that is going on, and what has ended a short while ago. */
export function createOperations(now: () => number, isLate: () => boolean) {
  const open = new Set<Begun>();
  let ended: Begun[] = [];
  let ids = 0;

  return {
    open: (): readonly Begun[] => [...open],
    isIdle: () => open.size === 0,
    isBusy: (life: ProcessLife) => [...open].some((one) => one.life === life),
    openOf: (life: ProcessLife) => [...open].filter((one) => one.life === life),
    /** What has ended in the process a short while ago. */
    endedOf: (life: ProcessLife) => ended.filter((one) => one.life === life),
    withId: (correlationId: string | undefined): Begun | undefined =>
      [...open, ...ended].find((one) => one.correlationId === correlationId),
    /** The run of the process at that time. */
    runOf: (life: ProcessLife, at: number): Begun | undefined =>
      [...open, ...ended].find(
        (one) => one.kind === 'run' && one.life === life && one.begunAt <= at && one.endedAt >= at,
      ),
    /** Those that ran at some time in between, and may have concerned the person. */
    concerning: (person: Person, from: number, to: number): Begun[] =>
      [...open, ...ended].filter(
        (one) =>
          (one.person === undefined || one.person === person) && one.begunAt <= to && one.endedAt >= from,
      ),

    /** Whether nothing else can have changed the person's account since it began, or for so long before. */
    wasAlone(begun: Begun, person: Person, beforeMs = 0): boolean {
      const from = begun.begunAt - beforeMs;
      // What ended at that very moment has asked for nothing since.
      const others = this.concerning(person, from, now()).filter(
        (one) => one !== begun && one.endedAt > from,
      );
      return !begun.beganLate && others.length === 0;
    },

    begin(life: ProcessLife, kind: Action['do'], person?: Person, part?: PartOfRun): Begun {
      ids += 1;
      const correlationId = `cccccccc-0000-4000-8000-${String(ids).padStart(12, '0')}`;
      const begunAt = now();
      const endedAt = Number.POSITIVE_INFINITY;
      const begun = { life, kind, person, correlationId, begunAt, endedAt, beganLate: isLate(), part };
      open.add(begun);
      return begun;
    },

    end(one: Begun): void {
      if (!open.delete(one)) return;
      one.endedAt = now();
      ended = [...ended.filter(({ endedAt }) => endedAt > now() - KEPT_MS), one];
    },

    /** The process dies, and with it everything that it was doing. @returns what that was */
    crash(life: ProcessLife): Begun[] {
      const lost = this.openOf(life);
      for (const one of lost) this.end(one);
      return lost;
    },
  };
}
