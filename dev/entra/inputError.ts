/** Input from outside (control API, options) that is refused; the message says what was wrong and what is allowed. */
export class InputError extends TypeError {
  override readonly name = 'InputError';
}

/** True for a JSON object: neither null nor an array. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
