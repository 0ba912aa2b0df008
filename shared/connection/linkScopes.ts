import type { Api } from '../api.ts';
import { RequestMalformedError } from '../errors.ts';

/** A link asks for at least this. Without a scope of an API, Entra would give a token for none. */
const LEAST_SCOPE = 'User.Read';

/** A function or a task, as far as a link is concerned. */
type Use = { api: Api; scopes?: readonly string[] };
type TaskUse = Use & { name: string; consent?: 'link' };

/**
 * What a link asks for: what the functions and the tasks of one API need, and the tasks that the user turns on.
 * @param api the one that keeps the connection
 * @param names the tasks that the user turns on
 * @throws {RequestMalformedError} users turn on no task of such a name.
 */
export function linkScopes(
  api: Api,
  { tasks, functions }: { tasks: readonly TaskUse[]; functions: readonly Use[] },
  names: readonly string[] = [],
): string[] {
  const chosen = names.map((name) => {
    const task = tasks.find((one) => one.name === name && one.consent === 'link');
    if (task === undefined) {
      throw new RequestMalformedError('"tasks" has a name of no task that users turn on.');
    }
    return task;
  });
  const uses = [...tasks.filter(({ consent }) => consent === undefined), ...functions, ...chosen];
  const scopes = uses.filter((use) => use.api === api).flatMap((use) => use.scopes ?? []);
  return scopes.length === 0 ? [LEAST_SCOPE] : [...new Set(scopes)];
}
