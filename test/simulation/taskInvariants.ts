import type { Person } from './entraTypes.ts';
import { dueAtOf, type Facts, isConnected } from './facts.ts';
import { readOpenCache } from './openSealer.ts';
import type { Reasons } from './reasons.ts';
import type { Columns, RowChange } from './tableModel.ts';
import type { NotesState } from './uses.ts';
import { pauseOf } from './wishInvariants.ts';
import type { ProcessLife, World } from './world.ts';

type TaskName = 'read-me' | 'sync-notes';

/** One start of a task. */
type Started = {
  task: TaskName;
  person: Person;
  by: ProcessLife;
  /** Which lease it belongs to, and until when that lease is good. */
  leasedAt: number;
  leaseEndsAt: number;
  generation: unknown;
  endedAt: number | undefined;
  succeeded: boolean;
};

/** A run leases nobody any more after 50 seconds, and runs no further task. */
const RUNS_TASKS_FOR_MS = 40_000;
const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
/** Nothing looks further back. */
const KEPT = 200;

export type TaskInvariants = ReturnType<typeof createTaskInvariants>;

/** What must hold of the tasks of a check: who runs, how often, and what they remember. */
export function createTaskInvariants(
  world: World,
  people: readonly Person[],
  facts: Facts,
  reasons: Reasons,
  runBegunAt: (by: ProcessLife) => number,
  { hasNotes, notesEveryMs }: { hasNotes: boolean; notesEveryMs: number },
) {
  const { of, rowOf, forbid } = facts;
  let starts = new Map<number, Started>();
  let serials = 0;
  let keysDiffered = false;

  const ofLease = (person: Person, by: ProcessLife, task: TaskName) =>
    [...starts.values()].filter(
      (one) =>
        one.person === person &&
        one.by === by &&
        one.task === task &&
        one.leasedAt === facts.leasedAt(person, by),
    );

  function begin(by: ProcessLife, task: TaskName, oid: string, state: unknown) {
    const person = people.find((one) => one.oid === oid) as Person;
    const { name } = person;
    const { damagedAt } = of(person);
    const leasedAt = facts.leasedAt(person, by);
    const row = rowOf(person);
    forbid(leasedAt < 0, `a task of ${name} began in a process that never had a lease`);
    const { leaseWasAbandoned, leasedBy } = of(person);
    forbid(
      leaseWasAbandoned && leasedBy === by.number,
      `a task of ${name} ran again, and a process has died with its last check`,
    );
    const restsUntil = Math.min(of(person).pausedAtLease, pauseOf(row));
    forbid(
      leasedBy === by.number && restsUntil > world.now() + CLOCKS_MAY_DIFFER_MS && by.skewMs === 0,
      `a task of ${name} ran, and their tasks rest`,
    );
    const before = ofLease(person, by, task);
    const isChallenged = reasons.wasRefused(
      person,
      task === 'read-me' ? 'graph' : 'notes',
      leasedAt,
      'challenged',
    );
    forbid(
      before.length > (isChallenged ? 1 : 0),
      `the task ${task} of ${name} began ${before.length + 1} times in one check`,
    );
    const atOnce = [...starts.values()].find(
      (one) =>
        one.person === person &&
        one.task === task &&
        one.endedAt === undefined &&
        one.by.alive &&
        one.generation === row?.generation &&
        (one.by === by ? one.leasedAt === leasedAt : one.leaseEndsAt > world.now() + CLOCKS_MAY_DIFFER_MS),
    );
    forbid(
      atOnce !== undefined && damagedAt < leasedAt,
      `the task ${task} of ${name} runs twice at the same time`,
    );
    if (state !== undefined) {
      forbid((state as NotesState).of !== oid, `a task of ${name} was given another user's state`);
    }
    onRemembered(by, person, task, state, row);
    serials += 1;
    const serial = serials;
    const started: Started = {
      task,
      person,
      by,
      leasedAt,
      leaseEndsAt: row === undefined ? 0 : dueAtOf(row),
      generation: row?.generation,
      endedAt: undefined,
      succeeded: false,
    };
    starts.set(serial, started);
    if (starts.size > 2 * KEPT) starts = new Map([...starts].slice(-KEPT));
    return {
      serial,
      end(succeeded: boolean): void {
        if (started.endedAt !== undefined) return;
        started.endedAt = world.now();
        started.succeeded = succeeded;
      },
    };
  }

  /** A task begins with what its latest success kept, and not before its rhythm says so. */
  function onRemembered(
    by: ProcessLife,
    person: Person,
    task: TaskName,
    state: unknown,
    row: Columns | undefined,
  ): void {
    const isHolder = Boolean(row?.runId) && of(person).leasedBy === by.number;
    if (!isHolder || keysDiffered || of(person).damagedAt >= of(person).leasedAt) return;
    const kept = memoryOf(row)?.tasks[task]?.state as NotesState | undefined;
    forbid(
      JSON.stringify(state) !== JSON.stringify(kept),
      `the task ${task} of ${person.name} was not given what it had kept`,
    );
    const last = kept && starts.get(kept.serial);
    forbid(
      last?.endedAt !== undefined &&
        by.skewMs === 0 &&
        last.by.skewMs === 0 &&
        world.now() - last.endedAt < notesEveryMs - CLOCKS_MAY_DIFFER_MS,
      `the task ${task} of ${person.name} ran again too soon`,
    );
  }

  /** Only a check changes what tasks remember, and it keeps what succeeded in it. */
  function onMemory(by: ProcessLife, person: Person, { before, after }: RowChange, isHolder: boolean): void {
    const { name, oid } = person;
    const { damagedAt } = of(person);
    if (after === undefined) return;
    const [was, is] = [memoryOf(before), memoryOf(after)];
    const isSame = before !== undefined && before.generation === after.generation;
    forbid(
      !isSame && isConnected(after.state) && is !== undefined,
      `what the tasks of ${name} remember went over to a later connection`,
    );
    if (is !== undefined) {
      forbid(
        is.sub !== person.userId || is.told.some(({ summary }) => summary !== `notes of ${oid}`),
        `what the tasks of ${name} remember is another user's`,
      );
    }
    if (!isSame) return;
    const state = (memory: typeof is) => memory?.tasks['sync-notes']?.state as NotesState | undefined;
    const [had, has] = [state(was)?.serial, state(is)?.serial];
    if (had !== has) {
      forbid(!isHolder, `what the tasks of ${name} remember was changed by a run without the lease`);
      forbid(has === undefined && !keysDiffered, `what the tasks of ${name} remember was lost`);
      const kept = has === undefined ? undefined : starts.get(has);
      forbid(
        kept !== undefined && (!kept.succeeded || kept.person !== person || kept.by !== by),
        `${name} keeps what a task remembered that had failed`,
      );
    }
    const [succeeded] = isHolder
      ? [...starts].filter(
          ([, one]) =>
            one.person === person &&
            one.by === by &&
            one.succeeded &&
            one.task === 'sync-notes' &&
            one.leasedAt === facts.leasedAt(person, by),
        )
      : [];
    const isSettled = after.history !== before.history && after.state === 'active';
    forbid(
      isSettled &&
        succeeded !== undefined &&
        has !== succeeded[0] &&
        of(person).disturbedAt < succeeded[1].leasedAt,
      `${name} was settled, and what a task of the check kept was lost`,
    );
    // Damage may have taken checks away, and left what was told of them.
    if (isSettled && damagedAt < 0) onTold(person, is, after);
  }

  /** The task tells of one thing each time. So an entry of the history cannot have more of them than it has runs. */
  function onTold({ name }: Person, memory: Memory | undefined, { checks }: Columns): void {
    const entries = (JSON.parse(String(checks || '{}')) as { checks?: Entry[] }).checks ?? [];
    for (const { at, task, count } of memory?.told ?? []) {
      const entry = entries.find(({ first }) => first === at);
      // A check that failed may have moved the entry out of the history, and leaves what was told as it is.
      if (entry === undefined) continue;
      const { times = 0 } = entry.tasks.find((one) => one.task === task) ?? {};
      forbid((count ?? 0) > times, `${name} is told of ${count} ${task} in ${times} runs`);
    }
  }

  return {
    hasNotes,
    begin,
    onMemory,

    onKeysDiffer(): void {
      keysDiffered = true;
    },

    onAnswer(asked: string, answered: string): void {
      forbid(asked !== answered, "a user was given another user's answer, or another API's");
    },

    /** A check that got its token runs every task, whatever another task or API met. */
    onSettled(by: ProcessLife, person: Person, before: Columns): void {
      const { name } = person;
      const { leasedAt, leaseWasAbandoned, disturbedAt, damagedAt } = of(person);
      if (leaseWasAbandoned || world.now() - runBegunAt(by) > RUNS_TASKS_FOR_MS) return;
      if (by.skewMs !== 0 || damagedAt >= leasedAt) return;
      const pausedUntil = Math.max(of(person).pausedAtLease, pauseOf(before));
      if (pausedUntil > leasedAt - CLOCKS_MAY_DIFFER_MS) return;
      // Without a token for a task, it cannot begin. The token of Graph is there.
      // A run ends, with all that it has not begun, as soon as the application's own credential is refused.
      const isStopped = reasons.wasBlameless(person, leasedAt, 'own-credential');
      const isTokenRefused = isStopped || reasons.isTroubled(person, 'token', leasedAt);
      const isLacking = reasons.hasLackedScope(person) || reasons.isThrottled(person, 'graph', true);
      const isMissing = (task: TaskName) => ofLease(person, by, task).length === 0;
      forbid(
        isMissing('read-me') && !isLacking && !isTokenRefused && disturbedAt < leasedAt,
        `a check of ${name} got a token, and the task read-me did not run`,
      );
      if (!hasNotes || keysDiffered) return;
      const kept = memoryOf(before)?.tasks['sync-notes']?.state as NotesState | undefined;
      const last = kept && starts.get(kept.serial);
      const rests =
        last?.endedAt !== undefined && world.now() - last.endedAt < notesEveryMs + CLOCKS_MAY_DIFFER_MS;
      forbid(
        isMissing('sync-notes') &&
          !rests &&
          !isTokenRefused &&
          disturbedAt < leasedAt &&
          !reasons.wasRefused(person, 'notes', leasedAt),
        `a check of ${name} got a token, and the task sync-notes did not run`,
      );
    },
  };
}

type Memory = {
  sub: string;
  tasks: Partial<Record<string, { at: string; state?: unknown }>>;
  told: { at: string; task: string; count?: number; summary?: string }[];
};

/** An entry of the checks, as it is stored. */
type Entry = { first: string; tasks: { task: string; times: number }[] };

/** What the tasks remember, as it is stored. */
function memoryOf(row: Columns | undefined): Memory | undefined {
  const opened = readOpenCache(String(row?.memory ?? ''));
  return opened && { sub: opened.sub, ...(JSON.parse(opened.msal) as Omit<Memory, 'sub'>) };
}
