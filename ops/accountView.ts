import {
  attemptsOf,
  failureOf,
  isTombstone,
  type Stored,
  type StoredFailure,
  tokensOf,
} from '../shared/account/account.ts';
import type { LogId } from '../shared/userId.ts';

/** An account as a list shows it. It has no user name and no claim value. */
export function accountView(account: Stored, logId: LogId) {
  const failure = failureOf(account);
  return {
    user: logId(account.userId),
    state: account.state,
    lastActivity: lastActivityOf(account),
    nextCheckAt: account.state === 'damaged' ? null : account.nextCheckAt,
    lastRefreshed: tokensOf(account).lastRefreshed ?? null,
    failure: failure === undefined ? null : failureView(failure),
    attempts: attemptsOf(account),
  };
}

/** A tombstone has the time since when it is one. */
function lastActivityOf(account: Stored): Date | null {
  if (account.state === 'damaged') return null;
  return isTombstone(account) ? account.since : account.lastActivity;
}

function failureView({ kind, code, suberror, claims, at }: StoredFailure) {
  return { kind, code, suberror: suberror ?? null, hasClaims: claims !== undefined, at };
}

/** The time in ISO 8601 without fractions of a second, or a dash if there is none. */
export function timeText(time: Date | null | undefined): string {
  return time ? time.toISOString().replace(/\.\d+/, '') : '-';
}
