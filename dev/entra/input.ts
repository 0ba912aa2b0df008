/** Input from outside (control API, options) that is refused; the message says what was wrong and what is allowed. */
export class InputError extends TypeError {
  override readonly name = 'InputError';
}

/** The form of Entra's ids. */
export const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** True for a JSON object: neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * The fields of an object that may have these and no others.
 * @param what begins the message
 * @throws InputError that names the field and what is allowed
 */
export function readFields<N extends string>(
  what: string,
  input: unknown,
  names: readonly N[],
): [name: N, value: unknown][] {
  const allowed = names.join(', ');
  if (!isRecord(input)) throw new InputError(`${what}: expected an object with any of ${allowed}`);
  return Object.entries(input).map(([field, value]) => {
    const name = names.find((known) => known === field);
    if (name === undefined) throw new InputError(`${what}: no "${field}"; allowed are ${allowed}`);
    return [name, value];
  });
}
