import type { Failure, FailureKind } from '../errors.ts';
import type { Grant } from '../ports.ts';
import type { UserId } from '../userId.ts';

/** A run holds the account until this time. Only this run may settle the account. */
export type Lease = { runId: string; until: Date };

export type HistoryEntry = {
  at: Date;
  outcome: 'refreshed' | 'from-cache' | 'failed' | 'task-done' | 'task-failed';
  kind?: FailureKind;
  code?: string;
  /** The task's name. */
  task?: string;
};

/** Neighbouring checks that ended alike: where the token came from, or why there was none, and how each task ended. */
export type AlikeChecks = {
  /** When the first and the last of them got the token, or failed. */
  first: Date;
  last: Date;
  times: number;
  outcome: 'refreshed' | 'from-cache' | 'failed';
  kind?: FailureKind;
  code?: string;
  /** Which grant kept the connection after the last of them. Absent if it failed, or if an earlier release did it. */
  grant?: Grant;
  /** When that grant ended, as far as the token endpoint has told it. */
  grantEndsAt?: Date;
  /** The tasks that at least one of them ran. */
  tasks: readonly AlikeTask[];
};

export type AlikeTask = {
  task: string;
  outcome: 'done' | 'failed';
  kind?: FailureKind;
  code?: string;
  /** When it ended last. */
  last: Date;
  /** In how many of the checks it ran. */
  times: number;
};

/** What an account keeps of a failure, and when the failure happened. */
export type StoredFailure = Pick<Failure, 'kind' | 'code' | 'suberror' | 'claims' | 'askedBy'> & { at: Date };

/** A failure that may pass by itself. */
export type Trouble = {
  /** How many checks in a row failed, for the back-off. */
  attempts: number;
  /** Absent if the fault is our own: users are not told of it. */
  failure?: StoredFailure;
};

/** What is known of the user's tokens. */
export type Tokens = {
  /** When the newest access token ends. */
  expiresOn: Date;
  /** When the worker last got a token from the token endpoint. */
  lastRefreshed?: Date;
  refreshTokenExpiresOn?: Date;
  /** Which grant that refresh token is of. Absent: that of an exchange. */
  grant?: 'code';
  /** The token endpoint has told that end. Absent: it is an estimate. */
  isEndTold?: true;
};

export type NoticeKind = 'needs-user' | 'expiring' | 'recovered';

/** What the user's application is told of the connection while the user is away: `notice.ts`. */
export type Notice = {
  /** The same at each try, so that a receiver knows a notice that comes twice. */
  id: string;
  what: NoticeKind;
  /** When it became true. */
  since: Date;
  /** How many tries to deliver it have failed. */
  attempts: number;
  /** With `needs-user`: the application may have been told so before, and a recovery was not delivered since. */
  again?: true;
  /** When it is tried next. Absent once it was delivered or given up: what the application was told is still known. */
  nextTryAt?: Date;
};

export type PendingNotice = Notice & { nextTryAt: Date };
/**
 * A link that the user has begun: their browser gets this API a grant of its own. Each step is good once.
 * `asked`: there is a ticket. `opened`: a browser is on its way to Entra and back.
 */
export type PendingLink = { id: string; step: 'asked' | 'opened'; until: Date };

type Scheduled = {
  userId: UserId;
  /** When the next check is due. A store rounds it up to a whole second. During a check it stays the time of this check. */
  nextCheckAt: Date;
  lease?: Lease;
};

type ConnectedFields = Scheduled & {
  /**
   * A new id each time the user is connected. The stored cache has it, too. So an operation that began before the account
   * ended cannot write into what is stored after the user came back.
   */
  generation: string;
  /** When the user was connected. Absent if an earlier release connected them. */
  connectedAt?: Date;
  /** MSAL's id of the user. Absent before the first exchange. */
  homeAccountId?: string;
  userPrincipalName?: string;
  lastActivity: Date;
  /** Newest last, at most 20 entries. Only the worker writes it. */
  history: readonly HistoryEntry[];
  /** The history by checks: `checksOf` reads it. Absent before the first check, and if an earlier release wrote all of it. */
  checks?: readonly AlikeChecks[];
  /** Until when the user's tasks rest. It may be over: {@link pausedUntil} of `pause.ts` reads it. */
  tasksPausedUntil?: Date;
  /** What the user's tasks remember and tell, sealed: `taskMemory.ts`. Absent if there is nothing. Only the worker writes it. */
  memory?: string;
  /** Absent if the application has nothing to hear, and was told nothing that a later notice may have to take back. */
  notice?: Notice;
  /** When somebody last asked for a check at once: `wakeUser.ts`. */
  wokenAt?: Date;
  /** Absent if the user has begun no link, or it has succeeded. What another one leaves is of no use, and the next one replaces it. */
  link?: PendingLink;
};

/** No cache was stored yet. */
export type Pending = ConnectedFields & { state: 'pending'; trouble?: Trouble };

/** The worker keeps the user's token valid. */
export type Active = ConnectedFields & Tokens & { state: 'active'; trouble?: Trouble };

/** Only the user can correct the failure, by a visit. The tokens are those of the last check that succeeded. */
export type NeedsUser = ConnectedFields & Partial<Tokens> & { state: 'needs-user'; failure: StoredFailure };

/**
 * What is left of an account that the user (`disconnected`), or time or an operator (`retired`) ended: nothing of the
 * person. It stays for a while, so that operations still running see that the account ended.
 */
export type Tombstone = Disconnected | Retired;

/** `since` is when the user disconnected, or last visited after that. */
export type Disconnected = Scheduled & { state: 'disconnected'; since: Date };

/** `since` is when the account was retired. */
export type Retired = Scheduled & { state: 'retired'; since: Date };

/** One account. Dates are UTC with milliseconds, unless a comment says something else. */
export type Account = Pending | Active | NeedsUser | Tombstone;

export type Connected = Exclude<Account, Tombstone>;

/**
 * An account that cannot be believed, because somebody edited what is stored: its last activity is not a time. The worker
 * leaves it alone, and the user's next visit connects it anew.
 */
export type Damaged = Scheduled & { state: 'damaged'; was: 'connected' | Tombstone['state'] };

export type AccountState = Account['state'];

/** An account as a store has it. The ETag is its version. */
export type Stored<A = Account | Damaged> = A & { etag: string };

/** True for an account that has ended. */
export const isTombstone = <A extends Account | Damaged>(account: A): account is Extract<A, Tombstone> =>
  account.state === 'disconnected' || account.state === 'retired';

/** True for an account that has not ended: the worker acts for it, or would act if the user corrected the failure. */
export const isConnected = <A extends Account | Damaged>(account: A): account is Extract<A, Connected> =>
  account.state === 'pending' || account.state === 'active' || account.state === 'needs-user';

/** True if both are the same connection: nobody ended the account, or connected it anew, in between. */
export function isSameConnection(begun: Connected, later: Account | Damaged | undefined): later is Connected {
  return later !== undefined && isConnected(later) && later.generation === begun.generation;
}

/** True if a connection no longer exists, so that its cache must not stay. A damaged account has not ended. */
export function hasEnded(begun: Connected, later: Account | Damaged | undefined): boolean {
  return later?.state !== 'damaged' && !isSameConnection(begun, later);
}

/**
 * Since when the user has been connected, as far as the account can tell. An earlier release did not store it. For its
 * accounts it is the oldest time that is stored, so the connection may be older.
 */
export function connectedSince(account: Connected): Date {
  const { connectedAt, lastActivity, history } = account;
  if (connectedAt !== undefined) return connectedAt;
  const known = [lastActivity, history[0]?.at, tokensOf(account).lastRefreshed, failureOf(account)?.at];
  return new Date(Math.min(...known.flatMap((time) => time?.getTime() ?? [])));
}

/** When a run meets the account next: when its lease ends or, if nobody has leased it, when its check is due. */
export const dueAt = ({ lease, nextCheckAt }: Scheduled): Date => lease?.until ?? nextCheckAt;

/** Why the last check failed; undefined if it did not, or if the fault is our own. */
export function failureOf(account: Account | Damaged): StoredFailure | undefined {
  if (account.state === 'needs-user') return account.failure;
  return account.state === 'pending' || account.state === 'active' ? account.trouble?.failure : undefined;
}

/**
 * The notice that has to be delivered. A release that does not know notices may have changed the account since, so a notice
 * that no longer says what is true is not one.
 */
export function pendingNotice(account: Account | Damaged): PendingNotice | undefined {
  if (!isConnected(account) || account.notice?.nextTryAt === undefined) return undefined;
  const { notice, state } = account;
  const isTrue = (notice.what === 'needs-user') === (state === 'needs-user');
  return isTrue ? { ...notice, nextTryAt: account.notice.nextTryAt } : undefined;
}

/** How many checks in a row failed, if the next one may succeed. */
export function attemptsOf(account: Account | Damaged): number {
  return account.state === 'pending' || account.state === 'active' ? (account.trouble?.attempts ?? 0) : 0;
}

/** What is known of the user's tokens: nothing before the first exchange. */
export function tokensOf(account: Account | Damaged): Partial<Tokens> {
  if (account.state !== 'active' && account.state !== 'needs-user') return {};
  const { expiresOn, lastRefreshed, refreshTokenExpiresOn, grant, isEndTold } = account;
  return {
    ...(expiresOn && { expiresOn }),
    ...(lastRefreshed && { lastRefreshed }),
    ...(refreshTokenExpiresOn && { refreshTokenExpiresOn }),
    ...(grant && { grant }),
    ...(isEndTold && { isEndTold }),
  };
}
