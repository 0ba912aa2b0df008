import { nameOfError } from '../log.ts';

/** Every JWT, and each of its parts that can be decoded, begins like this. */
const ENCODED_JSON = /eyJ[\w-]{8}/;
/** The form of most results of {@link nameOfError}. Any other text may be prose, which may name people. */
const ERROR_NAME = /^[\w.:<-]{1,80}$/;

/**
 * Tells of a text whether it reveals a user: whether it holds anything like a JWT, or one of these.
 * @param secrets such as the user's token, object id and user principal name
 */
export function createReveals(secrets: readonly (string | undefined)[]): (text: string) => boolean {
  const folded = secrets.flatMap((secret) => secret?.toLowerCase() ?? []);
  return (text) => ENCODED_JSON.test(text) || folded.some((secret) => text.toLowerCase().includes(secret));
}

/** What is recorded in the place of a name that might reveal a user. */
export const UNNAMED = 'unnamed';

/** What may be recorded of an error of an adopter's code: its class, code and status; `unnamed` if they might reveal a user. */
export function nameWithout(reveals: (text: string) => boolean, error: unknown): string {
  const name = nameOfError(error);
  return ERROR_NAME.test(name) && !reveals(name) ? name : UNNAMED;
}
