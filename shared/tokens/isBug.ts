/**
 * Whether the language itself threw an error of an adopter's code. It says nothing about the API, even if the API refused a
 * request before: the code may have handled that. The errors of `fetch` are a {@link TypeError}, too, but they always have a
 * cause.
 */
export const isBug = (error: unknown): boolean =>
  [TypeError, RangeError, ReferenceError, SyntaxError, URIError].some((kind) => error instanceof kind) &&
  (error as Error).cause === undefined;
