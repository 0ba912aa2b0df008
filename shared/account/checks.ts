import type { AlikeChecks, AlikeTask, Connected, HistoryEntry } from './account.ts';

const MAX_CHECKS = 20;

/**
 * The account's history by checks, oldest first, at most 20 entries. Neighbours that ended alike are one entry. The previous
 * release knows only `history`, so what it has added there is counted, too.
 */
export function checksOf({
  checks = [],
  history,
}: Pick<Connected, 'checks' | 'history'>): readonly AlikeChecks[] {
  const known = checks.length === 0 ? undefined : Math.max(...checks.map(endOf));
  const newer = known === undefined ? history : history.filter(({ at }) => at.getTime() > known);
  return withEntries(checks, newer);
}

/** Which grant kept the connection after a check, and until when, if that is known. */
export type KeptBy = Pick<AlikeChecks, 'grant' | 'grantEndsAt'>;

/**
 * Adds entries of a history: those of checks, each followed by those of its tasks.
 * @param keptBy what the entries do not say of their checks. Absent if nobody knows
 * @param visitedAt the user's last visit. What came after it is an entry of its own, so that the user can be told what was done
 * since.
 */
export function withEntries(
  checks: readonly AlikeChecks[],
  entries: readonly HistoryEntry[],
  keptBy: KeptBy = {},
  visitedAt?: Date,
): readonly AlikeChecks[] {
  const known = checksIn(entries)
    .map((check) => ({ ...check, ...keptBy }))
    .reduce((earlier, check) => withCheck(earlier, check, visitedAt), checks);
  return atMost(MAX_CHECKS, known);
}

/**
 * The oldest become one entry if they ended alike, so that twenty cover weeks even of a user who visits many times a day. Where
 * the token came from makes no difference there, because the first check after a visit mostly finds it stored.
 */
function atMost(most: number, checks: readonly AlikeChecks[]): readonly AlikeChecks[] {
  const [oldest, next, ...later] = checks;
  if (checks.length <= most || oldest === undefined || next === undefined) return checks;
  const outcome = gotToken(oldest) && gotToken(next) ? next.outcome : oldest.outcome;
  const joined = { ...oldest, outcome };
  return atMost(most, isAlike(joined, next) ? [join(joined, next), ...later] : [next, ...later]);
}

/** Tasks whose check is not there are left out: it was dropped from a full history. */
function checksIn(entries: readonly HistoryEntry[]): AlikeChecks[] {
  const checks: AlikeChecks[] = [];
  for (const { at, outcome, task, ...why } of entries) {
    if (outcome !== 'task-done' && outcome !== 'task-failed') {
      checks.push({ first: at, last: at, times: 1, outcome, ...why, tasks: [] });
      continue;
    }
    const check = checks.pop();
    if (check === undefined || task === undefined) continue;
    const ended = {
      task,
      outcome: outcome === 'task-done' ? 'done' : 'failed',
      ...why,
      last: at,
      times: 1,
    } as const;
    checks.push({ ...check, tasks: [...check.tasks, ended] });
  }
  return checks;
}

function withCheck(
  checks: readonly AlikeChecks[],
  check: AlikeChecks,
  visitedAt: Date | undefined,
): readonly AlikeChecks[] {
  const latest = checks.at(-1);
  if (latest === undefined || !isAlike(latest, check)) return [...checks, check];
  const isFirstSinceVisit = visitedAt !== undefined && latest.last < visitedAt && visitedAt <= check.first;
  if (isFirstSinceVisit) return [...checks, check];
  return [...checks.slice(0, -1), join(latest, check)];
}

const gotToken = ({ outcome }: AlikeChecks): boolean => outcome === 'refreshed' || outcome === 'from-cache';

function join({ grant: _, grantEndsAt: __, ...earlier }: AlikeChecks, later: AlikeChecks): AlikeChecks {
  const { tasks, times, grant, grantEndsAt } = later;
  return {
    ...earlier,
    // A clock that was ahead may have written the earlier one.
    last: later.last < earlier.last ? earlier.last : later.last,
    times: earlier.times + times,
    ...(grant && { grant }),
    ...(grantEndsAt && { grantEndsAt }),
    tasks: joinTasks(earlier.tasks, tasks),
  };
}

/** A task that one of them did not run, such as one with a rhythm of its own, makes no difference. */
function isAlike(one: AlikeChecks, other: AlikeChecks): boolean {
  return (
    isSameEnd(one, other) &&
    isSameGrant(one, other) &&
    other.tasks.every((task) => {
      const before = one.tasks.find((candidate) => candidate.task === task.task);
      return before === undefined || isSameEnd(before, task);
    })
  );
}

/** An earlier release does not say it, and its checks are not to make an entry of their own for that. */
const isSameGrant = ({ grant: one }: KeptBy, { grant: other }: KeptBy): boolean =>
  one === other || one === undefined || other === undefined;

type End = Pick<AlikeChecks | AlikeTask, 'outcome' | 'kind' | 'code'>;

const isSameEnd = (one: End, other: End): boolean =>
  one.outcome === other.outcome && one.kind === other.kind && one.code === other.code;

function joinTasks(earlier: readonly AlikeTask[], later: readonly AlikeTask[]): AlikeTask[] {
  const before = (task: string) => earlier.find((candidate) => candidate.task === task)?.times ?? 0;
  const others = earlier.filter(({ task }) => !later.some((candidate) => candidate.task === task));
  return [...others, ...later.map((one) => ({ ...one, times: one.times + before(one.task) }))];
}

/** The latest time of an entry, in milliseconds. Tasks end after their check got its token. */
const endOf = ({ last, tasks }: AlikeChecks): number =>
  Math.max(last.getTime(), ...tasks.map((task) => task.last.getTime()));
