import type { Api } from '../api.ts';
import { RequestMalformedError } from '../errors.ts';
import { isPermission, missingScopes, permissionsIn, shortNamesOf } from '../tokens/scopes.ts';

/** What keeps a connection. Without a scope of an API, Entra would give a token for none. Users may consent to it. */
const KEEPING_SCOPE = 'User.Read';

/** A function or a task, as far as a link is concerned. */
export type LinkUse = { name: string; api: Api; scopes?: readonly string[]; consent?: 'link' };

type Kind = 'tasks' | 'functions';
export type LinkUses = Record<Kind, readonly LinkUse[]>;

/**
 * The tasks and functions that a link is to ask for by name.
 * @param api the one that keeps the connection
 * @throws {RequestMalformedError} there is none of such a name, or it names no permission of that API.
 */
export function chosenUses(
  api: Api,
  uses: LinkUses,
  chosen: Partial<Record<Kind, readonly string[]>>,
): LinkUse[] {
  const chosenOf = (kind: Kind): LinkUse[] =>
    (chosen[kind] ?? []).map((name) => {
      const use = uses[kind].find((one) => one.name === name);
      if (use === undefined || scopesOf(api, [use]).length === 0) {
        throw new RequestMalformedError(`"${kind}" has a name of none that a link asks for.`);
      }
      return use;
    });
  return [...chosenOf('tasks'), ...chosenOf('functions')];
}

/**
 * What a link asks for, as short names: what keeps the connection, what was chosen, and what is granted already, so that it is in
 * the token of the code, too. Nothing else: a permission that only an administrator can give must not cost the connection.
 * Without permissions that are known, it also asks for what functions need whose consent is not left to a link, because they are
 * why the user is here. Tasks are asked for by name.
 * @param chosen a result of {@link chosenUses}
 * @param granted the permissions of the user's last token; undefined if there is none, or if its consent was withdrawn
 */
export function linkScopes(
  api: Api,
  { tasks, functions }: LinkUses,
  chosen: readonly LinkUse[],
  granted: readonly string[] | undefined,
): string[] {
  const known = granted && permissionsIn(granted.join(' '));
  const kept =
    known === undefined
      ? scopesOf(
          api,
          functions.filter(({ consent }) => consent === undefined),
        )
      : scopesOf(api, [...tasks, ...functions]).filter((scope) => missingScopes([scope], known).length === 0);
  const names = shortNamesOf([KEEPING_SCOPE, ...kept, ...scopesOf(api, chosen)]);
  // Scopes are not case-sensitive.
  const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  return names.filter((name, index) => names.findIndex((one) => isSame(one, name)) === index);
}

/** Entra refuses a request that asks for everything (`.default`) and for something by name. */
const scopesOf = (api: Api, uses: readonly LinkUse[]): string[] =>
  uses
    .filter((use) => use.api === api)
    .flatMap((use) => use.scopes ?? [])
    .filter(isPermission);
