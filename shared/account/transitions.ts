/**
 * Every way in which an account changes. Each function takes what the account is now and returns what it becomes; none
 * reads a clock or a store. `changeAccount` writes the result.
 */
import type { Failure, FailureKind } from '../errors.ts';
import type { Account, AccountFields, Caller, HistoryEntry, ScheduleSettings, UserToken } from '../ports.ts';
import type { UserId } from '../userId.ts';
import {
  firstCheckAt,
  isTombstone,
  nextCheckAfterFailure,
  nextCheckAfterSuccess,
  nextCheckAfterThrottle,
  refreshTokenEndsAt,
  removeCacheAt,
  retireAt,
} from './schedule.ts';

/** What an account has of no token and no check. A tombstone has nothing more, so no personal data. */
const NOTHING = {
  homeAccountId: undefined,
  userPrincipalName: undefined,
  runId: undefined,
  failure: undefined,
  attempts: 0,
  lastRefreshed: undefined,
  expiresOn: undefined,
  refreshTokenExpiresOn: undefined,
  history: [],
} as const;

/** True if both are the same connection: the user was neither disconnected nor retired in between. */
export function isSameConnection(begun: Account, later: Account | undefined): later is Account {
  return (
    later !== undefined &&
    later.generation === begun.generation &&
    isTombstone(later.state) === isTombstone(begun.state)
  );
}

/** A new connection of a user: at the first visit, after retirement, or when the user reconnects. */
export function connected(
  caller: Caller,
  generation: string,
  now: Date,
  schedule: ScheduleSettings,
): AccountFields {
  return {
    ...NOTHING,
    userId: caller.userId,
    userPrincipalName: caller.userPrincipalName,
    lastActivity: now,
    state: 'pending',
    generation,
    dueAt: firstCheckAt(now, schedule),
  };
}

/** A visit, and no more: the user was here. */
export function seen(account: Account, now: Date): AccountFields {
  return { ...account, lastActivity: now > account.lastActivity ? now : account.lastActivity };
}

/** A visit whose token came from the token endpoint, and whose cache is stored. It ends every failure. */
export function visited(
  account: Account,
  caller: Caller,
  token: UserToken,
  now: Date,
  schedule: ScheduleSettings,
): AccountFields {
  const firstCheck = firstCheckAt(now, schedule);
  // An account that is active, due sooner or leased keeps the time that it has.
  const keepsDueAt = account.state === 'active' || account.dueAt <= firstCheck || account.runId !== undefined;
  return {
    ...account,
    homeAccountId: token.homeAccountId,
    userPrincipalName: caller.userPrincipalName,
    lastActivity: now,
    state: 'active',
    failure: undefined,
    attempts: 0,
    expiresOn: token.expiresOn,
    refreshTokenExpiresOn: refreshTokenEndsAt(token, account.refreshTokenExpiresOn, now),
    ...(keepsDueAt ? {} : { dueAt: firstCheck }),
  };
}

/** The end of a connection. It keeps only the user id, the state and two times. `lastActivity` is when it ended. */
export function tombstoneOf(userId: UserId, state: 'disconnected' | 'retired', now: Date): AccountFields {
  return {
    ...NOTHING,
    userId,
    state,
    dueAt: removeCacheAt(now),
    lastActivity: now,
    generation: '',
  };
}

/** A check that found nothing to do yet. It gives the lease back. */
export function waitingUntil(account: Account, until: Date): AccountFields {
  return { ...account, dueAt: until, runId: undefined };
}

/** A check that got a token and stored its cache. It gives the lease back. */
export function refreshed(
  account: Account,
  token: UserToken,
  now: Date,
  schedule: ScheduleSettings,
  random: number,
): AccountFields {
  const isNew = token.source === 'network';
  const settled = {
    ...account,
    state: 'active' as const,
    homeAccountId: token.homeAccountId,
    runId: undefined,
    failure: undefined,
    attempts: 0,
    lastRefreshed: isNew ? now : account.lastRefreshed,
    expiresOn: token.expiresOn,
    refreshTokenExpiresOn: refreshTokenEndsAt(token, account.refreshTokenExpiresOn, now),
    history: [...account.history, { at: now, outcome: isNew ? 'refreshed' : 'from-cache' } as const],
  };
  return { ...settled, dueAt: nextCheckAfterSuccess(settled, now, schedule, random) };
}

/** A check that failed. The failure may pass by itself, or only the user can correct it. */
export function failed(
  account: Account,
  failure: Failure,
  now: Date,
  schedule: ScheduleSettings,
  random: number,
): AccountFields {
  const { kind, retryAfterSeconds } = failure;
  switch (kind) {
    case 'needs-user':
    case 'consent':
    case 'cache-lost':
      return markedForUser(account, failure, now, schedule);
    case 'throttled':
    case 'tenant':
    case 'transient':
    case 'misconfigured': {
      const recorded = withFailure(account, failure, now);
      const dueAt = nextCheckAfterFailure(recorded, kind, now, schedule, random, retryAfterSeconds);
      return { ...recorded, dueAt };
    }
    default:
      return kind satisfies never;
  }
}

/** A check that failed for a reason that is not the user's. The failure is not recorded. Only the next check is later. */
export function postponed(
  account: Account,
  kind: Exclude<FailureKind, 'needs-user' | 'consent' | 'cache-lost'>,
  now: Date,
  schedule: ScheduleSettings,
  random: number,
): AccountFields {
  const counted = { ...account, attempts: account.attempts + 1, runId: undefined };
  return { ...counted, dueAt: nextCheckAfterFailure(counted, kind, now, schedule, random) };
}

/** Marks the user: the worker requests no token until they visit, and retires the account if they do not. */
export function markedForUser(
  account: AccountFields,
  failure: Failure,
  now: Date,
  schedule: ScheduleSettings,
): AccountFields {
  const recorded = withFailure(account, failure, now);
  return { ...recorded, state: 'needs-user', dueAt: retireAt(account, schedule) };
}

/** Tasks that ran after a check, and the end of Graph's cooldown if one of them began it. */
export function tasksRecorded(
  account: Account,
  entries: readonly HistoryEntry[],
  throttledUntil: Date | undefined,
  now: Date,
  schedule: ScheduleSettings,
): AccountFields {
  const recorded = { ...account, history: [...account.history, ...entries] };
  if (throttledUntil === undefined || account.runId !== undefined) return recorded;
  return { ...recorded, dueAt: nextCheckAfterThrottle(account, throttledUntil, now, schedule) };
}

/** An operator's retry: due now, with the failures counted from 0 again. An account that is due already keeps its time. */
export function retried(account: Account, now: Date): AccountFields {
  return {
    ...account,
    state: account.state === 'needs-user' ? 'active' : account.state,
    dueAt: account.dueAt < now ? account.dueAt : now,
    attempts: 0,
  };
}

function withFailure(account: AccountFields, failure: Failure, now: Date): AccountFields {
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

/** When the account is checked next. Undefined during a check, and for one that needs the user. */
export const nextCheckAt = ({ state, runId, dueAt }: AccountFields): Date | undefined =>
  state === 'needs-user' || runId !== undefined ? undefined : dueAt;
