import type { Failure } from '../errors.ts';
import type { AccountFields, ScheduleSettings } from '../ports.ts';
import { retireAt } from './schedule.ts';

/** Returns the account with one more failure recorded. */
export function withFailure(account: AccountFields, failure: Failure, now: Date): AccountFields {
  const { kind, code, suberror, claims, askedBy } = failure;
  return {
    ...account,
    runId: undefined,
    attempts: account.attempts + 1,
    failure: {
      kind,
      code,
      at: now,
      ...(suberror === undefined ? {} : { suberror }),
      ...(claims === undefined ? {} : { claims }),
      ...(askedBy === undefined ? {} : { askedBy }),
    },
    history: [...account.history, { at: now, outcome: 'failed', kind, code }],
  };
}

/** Marks the user: the worker asks for no token until the user visits, and retires the account if they do not. */
export function markNeedsUser(
  account: AccountFields,
  failure: Failure,
  now: Date,
  schedule: ScheduleSettings,
): AccountFields {
  return {
    ...withFailure(account, failure, now),
    state: 'needs-user',
    dueAt: retireAt(account, schedule),
  };
}
