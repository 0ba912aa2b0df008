import { PlainError } from '../../ops/cli/errors.ts';

/**
 * Reads a value that azd gives to its hooks: an output of the templates, or a variable of the environment.
 * @throws {PlainError} it is missing.
 */
export function readOutput(name: string): string {
  const value = optional(name);
  if (value !== '') return value;
  throw new PlainError(
    `${name} is missing. azd gives it to its hooks; to run this by hand, set it as "azd env get-values" shows it.`,
  );
}

/**
 * Reads an address and drops a slash at its end.
 * @throws {PlainError} it is missing, or not an origin.
 */
export function readOrigin(name: string): string {
  const value = readOutput(name).replace(/\/$/, '');
  if (URL.canParse(value) && new URL(value).origin === value) return value;
  throw new PlainError(`${name} has to be an origin, such as https://example.org.`);
}

/** An empty text stands for a value that is missing. */
export const optional = (name: string): string => process.env[name]?.trim() ?? '';
