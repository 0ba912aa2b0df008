import { sleep } from '../clock.ts';
import { ConflictError, UnavailableError } from '../errors.ts';
import type { Services } from '../ports.ts';
import type { UserId } from '../userId.ts';
import type { Account, Stored } from './account.ts';

/**
 * Decides what an account becomes, from what it is now; undefined if there is none. `keep` does not change it. It may be
 * called several times, because another operation may write first.
 */
type Transition = (now: Stored | undefined) => Next | Promise<Next>;
type Next = Account | 'keep';

type ChangeOptions = {
  /** The account, if the caller has just read it. The first try then reads nothing. */
  known?: Stored | undefined;
  signal?: AbortSignal | undefined;
};

type Change = {
  /** What the account was when the transition decided. */
  before: Stored | undefined;
  /** What it is now. */
  account: Stored | undefined;
  changed: boolean;
};

const TRIES = 8;
const BACK_OFF_BASE_MS = 5;

/**
 * Reads an account, lets the transition decide, and writes the result. If another operation wrote in the meantime, it
 * tries again. Code that changes an account calls this function.
 * @throws {ConflictError} another operation wrote first on every try.
 * @throws {UnavailableError} the store cannot be reached, or the signal aborted.
 */
export async function changeAccount(
  { accounts, clock }: Pick<Services, 'accounts' | 'clock'>,
  userId: UserId,
  transition: Transition,
  { known, signal }: ChangeOptions = {},
): Promise<Change> {
  let before = known ?? (await accounts.read(userId, signal));
  for (let attempt = 1; ; attempt += 1) {
    const next = await transition(before);
    if (next === 'keep') return { before, account: before, changed: false };
    try {
      const account =
        before === undefined
          ? await accounts.create(next, signal)
          : await accounts.update(before, next, signal);
      return { before, account, changed: true };
    } catch (error) {
      if (!(error instanceof ConflictError) || attempt === TRIES) throw error;
    }
    // The time is random, so that two operations with a conflict do not try at the same time again.
    await sleep(clock, clock.random() * BACK_OFF_BASE_MS * 2 ** attempt, signal).catch((cause) => {
      throw new UnavailableError('accounts', { cause });
    });
    before = await accounts.read(userId, signal);
  }
}
