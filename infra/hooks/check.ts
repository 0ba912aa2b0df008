import { PlainError } from '../../ops/cli/errors.ts';

/** One thing that has to hold of a deployment. */
export type Check = {
  /** What holds if it passes. */
  says: string;
  /** @throws {PlainError} it does not hold, and what to do. */
  run: () => Promise<void>;
};

/** A check that does not pass, but may pass by itself: a role or a setting is still on its way. */
export class NotYet extends PlainError {
  /** How long to wait before it is worth trying again; undefined if nobody said. */
  readonly againInMs: number | undefined;

  constructor(message: string, againInMs?: number) {
    super(message);
    this.againInMs = againInMs;
  }
}
