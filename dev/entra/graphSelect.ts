import { GraphError } from './entraError.ts';

/**
 * The properties that `$select` names.
 * @throws GraphError 400 for a property that there is not
 */
export function selected(what: string, all: Record<string, unknown>, names: readonly string[]): object {
  const unknown = names.find((name) => !Object.hasOwn(all, name));
  if (unknown !== undefined) {
    throw new GraphError(400, 'BadRequest', `A ${what} has no property '${unknown}'.`);
  }
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}
