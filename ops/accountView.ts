import type { Account, StoredFailure } from '../shared/ports.ts';
import type { LogId } from '../shared/userId.ts';

/** An account as a list shows it. It has no user name and no claim value. */
export function accountView(account: Account, logId: LogId) {
  return {
    user: logId(account.userId),
    state: account.damaged ? 'damaged' : account.state,
    lastActivity: account.damaged ? null : account.lastActivity,
    nextCheckAt: account.damaged ? null : account.dueAt,
    lastRefreshed: account.lastRefreshed ?? null,
    failure: account.failure === undefined ? null : failureView(account.failure),
    attempts: account.attempts,
  };
}

function failureView({ kind, code, suberror, claims, at }: StoredFailure) {
  return { kind, code, suberror: suberror ?? null, hasClaims: claims !== undefined, at };
}

/** The time in ISO 8601 without fractions of a second, or a dash if there is none. */
export function timeText(time: Date | null | undefined): string {
  return time ? time.toISOString().replace(/\.\d+/, '') : '-';
}
