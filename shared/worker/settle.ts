import type { Account, Stored } from '../account/account.ts';
import { changeAccount } from '../account/changeAccount.ts';
import { released } from '../account/transitions.ts';
import { ConflictError, type Failure } from '../errors.ts';
import type { UserOutcome } from '../log.ts';
import type { UserToken } from '../ports.ts';
import type { Run } from './run.ts';
import type { EndedTasks } from './runTasks.ts';

/** The result of one check. */
export type Check = {
  outcome: UserOutcome;
  reason?: string;
  failure?: Failure;
  /** The token that was obtained, and how the tasks ended. */
  got?: { token: UserToken; tasks: EndedTasks };
};

/** The account as another operation wrote it before the check could settle it; undefined if it no longer exists. */
export type Changed = { changed: Stored | undefined };

/** True as long as the run has the lease. Whoever connects or ends the account takes the lease from the run. */
export const isHeld = ({ summary }: Run, now: Stored | undefined): now is Stored<Account> =>
  now?.lease?.runId === summary.runId && now.state !== 'damaged';

/** Writes `to`, unless the account is no longer what the check decided on. */
export async function settle(
  { app, operation }: Run,
  account: Stored<Account>,
  to: Account,
  check: Check,
): Promise<Check | Changed> {
  const change = await changeAccount(
    app,
    account.userId,
    (now) => (now?.etag === account.etag ? to : 'keep'),
    { known: account, signal: operation.signal },
  );
  return change.changed ? check : { changed: change.account };
}

/**
 * Gives a lease back: the account is due as before, unless another run has the lease by now. The run's signal does not
 * stop this, because a run that ends must give its leases back.
 */
export async function release(run: Run, account: Stored<Account>): Promise<Check> {
  try {
    const { changed } = await changeAccount(
      run.app,
      account.userId,
      (now) => (isHeld(run, now) ? released(now) : 'keep'),
      { known: account },
    );
    return { outcome: changed ? 'released' : 'superseded' };
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return { outcome: 'superseded' };
  }
}
