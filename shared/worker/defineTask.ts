import type { Api, BoundApi } from '../api.ts';
import { checkMembers } from '../tokens/definition.ts';
import { checkDefined, checkUse } from '../tokens/useOfApi.ts';
import type { UserId } from '../userId.ts';
import { NOT_PLAIN } from './notPlain.ts';

/** What a task's `run` gets for one user, together with the clients of its API (`graph` for Microsoft Graph). */
export type TaskContext = {
  /** The user for whom the task acts. Do not log it. `tid` and `oid` are GUIDs in lower case. */
  user: { id: UserId; tid: string; oid: string };
  /** Calls the task's API with the user's token. The token is sent to that API only. */
  api: BoundApi;
  /** The access token for the task's API. Do not log it, store it, or send it to another API. */
  token: string;
  /**
   * The `state` that the task's latest run for this user returned; undefined before the first one, and whenever it was lost.
   * An earlier version of the task may have made it.
   */
  state: unknown;
  /** Writes one log line of at most 200 characters with the user's log id. A note that names the user is withheld. */
  log: (note: string) => void;
  /** Aborts at the task's time-out and when the run ends. */
  signal: AbortSignal;
};

export type TaskDefinition<Clients extends object = object> = {
  /**
   * Its name in history and logs: a lower-case letter, then at most 39 lower-case letters, digits or hyphens, such as
   * `read-profile`.
   */
  name: string;
  /** What users call it: at most 60 characters. Default: its name, written as words. */
  title?: string;
  /** The API that the task calls: `graph`, or a result of {@link defineApi}. */
  api: Api<Clients>;
  /** Delegated permissions of that API, such as `['User.Read']` or `['api://<client id>/<scope>']`. At least one. */
  scopes: readonly string[];
  /**
   * How long a user's checks leave the task out after it succeeded: such as `{ hours: 6 }`, from one minute to 60 days. It
   * runs in the first check after that. Default: it runs in every check.
   */
  every?: Every;
  /**
   * `link`: users turn the task on, by a link that names it and asks for its scopes (`docs/tasks.md`). For a user who has not
   * consented to them the task does not run, and nothing is said of it. Only for tasks of Microsoft Graph. Default: the page's
   * sign-in asks for them, and without them the task fails.
   */
  consent?: 'link';
  /** Whole milliseconds from 1 to 60,000. Default 10,000. */
  timeoutMs?: number;
  /**
   * Acts for one user. It may run again for the same user, so it must be safe to repeat: `docs/tasks.md`.
   * @returns what the user's connection keeps of it, if anything
   */
  run(context: TaskContext & Clients): Promise<TaskResult | undefined> | Promise<void>;
};

/** What a task's `run` may return. It is kept if the run succeeded, sealed, until the user's connection ends. */
export type TaskResult = {
  /** Tells the user what the task did: plain text. At most 200 characters are kept. */
  summary?: string;
  /** How many things the task did or found: a whole number from 0. The counts of runs that ended alike are added up. */
  count?: number;
  /** For the task's own next run, such as a delta link: at most 4 KB of JSON. Without it the former state stays; null ends it. */
  state?: unknown;
};

/** The sum of its members. */
export type Every = { minutes?: number; hours?: number; days?: number };

export type Task = Readonly<Required<Omit<TaskDefinition, 'every' | 'consent'>>> & {
  /** Absent if users do not turn the task on by a link. */
  readonly consent?: 'link';
  /** Absent if the task runs in every check. */
  readonly everyMs?: number;
};

const MEMBERS: readonly (keyof TaskDefinition)[] = [
  'name',
  'title',
  'api',
  'scopes',
  'every',
  'consent',
  'timeoutMs',
  'run',
];
/** The members of a task. */
const MADE: readonly (keyof Task)[] = [...MEMBERS.filter((member) => member !== 'every'), 'everyMs'];
const DEFAULT_TIMEOUT_MS = 10_000;
const MAX_TITLE_LENGTH = 60;
const MINUTE_MS = 60_000;
const MAX_EVERY_MS = 60 * 1_440 * MINUTE_MS;

/**
 * Defines a task. The worker runs it as each user for whom a check obtained a token.
 * @throws {TypeError} the definition is wrong; the message says what to change.
 */
export function defineTask<Clients extends object>(definition: TaskDefinition<Clients>): Task {
  checkMembers('defineTask', definition, MEMBERS);
  const { name, api, scopes, every, timeoutMs = DEFAULT_TIMEOUT_MS, consent, run } = definition;
  checkUse('Task', { name, api, scopes, timeoutMs, consent }, run);
  const { title = inWords(name) } = definition;
  checkTitle(name, title);
  const rhythm = every === undefined ? {} : { everyMs: everyMsOf(name, every) };
  // The cast is safe because a task runs with the clients of its own API.
  return Object.freeze({
    name,
    title,
    api,
    scopes: Object.freeze([...scopes]),
    ...rhythm,
    ...(consent && { consent }),
    timeoutMs,
    run,
  }) as Task;
}

function checkTitle(name: string, title: unknown): void {
  if (typeof title === 'string' && isTitle(title)) return;
  throw new TypeError(
    `Task "${name}": title must be a text of 1 to ${MAX_TITLE_LENGTH} characters, in one line.`,
  );
}

const isRhythm = (ms: unknown): boolean => typeof ms === 'number' && ms >= MINUTE_MS && ms <= MAX_EVERY_MS;

const isTitle = (text: string): boolean =>
  text.trim() !== '' && text.length <= MAX_TITLE_LENGTH && text.search(NOT_PLAIN) < 0;

/** Such as `Read profile` for `read-profile`. */
const inWords = (name: string): string =>
  `${name.slice(0, 1).toUpperCase()}${name.slice(1).replaceAll('-', ' ')}`;

function everyMsOf(name: string, every: Every): number {
  const { minutes = 0, hours = 0, days = 0, ...others } = { ...every };
  const isTime =
    [minutes, hours, days].every((part) => typeof part === 'number' && part >= 0) &&
    Object.keys(others).length === 0;
  const ms = isTime ? (minutes + hours * 60 + days * 1_440) * MINUTE_MS : 0;
  if (!isRhythm(ms)) {
    throw new TypeError(
      `Task "${name}": every must be a time from one minute to 60 days, such as { hours: 6 } or { days: 1 }.`,
    );
  }
  return ms;
}

/**
 * Lists tasks in the order in which they run.
 * @throws {TypeError} two tasks have the same name, or one cannot be a result of {@link defineTask}.
 */
export function listTasks(...tasks: Task[]): readonly Task[] {
  for (const task of tasks) {
    checkDefined('Task', task);
    checkMembers('listTasks', task, MADE);
    checkTitle(task.name, task.title);
    if (task.everyMs !== undefined && !isRhythm(task.everyMs)) {
      throw new TypeError(
        `Task "${task.name}": its everyMs is none that defineTask makes. Give every to defineTask.`,
      );
    }
  }
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new TypeError(
      `Two tasks have the name "${twice}". Rename one, because the history identifies tasks by name.`,
    );
  }
  return Object.freeze(tasks);
}
