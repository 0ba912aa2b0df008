import type { Person } from './entraTypes.ts';
import type { Facts } from './facts.ts';
import type { Columns } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

/** Neither the history nor its checks have more entries. The oldest ones give way. */
const MOST_ENTRIES = 20;

type Entry = { at: string; outcome: string; task?: string };
type Checks = { entries: readonly { times: number }[]; sum: number };

const entriesOf = ({ history }: Columns): Entry[] => JSON.parse(String(history || '[]')) as Entry[];

function checksOf({ checks }: Columns): Checks | undefined {
  const stored = JSON.parse(String(checks || 'null')) as { checks?: { times: number }[] } | null;
  const entries = stored?.checks;
  return entries && { entries, sum: entries.reduce((sum, { times }) => sum + times, 0) };
}

/** What must hold of what an account remembers of its checks. */
export function createHistoryInvariants(world: World, { of, forbid }: Facts) {
  /** The tasks that were done for each user, and when. */
  const done = new Map<Person, { by: ProcessLife; task: string; at: number }[]>();

  /** What the account has written down since, or undefined if it has lost more than the oldest. */
  function tailOf(was: readonly Entry[], is: readonly Entry[]): readonly Entry[] | undefined {
    for (let dropped = 0; dropped <= was.length; dropped += 1) {
      const kept = was.slice(dropped);
      const isKept = kept.length <= is.length && kept.every(({ at }, index) => is[index]?.at === at);
      if (isKept) return dropped === 0 || is.length >= MOST_ENTRIES ? is.slice(kept.length) : undefined;
    }
    return undefined;
  }

  return {
    onTaskDone(by: ProcessLife, person: Person, task: string): void {
      done.set(person, [...(done.get(person) ?? []), { by, task, at: world.now() }]);
    },

    /** @param isSettled whether it is the end of a check that has got a token */
    onStored(by: ProcessLife, person: Person, before: Columns, after: Columns, isSettled: boolean): void {
      const { name } = person;
      const tail = tailOf(entriesOf(before), entriesOf(after));
      if (tail === undefined) {
        world.violated(`${name} has lost a part of their history`);
        return;
      }
      const [was, is] = [checksOf(before), checksOf(after)];
      const isFull = is !== undefined && is.entries.length >= MOST_ENTRIES;
      const checked = tail.filter(({ task }) => task === undefined).length;
      forbid(
        was !== undefined && !isFull && (is?.sum ?? 0) < was.sum + checked,
        `${name} has lost a check of their history`,
      );
      const { leases, leasedBy } = of(person);
      if (!isSettled || leasedBy !== by.number) return;
      const ran = (done.get(person) ?? []).filter(
        (one) => one.by === by && one.at > (leases.get(by.number) ?? 0),
      );
      done.delete(person);
      forbid(
        ran.some(({ task }) => !tail.some((entry) => entry.task === task)),
        `a task of ${name} ran, and their history does not have it`,
      );
    },
  };
}
