import type { AlikeChecks, AlikeTask, Connected, HistoryEntry } from '../../account/account.ts';
import { isRecord } from '../../isRecord.ts';
import { KINDS, kindOf, storedKind } from './accountFailureColumn.ts';
import { countOf, isKeyOf, jsonIn, timeOf } from './tableColumns.ts';

/** Of each of the two columns, in UTF-16 units. */
const MAX_HISTORY_LENGTH = 16_000;

const OUTCOMES: Record<HistoryEntry['outcome'], true> = {
  refreshed: true,
  'from-cache': true,
  failed: true,
  'task-done': true,
  'task-failed': true,
};
const CHECK_OUTCOMES: Record<AlikeChecks['outcome'], true> = {
  refreshed: true,
  'from-cache': true,
  failed: true,
};
const CHECK_GRANTS: Record<NonNullable<AlikeChecks['grant']>, true> = { code: true, exchange: true };
const TASK_OUTCOMES: Record<AlikeTask['outcome'], true> = { done: true, failed: true };

/** The columns of lists that were read or written. Lists never change, so an account whose list is the same has the same text. */
const writtenAs = new WeakMap<readonly unknown[], string>();

/** The history as JSON, as far as it fits. */
export function historyColumn(history: readonly HistoryEntry[]): string {
  return columnOf(history, () => {
    const kept = history.map((entry) =>
      entry.kind === undefined ? entry : { ...entry, ...storedKind(entry.kind) },
    );
    return newestOf(kept, JSON.stringify);
  });
}

function columnOf(list: readonly unknown[], write: () => string): string {
  const text = writtenAs.get(list) ?? write();
  writtenAs.set(list, text);
  return text;
}

/** A list that was not read whole is written anew. */
function rememberColumn(list: readonly unknown[], all: unknown, column: unknown): void {
  if (Array.isArray(all) && all.length === list.length && typeof column === 'string') {
    writtenAs.set(list, column);
  }
}

/** The text of the newest entries that fit. */
function newestOf<T>(entries: readonly T[], write: (kept: readonly T[]) => string): string {
  const kept = [...entries];
  for (;;) {
    const text = write(kept);
    if (text.length <= MAX_HISTORY_LENGTH || kept.length === 0) return text;
    kept.shift();
  }
}

/**
 * The checks as JSON, as far as they fit. The generation says to which connection they belong. The previous release does not
 * know the column, so it stays when that release connects a damaged account anew.
 */
export function checksColumn({ checks, generation }: Connected): string {
  if (checks === undefined) return '';
  return `${checksBegin(generation)}${columnOf(checks, () => newestOf(checks, JSON.stringify))}}`;
}

/** @returns undefined if they are not the checks of this connection */
export function checksIn(column: unknown, generation: string): AlikeChecks[] | undefined {
  const value = jsonIn(column);
  if (!isRecord(value) || value.generation !== generation || !Array.isArray(value.checks)) return undefined;
  const checks = value.checks.flatMap((check: unknown) => {
    if (!isRecord(check)) return [];
    const { outcome, tasks } = check;
    const [first, last, times] = [timeOf(check.first), timeOf(check.last), countOf(check.times)];
    if (!first || !last || !times || !isKeyOf(CHECK_OUTCOMES, outcome) || !Array.isArray(tasks)) return [];
    const grant = isKeyOf(CHECK_GRANTS, check.grant) ? check.grant : undefined;
    const grantEndsAt = timeOf(check.grantEndsAt);
    return [
      {
        ...{ first, last, times, outcome },
        ...whyIn(check),
        ...(grant && { grant }),
        ...(grant && grantEndsAt && { grantEndsAt }),
        tasks: tasks.flatMap(alikeTaskIn),
      },
    ];
  });
  const begin = checksBegin(generation);
  if (typeof column === 'string' && column.startsWith(begin)) {
    rememberColumn(checks, value.checks, column.slice(begin.length, -1));
  }
  return checks;
}

const checksBegin = (generation: string): string => `{"generation":${JSON.stringify(generation)},"checks":`;

function alikeTaskIn(value: unknown): AlikeTask[] {
  if (!isRecord(value)) return [];
  const { task, outcome } = value;
  const [last, times] = [timeOf(value.last), countOf(value.times)];
  if (typeof task !== 'string' || !isKeyOf(TASK_OUTCOMES, outcome) || !last || !times) return [];
  return [{ task, outcome, ...whyIn(value), last, times }];
}

const whyIn = ({ kind, code }: Record<string, unknown>) => ({
  ...(isKeyOf(KINDS, kind) ? { kind } : {}),
  ...(typeof code === 'string' ? { code } : {}),
});

/** @returns the entries that this release understands */
export function historyIn(column: unknown): HistoryEntry[] {
  const value = jsonIn(column);
  const history = (Array.isArray(value) ? value : []).flatMap((entry: unknown): HistoryEntry[] => {
    if (!isRecord(entry)) return [];
    const { outcome, kind, code, task } = entry;
    const at = timeOf(entry.at);
    if (!isKeyOf(OUTCOMES, outcome) || at === undefined) return [];
    return [
      {
        at,
        outcome,
        ...(isKeyOf(KINDS, kind) ? { kind: kindOf({ ...entry, kind }) } : {}),
        ...(typeof code === 'string' ? { code } : {}),
        ...(typeof task === 'string' ? { task } : {}),
      },
    ];
  });
  rememberColumn(history, value, column);
  return history;
}
