import { isRecord } from '../isRecord.ts';
import { type Log, nameOfError } from '../log.ts';
import type { Services } from '../ports.ts';
import type { AlikeChecks, Connected } from './account.ts';

/**
 * What one user's tasks remember, and what they have told the user. It is stored in one sealed text beside the account, so
 * that neither operators nor those who can read the store see it. It is erased with the connection.
 */
export type TaskMemory = {
  /** By the task's name. */
  readonly tasks: Readonly<Record<string, RememberedTask>>;
  /** Oldest first. Each belongs to an entry of the account's checks. */
  readonly told: readonly Told[];
};

/** What is kept of a task's latest run that succeeded. */
export type RememberedTask = {
  at: Date;
  /** JSON of the task's own, for its next run. Absent if the task keeps none. */
  state?: unknown;
};

/** What a task told the user. */
export type Told = {
  /** `first` of the entry. */
  at: Date;
  task: string;
  /** How many things the task did or found in these checks. */
  count?: number;
  /** What it said last: plain text, at most 200 characters. */
  summary?: string;
};

export const EMPTY_MEMORY: TaskMemory = { tasks: {}, told: [] };

const isEmptyMemory = ({ tasks, told }: TaskMemory): boolean =>
  told.length === 0 && Object.keys(tasks).length === 0;

/**
 * The most bytes of a memory before it is sealed. Sealed, it has a third more, and a column of Table Storage holds 32,768
 * characters.
 */
export const MAX_MEMORY_BYTES = 23_000;
/** After this time nothing is kept of a task that this process does not know. Another release may know it. */
const FORGET_UNKNOWN_AFTER_MS = 30 * 86_400_000;

type Sealed = Pick<Connected, 'userId' | 'generation' | 'memory'>;

/**
 * Opens what an account's tasks remember. What cannot be opened, or belongs to an earlier connection of the user, is empty,
 * and is logged: the tasks begin anew, and nothing else is lost.
 */
export async function openMemory(
  { memorySealer, logId }: Pick<Services, 'memorySealer' | 'logId'>,
  log: Log,
  { userId, generation, memory }: Sealed,
): Promise<TaskMemory> {
  if (memory === undefined) return EMPTY_MEMORY;
  const notRead = (why: string, kid?: string) => {
    log({ event: 'memory.not-read', user: logId(userId), why, ...(kid === undefined ? {} : { kid }) });
    return EMPTY_MEMORY;
  };
  try {
    const opened = await memorySealer.open(userId, memory);
    if (!opened.ok) return notRead(opened.reason, opened.kid);
    return opened.generation === generation ? readMemory(opened.memory) : notRead('superseded');
  } catch (error) {
    return notRead(nameOfError(error));
  }
}

/** @returns undefined if there is nothing to remember. If it is too large, what was told longest ago is left out. */
export async function sealMemory(
  { memorySealer }: Pick<Services, 'memorySealer'>,
  { userId, generation }: Sealed,
  memory: TaskMemory,
): Promise<string | undefined> {
  let { told } = memory;
  while (told.length > 0 && bytesOf({ ...memory, told }) > MAX_MEMORY_BYTES) told = told.slice(1);
  if (isEmptyMemory({ ...memory, told })) return undefined;
  return memorySealer.seal(userId, JSON.stringify({ ...memory, told }), generation);
}

/** Whether all tasks' states fit, whatever they told. */
export const fits = ({ tasks }: TaskMemory): boolean => bytesOf({ tasks, told: [] }) <= MAX_MEMORY_BYTES;

/** The text is sealed as a string in JSON, which escapes its quotes. */
const bytesOf = (memory: TaskMemory): number =>
  new TextEncoder().encode(JSON.stringify(JSON.stringify(memory))).length;

/**
 * Adds what tasks told in the latest check. Counts add up in an entry, and the last summary stays.
 * @param at `first` of the entry to which the check belongs
 */
export function withTold(memory: TaskMemory, at: Date, latest: readonly Omit<Told, 'at'>[]): TaskMemory {
  return latest.reduce(({ tasks, told }, { task, count, summary }) => {
    const isSame = (one: Told) => one.task === task && one.at.getTime() === at.getTime();
    const before = told.find(isSame);
    const counted = count === undefined ? before?.count : count + (before?.count ?? 0);
    const said = summary ?? before?.summary;
    const now = {
      at,
      task,
      ...(counted !== undefined && { count: counted }),
      ...(said !== undefined && { summary: said }),
    };
    return { tasks, told: [...told.filter((one) => !isSame(one)), now] };
  }, memory);
}

/**
 * Leaves out what belongs to no entry of the checks, and to no task.
 * @param known the names of the tasks of this process
 */
export function withoutForgotten(
  { tasks, told }: TaskMemory,
  known: ReadonlySet<string>,
  checks: readonly AlikeChecks[],
  now: Date,
): TaskMemory {
  // A wrong clock may have written a time in the future. It must not keep an unknown task for ever.
  const isRecent = (at: Date) => Math.abs(now.getTime() - at.getTime()) < FORGET_UNKNOWN_AFTER_MS;
  return {
    tasks: Object.fromEntries(
      Object.entries(tasks).filter(([name, { at }]) => known.has(name) || isRecent(at)),
    ),
    told: toldIn(checks, told),
  };
}

/** What was told, by the entries of the checks as they are now: two may have become one. What belongs to none is left out. */
export function toldIn(checks: readonly AlikeChecks[], told: readonly Told[]): readonly Told[] {
  return told.reduce((memory, { at, ...one }) => {
    const ran = checks.filter(({ tasks }) => tasks.some(({ task }) => task === one.task));
    const entry =
      ran.find(({ first }) => first.getTime() === at.getTime()) ??
      ran.findLast(({ first, last }) => first <= at && at <= last);
    return entry === undefined ? memory : withTold(memory, entry.first, [one]);
  }, EMPTY_MEMORY).told;
}

/** Reads what was sealed. A later version may have written more, and what makes no sense counts as absent. */
function readMemory(text: string): TaskMemory {
  const { tasks, told } = recordOf(JSON.parse(text));
  return {
    tasks: Object.fromEntries(
      Object.entries(recordOf(tasks)).flatMap(([name, task]) => {
        const { at, state } = recordOf(task);
        const time = timeOf(at);
        return time ? [[name, { at: time, ...(state !== undefined && { state }) }]] : [];
      }),
    ),
    told: (Array.isArray(told) ? told : []).flatMap((one: unknown) => {
      const { at, task, count, summary } = recordOf(one);
      const time = timeOf(at);
      if (time === undefined || typeof task !== 'string') return [];
      return [
        {
          at: time,
          task,
          ...(typeof count === 'number' && { count }),
          ...(typeof summary === 'string' && { summary }),
        },
      ];
    }),
  };
}

const recordOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

function timeOf(value: unknown): Date | undefined {
  const time = new Date(typeof value === 'string' ? value : Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}
