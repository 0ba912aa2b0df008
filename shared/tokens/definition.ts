import { isRecord } from '../isRecord.ts';

/** What a value is, for a message. The value itself is not told: who mistakes the order of arguments may have given a token. */
export function kindOf(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a plain ${typeof value}`;
}

/** A name or a scope in a developer's code, for a message. Of other things it says what they are. */
export const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value) : kindOf(value);

/**
 * Checks of what a definition is made. A misspelt member would be left out without a word.
 * @param by the function that takes it, for the messages
 * @throws {TypeError} it is no object, or has another member; the message says what to change.
 */
export function checkMembers(by: string, definition: unknown, members: readonly string[]): void {
  const known = `Its members are ${members.join(', ')}.`;
  if (!isRecord(definition)) {
    throw new TypeError(
      `${by} needs a definition, which is an object. It got ${kindOf(definition)}. ${known}`,
    );
  }
  const other = Object.keys(definition).find((member) => !members.includes(member));
  if (other !== undefined) {
    const which = typeof definition.name === 'string' ? ` of ${shown(definition.name)}` : '';
    throw new TypeError(
      `The definition${which} for ${by} has the unknown member ${shown(other)}. Correct its name, or leave it out. ${known}`,
    );
  }
}
