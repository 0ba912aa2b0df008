import type {
  Connection,
  ConnectionChecks,
  ConnectionFailureKind,
  ConnectionTask,
} from '../../../shared/wire.ts';

/** What one task counted. */
export type Found = { task: string; title?: string; count: number };

export type Findings = {
  /** From when on it was counted: ISO 8601. */
  since: string;
  /** Undefined if no task counts anything, or if the service is of a release that does not tell it. */
  found: Found[] | undefined;
};

/** One line of what was done. Times are ISO 8601. */
export type Item = { at: string } & (
  | { kind: 'found'; found: Found; summary?: string; from?: string }
  /** Tasks that were done and found nothing new, or count nothing. */
  | { kind: 'nothing'; tasks: { task: string; title?: string; counts: boolean }[] }
  | { kind: 'task-failed'; task: ConnectionTask; isStill: boolean }
  /** The organisation has nothing for the person that this task could follow. */
  | { kind: 'task-without'; task: ConnectionTask }
  /** `until` is when a check found that it was over; absent if none did. A visit may have ended it, and nobody knows which one. */
  | {
      kind: 'trouble';
      failure: ConnectionFailureKind;
      code?: string;
      from: string;
      until?: string;
      isStill: boolean;
    }
);

/** How the shipped tasks say that a person has no OneDrive or no mailbox. Nobody has to put that right. */
const WITHOUT: ReadonlySet<string> = new Set(['NoDrive:404', 'NoMailbox:404']);
const isWithout = ({ outcome, code = '' }: ConnectionTask): boolean =>
  outcome === 'failed' && WITHOUT.has(code);

/** The codes of a task whose API did not answer, or asked for patience. */
const PASSING = /^(?:timeout|run-ended)$|:(?:429|5\d\d)$/;

/** True if a task that failed may work at its next run, without anybody doing anything. */
export const passes = ({ kind, code = '' }: ConnectionTask): boolean =>
  kind === 'transient' || kind === 'throttled' || (kind === undefined && PASSING.test(code));

/** The service keeps no more, and drops the oldest. */
const MAX_CHECKS = 20;

const timeOf = (text: string): number => Date.parse(text);
/** Tasks end after their check. */
const endOf = ({ last, tasks }: ConnectionChecks): number =>
  Math.max(timeOf(last), ...tasks.map((task) => timeOf(task.last)));

/** The checks; of a service of an earlier release, which does not send them, each by itself. */
export function checksOf({ checks, history }: Connection): readonly ConnectionChecks[] {
  if (checks !== undefined) return checks;
  const made: ConnectionChecks[] = [];
  for (const { at, outcome, kind, code, task } of history) {
    const why = { ...(kind && { kind }), ...(code && { code }) };
    if (outcome === 'task-done' || outcome === 'task-failed') {
      const ended = outcome === 'task-done' ? 'done' : 'failed';
      made.at(-1)?.tasks.push({ task: task ?? '', outcome: ended, last: at, times: 1, ...why });
    } else {
      made.push({ first: at, last: at, times: 1, outcome, ...why, tasks: [] });
    }
  }
  return made;
}

/**
 * What tasks found since the person was here last.
 * @param visitedAt ISO 8601; undefined if they were not here before
 * @returns undefined if nothing was done since
 */
export function findingsSince(connection: Connection, visitedAt: string | undefined): Findings | undefined {
  const checks = checksOf(connection);
  const after = visitedAt === undefined ? checks : checks.filter((one) => endOf(one) > timeOf(visitedAt));
  const [first] = after;
  if (first === undefined) return visitedAt === undefined ? undefined : { since: visitedAt, found: [] };
  // An entry that began before the visit is counted whole. And what was dropped cannot be counted.
  const begins =
    visitedAt === undefined || timeOf(first.first) < timeOf(visitedAt) || isCut(checks, visitedAt);
  return { since: begins ? first.first : visitedAt, found: foundIn(after) };
}

const isCut = (checks: readonly ConnectionChecks[], visitedAt: string): boolean =>
  checks.length >= MAX_CHECKS && timeOf(checks[0]?.first ?? '') > timeOf(visitedAt);

/** The sum of what each task counted. Undefined if none counts anything. */
function foundIn(checks: readonly ConnectionChecks[]): Found[] | undefined {
  const sums = new Map<string, Found>();
  for (const { task, title, count } of checks.flatMap(({ tasks }) => tasks)) {
    if (count === undefined) continue;
    const before = sums.get(task)?.count ?? 0;
    sums.set(task, { task, ...(title !== undefined && { title }), count: before + count });
  }
  return sums.size === 0 ? undefined : [...sums.values()].filter(({ count }) => count > 0);
}

/** The tasks whose last run failed. */
export function failingTasks(checks: readonly ConnectionChecks[]): ConnectionTask[] {
  const latest = new Map<string, ConnectionTask>();
  for (const task of checks.flatMap(({ tasks }) => tasks)) latest.set(task.task, task);
  return [...latest.values()].filter((task) => task.outcome === 'failed' && !isWithout(task));
}

/** What was done, newest first. */
export function itemsOf(connection: Connection): Item[] {
  const checks = checksOf(connection);
  const failing = new Set(failingTasks(checks));
  const items = [
    ...checks.flatMap((check) => ofTasks(check, failing)),
    ...withoutAnything(checks),
    ...troubles(connection),
  ];
  return items.sort((one, other) => timeOf(other.at) - timeOf(one.at));
}

function ofTasks({ first, tasks }: ConnectionChecks, failing: ReadonlySet<ConnectionTask>): Item[] {
  const done = tasks.filter(({ outcome }) => outcome === 'done');
  const isFinding = ({ count, summary }: ConnectionTask) =>
    (count ?? 0) > 0 || (count === undefined && summary !== undefined);
  // Beside what was found, nobody wants to know what was not.
  const quiet = done.some(isFinding) ? [] : done;
  return [
    ...done.filter(isFinding).map((one): Item => {
      const { task, title, count = 0, summary, times, last } = one;
      return {
        kind: 'found',
        at: last,
        found: { task, ...(title !== undefined && { title }), count },
        ...(summary !== undefined && { summary }),
        ...(times > 1 && { from: first }),
      };
    }),
    ...(quiet.length === 0
      ? []
      : [
          {
            kind: 'nothing' as const,
            at:
              quiet
                .map(({ last }) => last)
                .toSorted()
                .at(-1) ?? first,
            tasks: quiet.map(({ task, title, count }) => ({
              task,
              ...(title !== undefined && { title }),
              counts: count !== undefined,
            })),
          },
        ]),
    ...tasks
      .filter((task) => task.outcome === 'failed' && !isWithout(task))
      .map((task): Item => ({ kind: 'task-failed', at: task.last, task, isStill: failing.has(task) })),
  ];
}

/** Each such task once, at its last run. */
function withoutAnything(checks: readonly ConnectionChecks[]): Item[] {
  const latest = new Map<string, ConnectionTask>();
  for (const task of checks.flatMap(({ tasks }) => tasks)) latest.set(task.task, task);
  return [...latest.values()]
    .filter(isWithout)
    .map((task) => ({ kind: 'task-without', at: task.last, task }));
}

/** When what is wrong now began: its first failed check, and not the last try. Undefined if nothing is wrong. */
export function failingSince(connection: Connection): string | undefined {
  const { failure } = connection;
  const running = troubles(connection).find(({ isStill }) => isStill);
  // A failure that no check had is one of a visit.
  return failure && (running?.failure === failure.kind ? running.from : failure.at);
}

type Trouble = Extract<Item, { kind: 'trouble' }>;

/**
 * Neighbouring checks that failed alike are one trouble, from the first of them to the next check that did not. That end never
 * moves again. The time of the last visit is no end: each visit moves it.
 */
function troubles(connection: Connection): Trouble[] {
  const found: Trouble[] = [];
  let begun: ConnectionChecks | undefined;
  let latest: ConnectionChecks | undefined;
  const end = (until?: string, isStill = false) => {
    if (begun === undefined || latest?.kind === undefined) return;
    found.push({
      kind: 'trouble',
      at: until ?? (isStill ? begun.first : latest.last),
      failure: latest.kind,
      ...(latest.code !== undefined && { code: latest.code }),
      from: begun.first,
      ...(until !== undefined && { until }),
      isStill,
    });
  };
  for (const check of checksOf(connection)) {
    if (check.outcome === 'failed') {
      if (latest !== undefined && latest.kind !== check.kind) {
        end(check.first);
        begun = undefined;
      }
      begun ??= check;
      latest = check;
      continue;
    }
    end(check.first);
    begun = undefined;
    latest = undefined;
  }
  // What no check has found to be over may have been ended by a visit.
  end(undefined, connection.failure !== undefined);
  return found;
}

/** A name for each item that it keeps when others come, and when it is over. No two have the same. */
export function keysOf(items: readonly Item[]): string[] {
  const seen = new Map<string, number>();
  // Newer ones come in front, so the count begins with the oldest.
  return items
    .toReversed()
    .map((item) => {
      const name = nameOf(item);
      const times = seen.get(name) ?? 0;
      seen.set(name, times + 1);
      return `${name} ${times}`;
    })
    .reverse();
}

function nameOf(item: Item): string {
  switch (item.kind) {
    case 'trouble':
      return `${item.kind} ${item.from} ${item.failure}`;
    case 'found':
      return `${item.kind} ${item.found.task} ${item.at}`;
    case 'nothing':
      return `${item.kind} ${item.at}`;
    case 'task-failed':
    case 'task-without':
      return `${item.kind} ${item.task.task} ${item.at}`;
    default:
      return item satisfies never;
  }
}
