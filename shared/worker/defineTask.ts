import type { Client as GraphClient } from '@microsoft/microsoft-graph-client';
import type { UserId } from '../userId.ts';

/** What a task is given for one user. */
export type TaskTurn = {
  /** Whose turn it is. Not to be logged. */
  user: { id: UserId; tid: string; oid: string };
  /** An access token for the task's scopes. Not to be logged, nor kept, nor sent to another API. */
  token: string;
  /** Microsoft's client for Graph with that token: for tasks whose scopes are Graph's. */
  graph: GraphClient;
  /** Writes one line of at most 200 characters under the user's log id; one that names the user is withheld. */
  log: (note: string) => void;
  /** Ends at the task's time-out and with the run. */
  signal: AbortSignal;
};

export type TaskDefinition = {
  /** Lower-case letters, digits and hyphens; what history, logs and audit call it. */
  name: string;
  /** Delegated permissions of one API, such as `['User.Read']` or `['api://<client id>/<scope>']`. */
  scopes: readonly string[];
  /** Milliseconds; default 10 000. */
  timeoutMs?: number;
  /** Acts for one user, and may be repeated for the same one: `docs/tasks.md`. */
  run(turn: TaskTurn): Promise<unknown>;
};

export type Task = Readonly<Required<TaskDefinition>> & {
  /** Which API the scopes are of: `graph`, or what stands before the permission in a scope. */
  readonly api: string;
};

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const DEFAULT_TIMEOUT_MS = 10_000;
/** A run ends after about a minute, and its tasks with it. */
const MAX_TIMEOUT_MS = 60_000;
const GRAPH = 'https://graph.microsoft.com';

/**
 * A task that the worker runs as each user it has a token for.
 * @throws {TypeError} that says what is wrong with it, and how to mend it.
 */
export function defineTask(definition: TaskDefinition): Task {
  const { name, scopes, timeoutMs = DEFAULT_TIMEOUT_MS, run } = definition;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new TypeError(
      `A task's name must begin with a lower-case letter and go on with at most 39 of these, digits or hyphens, such as "read-profile"; it is ${JSON.stringify(name)}.`,
    );
  }
  const refuse = (problem: string) => new TypeError(`Task "${name}": ${problem}`);
  if (!Array.isArray(scopes) || scopes.length === 0) {
    throw refuse("it has no scopes. Name the permissions it needs, such as ['User.Read'].");
  }
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !/^\S+$/.test(scope)) {
      throw refuse(`${JSON.stringify(scope)} is not one scope. Give each its own string, without spaces.`);
    }
  }
  const [api = '', ...others] = new Set(scopes.map(apiOf));
  if (others.length > 0) {
    throw refuse(
      `its scopes are of more than one API (${[api, ...others].join(', ')}), and a token is for one. Make a task for each.`,
    );
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw refuse(`timeoutMs must be whole milliseconds from 1 to ${MAX_TIMEOUT_MS}.`);
  }
  if (typeof run !== 'function') throw refuse('it has no run. Give it an async function.');
  return Object.freeze({ name, scopes: Object.freeze([...scopes]), timeoutMs, run, api });
}

/**
 * The tasks in the order they run in.
 * @throws {TypeError} two have the same name.
 */
export function listTasks(...tasks: Task[]): readonly Task[] {
  const names = tasks.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new TypeError(`There are two tasks of the name "${twice}". Rename one: history knows them by it.`);
  }
  return Object.freeze(tasks);
}

function apiOf(scope: string): string {
  const slash = scope.lastIndexOf('/');
  const resource = slash < 0 ? GRAPH : scope.slice(0, slash);
  return resource === GRAPH ? 'graph' : resource;
}
