import type { Api, ApiFetch } from '../ports.ts';
import type { UserId } from '../userId.ts';

/** What a task is given for one user, beside the clients of its API (`graph` for Microsoft Graph). */
export type TaskContext = {
  /** For whom the task acts. Not to be logged. */
  user: { id: UserId; tid: string; oid: string };
  /** The task's API with a token for its scopes. The token goes to that API alone. */
  api: { fetch: ApiFetch };
  /** An access token for the task's scopes. Not to be logged, nor kept, nor sent to another API. */
  token: string;
  /** Writes one line of at most 200 characters under the user's log id; one that names the user is withheld. */
  log: (note: string) => void;
  /** Ends at the task's time-out and with the run. */
  signal: AbortSignal;
};

export type TaskDefinition<Clients extends object = object> = {
  /** Lower-case letters, digits and hyphens; what history, logs and audit call it. */
  name: string;
  /** Whose scopes they are: `graph`, or what {@link defineApi} made. */
  api: Api<Clients>;
  /** Delegated permissions of that API, such as `['User.Read']` or `['api://<client id>/<scope>']`. */
  scopes: readonly string[];
  /** Milliseconds; default 10 000. */
  timeoutMs?: number;
  /** Acts for one user, and may be repeated for the same one: `docs/tasks.md`. */
  run(context: TaskContext & Clients): Promise<unknown>;
};

export type Task = Readonly<Required<TaskDefinition>>;

const NAME = /^[a-z][a-z0-9-]{0,39}$/;
const DEFAULT_TIMEOUT_MS = 10_000;
/** A run ends after about a minute, and its tasks with it. */
const MAX_TIMEOUT_MS = 60_000;

/**
 * A task that the worker runs as each user it has a token for.
 * @throws {TypeError} that says what is wrong with it, and how to mend it.
 */
export function defineTask<Clients extends object>(definition: TaskDefinition<Clients>): Task {
  const { name, api, scopes, timeoutMs = DEFAULT_TIMEOUT_MS, run } = definition;
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw new TypeError(
      `A task's name must begin with a lower-case letter and go on with at most 39 of these, digits or hyphens, such as "read-profile"; it is ${JSON.stringify(name)}.`,
    );
  }
  const refuse = (problem: string) => new TypeError(`Task "${name}": ${problem}`);
  if (typeof api?.name !== 'string') {
    throw refuse('it has no api. Give it graph, or one that defineApi made.');
  }
  if (!Array.isArray(scopes) || scopes.length === 0) {
    throw refuse("it has no scopes. Name the permissions it needs, such as ['User.Read'].");
  }
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !/^\S+$/.test(scope)) {
      throw refuse(`${JSON.stringify(scope)} is not one scope. Give each its own string, without spaces.`);
    }
  }
  const foreign = scopes.find((scope) => !isScopeOf(api, scope));
  if (foreign !== undefined) {
    throw refuse(
      `the scope ${foreign} is not one of ${api.resource}, and a token is for one API. Make a task for each API.`,
    );
  }
  if (!Number.isInteger(timeoutMs) || timeoutMs < 1 || timeoutMs > MAX_TIMEOUT_MS) {
    throw refuse(`timeoutMs must be whole milliseconds from 1 to ${MAX_TIMEOUT_MS}.`);
  }
  if (typeof run !== 'function') throw refuse('it has no run. Give it an async function.');
  // The clients that its run expects are those that its own API opens.
  return Object.freeze({ name, api, scopes: Object.freeze([...scopes]), timeoutMs, run }) as Task;
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

/** Entra takes a scope without a resource for Microsoft Graph's. */
const DEFAULT_RESOURCE = 'https://graph.microsoft.com';

function isScopeOf({ resource, otherResources = [] }: Api, scope: string): boolean {
  const slash = scope.lastIndexOf('/');
  return [resource, ...otherResources].includes(slash < 0 ? DEFAULT_RESOURCE : scope.slice(0, slash));
}
