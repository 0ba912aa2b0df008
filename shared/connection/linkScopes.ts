import type { Api } from '../api.ts';
import { RequestMalformedError } from '../errors.ts';
import { isPermission } from '../tokens/scopes.ts';

/** A link asks for at least this. Without a scope of an API, Entra would give a token for none. */
const LEAST_SCOPE = 'User.Read';

/** A function or a task, as far as a link is concerned. */
export type LinkUse = { name: string; api: Api; scopes?: readonly string[]; consent?: 'link' };

type Kind = 'tasks' | 'functions';

/**
 * What a link asks for: what the functions and the tasks of one API need, and those for which the user consents by a link.
 * @param api the one that keeps the connection
 * @param chosen the names of the latter
 * @throws {RequestMalformedError} nobody consents to a task or a function of such a name by a link.
 */
export function linkScopes(
  api: Api,
  uses: Record<Kind, readonly LinkUse[]>,
  chosen: Partial<Record<Kind, readonly string[]>> = {},
): string[] {
  const chosenOf = (kind: Kind): LinkUse[] =>
    (chosen[kind] ?? []).map((name) => {
      const use = uses[kind].find((one) => one.name === name && one.consent === 'link');
      if (use === undefined) {
        throw new RequestMalformedError(`"${kind}" has a name of none that a link asks for.`);
      }
      return use;
    });
  const needed = [...uses.tasks, ...uses.functions].filter(({ consent }) => consent === undefined);
  const scopes = [...needed, ...chosenOf('tasks'), ...chosenOf('functions')]
    .filter((use) => use.api === api)
    .flatMap((use) => use.scopes ?? [])
    // Entra refuses a request that asks for everything and for something by name.
    .filter(isPermission);
  return scopes.length === 0 ? [LEAST_SCOPE] : [...new Set(scopes)];
}
