import { sleep } from '../clock.ts';
import { ConflictError } from '../errors.ts';
import type { Account, AccountFields, Services } from '../ports.ts';
import type { UserId } from '../userId.ts';

/**
 * Decides what an account becomes, from what it is at this moment; `keep` leaves it as it is. It may be called several
 * times, because somebody else may write first.
 */
export type Transition = (now: Account | undefined) => AccountFields | 'keep';

export type ChangeOptions = {
  /** The account as it was just read. The first try decides on it, and reads nothing. */
  known?: Account | undefined;
  signal?: AbortSignal | undefined;
};

export type Change = {
  /** What the account was when the transition decided. */
  before: Account | undefined;
  /** What it is now. */
  account: Account | undefined;
  changed: boolean;
};

const TRIES = 8;
const BACK_OFF_BASE_MS = 5;

/**
 * Reads an account, lets the transition decide, and writes the result if nobody else wrote meanwhile; otherwise it tries
 * again. Every change of an account goes through here.
 * @throws {ConflictError} somebody else wrote first on every try.
 * @throws {UnavailableError}
 */
export async function changeAccount(
  { accounts, clock }: Pick<Services, 'accounts' | 'clock'>,
  userId: UserId,
  transition: Transition,
  { known, signal }: ChangeOptions = {},
): Promise<Change> {
  let before = known ?? (await accounts.read(userId, signal));
  for (let attempt = 1; ; attempt += 1) {
    const next = transition(before);
    if (next === 'keep') return { before, account: before, changed: false };
    try {
      const account =
        before === undefined
          ? await accounts.create(next, signal)
          : await accounts.move(before, next, signal);
      return { before, account, changed: true };
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === TRIES) throw error;
    }
    // Random, so that two that met here do not meet again.
    await sleep(clock, clock.random() * BACK_OFF_BASE_MS * 2 ** attempt);
    before = await accounts.read(userId, signal);
  }
}
