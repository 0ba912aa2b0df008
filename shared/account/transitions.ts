/**
 * Every way in which an account changes. Each function takes what the account is now and returns what it becomes; none
 * reads a clock or a store. `changeAccount` writes the result. `docs/architecture.md` draws them.
 */
import type { Failure } from '../errors.ts';
import type { Caller, ScheduleSettings, UserToken } from '../ports.ts';
import type { UserId } from '../userId.ts';
import {
  type Account,
  type Active,
  type Connected,
  type Disconnected,
  failureOf,
  type HistoryEntry,
  type NeedsUser,
  type Notice,
  type Pending,
  type PendingLink,
  type StoredFailure,
  type Tokens,
  type Tombstone,
  tokensOf,
} from './account.ts';
import { checksOf, type KeptBy, withEntries } from './checks.ts';
import {
  foundByNotice,
  noticeAfter,
  noticeOfMark,
  noticeOfToken,
  noticeOfTrouble,
  type Telling,
  type Told,
} from './notice.ts';
import { pausedUntil } from './pause.ts';
import {
  firstCheckAt,
  isDueTooLate,
  nextCheckAfterFailure,
  nextCheckAfterSuccess,
  nextCheckAfterThrottle,
  type PassingKind,
  refreshTokenEndsAt,
  removeCacheAt,
  retireAt,
} from './schedule.ts';

const MAX_HISTORY = 20;

/** A new connection of a user: at the first visit, after retirement, or when the user reconnects. */
export function connected(
  { userId, userPrincipalName }: Pick<Caller, 'userId' | 'userPrincipalName'>,
  generation: string,
  now: Date,
  schedule: ScheduleSettings,
): Pending {
  return {
    state: 'pending',
    userId,
    ...(userPrincipalName !== undefined && { userPrincipalName }),
    generation,
    connectedAt: now,
    lastActivity: now,
    nextCheckAt: firstCheckAt(now, schedule),
    history: [],
  };
}

/** A visit, and no more: the user was here. */
export function seen<C extends Connected>(account: C, now: Date): C {
  return { ...account, lastActivity: laterOf(account.lastActivity, now) };
}

/** The user lets their tasks rest until that time. Checks go on, so that the connection is kept. */
export function paused<C extends Connected>(account: C, until: Date): C {
  return { ...account, tasksPausedUntil: until };
}

/** The end of a pause before its time. */
export function resumed<C extends Connected>(account: C): C {
  return without(account, 'tasksPausedUntil');
}

/** A visit of a user who has disconnected. The disconnection is remembered for longer. */
export function seenDisconnected(account: Disconnected, now: Date): Disconnected {
  return { ...account, since: laterOf(account.since, now) };
}

/** A visit whose token came from the token endpoint, and whose cache is stored. It ends every failure. */
export function visited(
  account: Connected,
  { userPrincipalName }: Pick<Caller, 'userPrincipalName'>,
  token: UserToken,
  now: Date,
  schedule: ScheduleSettings,
  telling?: Telling,
): Active {
  const sound = isDueTooLate(account, now, schedule) ? dueNow(account, now) : account;
  const firstCheck = firstCheckAt(now, schedule);
  // An active account keeps its next check, so that visits do not postpone it.
  const keepsCheck = sound.state === 'active' || sound.nextCheckAt <= firstCheck;
  // The name is that of this access token, or none: an earlier one is not kept.
  const { userPrincipalName: _, ...connection } = connectionOf(withoutLateLink(sound, now));
  const active: Active = {
    ...connection,
    state: 'active',
    homeAccountId: token.homeAccountId,
    ...(userPrincipalName !== undefined && { userPrincipalName }),
    lastActivity: now,
    nextCheckAt: keepsCheck ? sound.nextCheckAt : firstCheck,
    ...tokensAfter(account, token, now),
  };
  return foundByNotice(withNotice(active, noticeOfToken(account, active, false, telling, now)));
}

/**
 * The end of a connection. Nothing of the person is kept.
 * @param since when it ended, if that was before now: the end was lost with a store, and is written again
 */
export function ended(userId: UserId, state: Tombstone['state'], now: Date, since = now): Tombstone {
  return { state, userId, since: earlierOf(since, now), nextCheckAt: removeCacheAt(now) };
}

/** A step of a link. It replaces what an earlier link has left. */
export function linking<C extends Connected>(account: C, link: PendingLink): C {
  return { ...account, link };
}

/** Every check that settles, and every visit, takes away a link whose time is over: it is kept no longer. */
const withoutLateLink = <C extends Connected>(account: C, now: Date): C =>
  account.link !== undefined && account.link.until <= now ? linkEnded(account) : account;

/** The end of a link that has succeeded. */
export function linkEnded<C extends Connected>(account: C): C {
  return without(account, 'link');
}

/** A run takes the account until that time. */
export function leased<A extends Account>(account: A, runId: string, until: Date): A {
  return { ...account, lease: { runId, until } };
}

/** A run gives the lease back. The account is due as before. */
export function released<A extends Account>(account: A): A {
  return without(account, 'lease');
}

/** A check that found nothing to do yet. It gives the lease back. */
export function waitingUntil<A extends Account>(account: A, until: Date): A {
  return foundByNotice({ ...released(account), nextCheckAt: until });
}

/** An account that is due too late becomes due now, whoever has leased it. */
export function dueNow<A extends Account>(account: A, now: Date): A {
  return { ...released(account), nextCheckAt: now };
}

/** Somebody asks for a check at once. An account that is due already keeps its time. */
export function woken<C extends Connected>(account: C, now: Date): C {
  return { ...account, nextCheckAt: earlierOf(account.nextCheckAt, now), wokenAt: now };
}

/**
 * A check has tried to deliver the account's notice. A notice that came in its place meanwhile stays as it is. The check
 * then settles the account, and so decides when it is due.
 */
export function told<C extends Connected>(account: C, end: Told): C {
  const { notice } = account;
  return notice?.id === end.id ? withNotice(account, noticeAfter(notice, end)) : account;
}

/** The tasks that ran after a token was obtained. */
export type TasksRun = {
  entries: readonly HistoryEntry[];
  /** The end of the API's cooldown for the user, if a task has just begun one. */
  throttledUntil?: Date | undefined;
  /** The last token that the token endpoint gave the tasks. It says what keeps the connection since then. */
  renewed?: UserToken | undefined;
};

/** A check that got a token, stored its cache and ran the tasks. It gives the lease back. */
export function refreshed(
  account: Connected,
  token: UserToken,
  { entries, throttledUntil, renewed }: TasksRun,
  now: Date,
  schedule: ScheduleSettings,
  random: number,
  telling?: Telling,
): Active {
  const isNew = token.source === 'network';
  // A pause that is over is kept no longer.
  const unpaused = pausedUntil(account, now) === undefined ? resumed(account) : account;
  const still = withoutLateLink(unpaused, now);
  const connection = without(connectionOf(still), 'lease');
  const tokens = tokensAfter(account, token, now, renewed);
  const active: Active = {
    ...connection,
    state: 'active',
    homeAccountId: token.homeAccountId,
    ...tokens,
    ...(isNew && { lastRefreshed: now }),
    ...recorded(
      account,
      [{ at: now, outcome: isNew ? 'refreshed' : 'from-cache' }, ...entries],
      keptBy(tokens),
    ),
  };
  // The lease is this check's own, and says nothing of what others may have sent.
  const heard = withNotice(active, noticeOfToken(released(account), active, isNew, telling, now));
  const next = { ...heard, nextCheckAt: nextCheckAfterSuccess(active, now, schedule, random) };
  return foundByNotice(
    throttledUntil === undefined
      ? next
      : { ...next, nextCheckAt: nextCheckAfterThrottle(next, throttledUntil, now, schedule) },
  );
}

/** What the tasks remember after a check that got a token, sealed; undefined if nothing. It replaces what they remembered before. */
export function remembering(account: Active, memory: string | undefined): Active {
  return memory === undefined ? without(account, 'memory') : { ...account, memory };
}

/** A check that failed. The failure may pass by itself, or only the user can correct it. It gives the lease back. */
export function failed(
  account: Connected,
  failure: Failure,
  now: Date,
  schedule: ScheduleSettings,
  random: number,
  telling?: Telling,
): Connected {
  const { kind, retryAfterSeconds } = failure;
  switch (kind) {
    case 'needs-user':
    case 'consent':
    case 'cache-lost':
      return markedForUser(account, failure, now, schedule, telling);
    case 'throttled':
    case 'tenant':
    case 'transient':
    case 'misconfigured': {
      const entries = recorded(account, [failureEntry(failure, now)]);
      // An account that needs the user goes on to need them, whatever fails after it.
      if (account.state === 'needs-user') return { ...withoutLateLink(released(account), now), ...entries };
      const attempts = (account.trouble?.attempts ?? 0) + 1;
      const given = withoutLateLink(released(account), now);
      const heard = withNotice(given, noticeOfTrouble(account, attempts, telling, now));
      // A notice waits for this check, which comes within an hour. Otherwise a receiver that is away would have the token
      // endpoint asked again before its time.
      return {
        ...heard,
        trouble: { attempts, failure: stored(failure, now) },
        ...entries,
        nextCheckAt: nextCheckAfterFailure(account, attempts, kind, now, schedule, random, retryAfterSeconds),
      };
    }
    default:
      return kind satisfies never;
  }
}

/** A check that failed for a reason that is not the user's. The failure is not recorded. Only the next check is later. */
export function postponed(
  account: Connected,
  kind: PassingKind,
  now: Date,
  schedule: ScheduleSettings,
  random: number,
): Connected {
  if (account.state === 'needs-user') return withoutLateLink(released(account), now);
  const trouble = { ...account.trouble, attempts: (account.trouble?.attempts ?? 0) + 1 };
  return {
    ...withoutLateLink(released(account), now),
    trouble,
    nextCheckAt: nextCheckAfterFailure(account, trouble.attempts, kind, now, schedule, random),
  };
}

/**
 * Marks the user: the worker requests no token until they visit, and retires the account if they do not. It gives the
 * lease back.
 */
export function markedForUser(
  account: Connected,
  failure: Failure,
  now: Date,
  schedule: ScheduleSettings,
  telling?: Telling,
): NeedsUser {
  const marked: NeedsUser = {
    ...without(connectionOf(withoutLateLink(account, now)), 'lease'),
    ...(failure.codeRefused ? withoutCode(tokensOf(account)) : tokensOf(account)),
    state: 'needs-user',
    failure: stored(failure, now),
    ...recorded(account, [failureEntry(failure, now)]),
    nextCheckAt: retireAt(account, schedule),
  };
  return foundByNotice(withNotice(marked, noticeOfMark(account, telling, now)));
}

/** An operator's retry: due now, with the failures counted from 0 again. An account that is due already keeps its time. */
export function retried(account: Connected, now: Date): Pending | Active {
  const { expiresOn, ...known } = tokensOf(account);
  // Both grants may have been refused, so nothing is promised of them until a check has got a token.
  const { grant: _, isEndTold: __, refreshTokenExpiresOn: ___, ...otherTokens } = known;
  const failure = failureOf(account);
  const due = {
    ...connectionOf(account),
    ...(failure && { trouble: { attempts: 0, failure } }),
    nextCheckAt: earlierOf(account.nextCheckAt, now),
  };
  return expiresOn === undefined
    ? { ...due, state: 'pending' }
    : { ...due, state: 'active', expiresOn, ...(account.state === 'needs-user' ? otherTokens : known) };
}

/**
 * What is known of the tokens once one was obtained. `lastRefreshed` is what it was: only a check changes it.
 * @param latest the token that says what keeps the connection, if another one came after `token`
 */
function tokensAfter(account: Connected, token: UserToken, now: Date, latest = token): Tokens {
  const { lastRefreshed } = tokensOf(account);
  return {
    expiresOn: token.expiresOn,
    ...(lastRefreshed && { lastRefreshed }),
    ...keptAfter(account, latest, now),
  };
}

/** Which grant keeps the connection, and until when. A token of the cache says nothing new, unless the code is no longer there. */
function keptAfter(account: Connected, token: UserToken, now: Date): Omit<Tokens, 'expiresOn'> {
  const { refreshTokenExpiresOn: known, grant, isEndTold } = tokensOf(account);
  if (token.source === 'cache' && grant === 'code' && token.grant === 'exchange') {
    // A check has dropped it, and could not settle. Nobody knows when the exchange was renewed, so the next check asks.
    const end = token.refreshTokenExpiresOn ?? new Date(now.getTime() + ASK_SOON_MS);
    return { refreshTokenExpiresOn: earlierOf(known ?? end, end) };
  }
  const refreshTokenExpiresOn = refreshTokenEndsAt(token, known, now);
  return {
    ...(refreshTokenExpiresOn && { refreshTokenExpiresOn }),
    ...(token.source === 'cache'
      ? { ...(grant && { grant }), ...(isEndTold && { isEndTold }) }
      : grantOf(token)),
  };
}

const ASK_SOON_MS = 3_600_000;

/** The grant of a code was refused, so neither it nor its end says anything of the connection. */
const withoutCode = ({
  grant,
  isEndTold,
  refreshTokenExpiresOn,
  ...tokens
}: Partial<Tokens>): Partial<Tokens> =>
  grant === 'code'
    ? tokens
    : { ...tokens, ...(refreshTokenExpiresOn && { refreshTokenExpiresOn }), ...(isEndTold && { isEndTold }) };

const grantOf = ({
  grant,
  refreshTokenExpiresOn,
  isEndEstimated,
}: UserToken): Pick<Tokens, 'grant' | 'isEndTold'> => ({
  ...(grant === 'code' && { grant }),
  ...(refreshTokenExpiresOn !== undefined && !isEndEstimated && { isEndTold: true }),
});

const keptBy = ({ grant, refreshTokenExpiresOn, isEndTold }: Tokens): KeptBy => ({
  grant: grant ?? 'exchange',
  ...(isEndTold && refreshTokenExpiresOn && { grantEndsAt: refreshTokenExpiresOn }),
});

/** What every connected account has, whatever its state. */
function connectionOf(account: Connected) {
  const { userId, nextCheckAt, lease, generation, connectedAt, lastActivity, history } = account;
  const { homeAccountId, userPrincipalName, checks, tasksPausedUntil, memory, notice, wokenAt, link } =
    account;
  return {
    userId,
    nextCheckAt,
    ...(lease && { lease }),
    generation,
    ...(connectedAt && { connectedAt }),
    ...(homeAccountId !== undefined && { homeAccountId }),
    ...(userPrincipalName !== undefined && { userPrincipalName }),
    lastActivity,
    history,
    ...(checks && { checks }),
    ...(tasksPausedUntil && { tasksPausedUntil }),
    ...(memory !== undefined && { memory }),
    ...(notice && { notice }),
    ...(wokenAt && { wokenAt }),
    ...(link && { link }),
  };
}

function withNotice<C extends Connected>(account: C, notice: Notice | undefined): C {
  return notice === undefined ? without(account, 'notice') : { ...account, notice };
}

/** Each of these parts is optional in every state, so what is left is still an account of the same state. */
function without<A extends object>(
  account: A,
  part: 'lease' | 'link' | 'memory' | 'notice' | 'tasksPausedUntil',
): A {
  // An object from which a property is deleted is slow, and so is each copy of it.
  const { [part]: _, ...left } = account as A & Partial<Connected>;
  return left as unknown as A;
}

function stored({ kind, code, suberror, claims, askedBy }: Failure, now: Date): StoredFailure {
  return {
    kind,
    code,
    at: now,
    ...(suberror !== undefined && { suberror }),
    ...(claims !== undefined && { claims }),
    ...(askedBy !== undefined && { askedBy }),
  };
}

const failureEntry = ({ kind, code }: Failure, at: Date): HistoryEntry => ({
  at,
  outcome: 'failed',
  kind,
  code,
});

/** The previous release knows only `history`. */
const recorded = (account: Connected, entries: readonly HistoryEntry[], keptBy?: KeptBy) => ({
  history: [...account.history, ...entries].slice(-MAX_HISTORY),
  checks: withEntries(checksOf(account), entries, keptBy, account.lastActivity),
});

const earlierOf = (one: Date, other: Date): Date => (one < other ? one : other);
const laterOf = (one: Date, other: Date): Date => (one > other ? one : other);
