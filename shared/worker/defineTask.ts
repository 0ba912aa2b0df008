import type { Api, ApiFetch } from '../api.ts';
import { GRAPH_RESOURCES, isKnownApi } from '../tokens/knownApi.ts';
import type { UserId } from '../userId.ts';

/** What a task's `run` gets for one user, together with the clients of its API (`graph` for Microsoft Graph). */
export type TaskContext = {
  /** The user for whom the task acts. Do not log it. `tid` and `oid` are GUIDs in lower case. */
  user: { id: UserId; tid: string; oid: string };
  /** Calls the task's API with a token for its scopes. The token is sent to that API only. */
  api: { fetch: ApiFetch };
  /** An access token for the task's scopes. Do not log it, store it, or send it to another API. */
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

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const DEFAULT_TIMEOUT_MS = 10_000;
/** A run ends after about a minute, and so do its tasks. */
const MAX_TIMEOUT_MS = 60_000;

/**
 * Defines a task. The worker runs it as each user for whom a check obtained a token.
 * @throws {TypeError} the definition is wrong; the message says what to change.
 */
export function defineTask<Clients extends object>(definition: TaskDefinition<Clients>): Task {
  const { name, api, scopes, timeoutMs = DEFAULT_TIMEOUT_MS, run } = definition;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new TypeError(
      `A task's name must begin with a lower-case letter, followed by at most 39 lower-case letters, digits or hyphens, such as "read-profile". It is ${JSON.stringify(name)}.`,
    );
  }
  const refuse = (problem: string) => new TypeError(`Task "${name}": ${problem}`);
  if (!isKnownApi(api)) {
    throw refuse('it has no api. Give it graph, or an API from defineApi.');
  }
  if (!Array.isArray(scopes) || scopes.length === 0) {
    throw refuse("it has no scopes. Name the permissions it needs, such as ['User.Read'].");
  }
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !/^\S+$/.test(scope)) {
      throw refuse(
        `${JSON.stringify(scope)} is not one scope. Write each scope as its own string, without spaces.`,
      );
    }
  }
  const foreign = scopes.find((scope) => !isScopeOf(api, scope));
  if (foreign !== undefined) {
    throw refuse(
      `the scope ${foreign} does not belong to ${api.resource}, and a token is for one API. Make a task for each API.`,
    );
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw refuse(`timeoutMs must be whole milliseconds from 1 to ${MAX_TIMEOUT_MS}.`);
  }
  if (typeof run !== 'function') throw refuse('it has no run. Give it an async function.');
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

/** Entra reads a scope without a resource as a scope of Microsoft Graph. */
function isScopeOf({ resource, otherResources = [] }: Api, scope: string): boolean {
  const slash = scope.lastIndexOf('/');
  return [resource, ...otherResources].includes(slash < 0 ? GRAPH_RESOURCES[0] : scope.slice(0, slash));
}
