import type { Api, ApiFetch } from '../api.ts';
import { checkUse } from '../tokens/useOfApi.ts';
import type { UserId } from '../userId.ts';

/** What a task's `run` gets for one user, together with the clients of its API (`graph` for Microsoft Graph). */
export type TaskContext = {
  /** The user for whom the task acts. Do not log it. `tid` and `oid` are GUIDs in lower case. */
  user: { id: UserId; tid: string; oid: string };
  /** Calls the task's API with the user's token. The token is sent to that API only. */
  api: { fetch: ApiFetch };
  /** The access token for the task's API. Do not log it, store it, or send it to another API. */
  token: string;
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
  /** The API that the task calls: `graph`, or a result of {@link defineApi}. */
  api: Api<Clients>;
  /** Delegated permissions of that API, such as `['User.Read']` or `['api://<client id>/<scope>']`. At least one. */
  scopes: readonly string[];
  /** Whole milliseconds from 1 to 60,000. Default 10,000. */
  timeoutMs?: number;
  /** Acts for one user. It may run again for the same user, so it must be safe to repeat: `docs/tasks.md`. */
  run(context: TaskContext & Clients): Promise<unknown>;
};

export type Task = Readonly<Required<TaskDefinition>>;

const DEFAULT_TIMEOUT_MS = 10_000;
/** A run ends after about a minute, and so do its tasks. */
const MAX_TIMEOUT_MS = 60_000;

/**
 * Defines a task. The worker runs it as each user for whom a check obtained a token.
 * @throws {TypeError} the definition is wrong; the message says what to change.
 */
export function defineTask<Clients extends object>(definition: TaskDefinition<Clients>): Task {
  const { name, api, scopes, timeoutMs = DEFAULT_TIMEOUT_MS, run } = definition;
  checkUse('Task', { name, api, scopes, timeoutMs }, run, MAX_TIMEOUT_MS);
  // The cast is safe because a task runs with the clients of its own API.
  return Object.freeze({ name, api, scopes: Object.freeze([...scopes]), timeoutMs, run }) as Task;
}

/**
 * Lists tasks in the order in which they run.
 * @throws {TypeError} two tasks have the same name.
 */
export function listTasks(...tasks: Task[]): readonly Task[] {
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new TypeError(
      `Two tasks have the name "${twice}". Rename one, because the history identifies tasks by name.`,
    );
  }
  return Object.freeze(tasks);
}
