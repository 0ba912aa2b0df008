/** An error whose message is enough: it says what to do, so the terminal shows it without a stack. */
export class PlainError extends Error {
  override readonly name: string = 'PlainError';
}

/** The command line is wrong. The message is one line; the usage text comes below it. */
export class UsageError extends PlainError {
  override readonly name = 'UsageError';
}
