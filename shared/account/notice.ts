/**
 * Which notice an account has. Each function takes the account before a change and returns the notice after it;
 * `transitions.ts` writes it together with the change, so that no store can have one without the other.
 */
import { type Account, type Connected, type Notice, type NoticeKind, pendingNotice } from './account.ts';
import { expiresSoon } from './schedule.ts';

/** What a change needs to tell of itself. Without it nobody listens, and no notice begins. */
export type Telling = {
  /** The id of the notice, if one begins. */
  id: string;
  /** What somebody listens to. */
  kinds: readonly NoticeKind[];
};

/** How many checks in a row must fail before the application hears that the refresh token ends. One failure is no news. */
const TROUBLED_AFTER = 3;

/** The account as a run has to meet it: not later than the next try of its notice. */
export function foundByNotice<A extends Account>(account: A): A {
  const nextTryAt = pendingNotice(account)?.nextTryAt;
  return nextTryAt !== undefined && nextTryAt < account.nextCheckAt
    ? { ...account, nextCheckAt: nextTryAt }
    : account;
}

/**
 * After the user was marked. It replaces every other notice. If the application knows already that the user is needed,
 * because an operator only tried again, it is not told twice.
 */
export function noticeOfMark(
  { state, notice }: Connected,
  telling: Telling | undefined,
  now: Date,
): Notice | undefined {
  if (state === 'needs-user' || notice?.what === 'needs-user') return notice;
  const next = begun('needs-user', telling, now);
  return next && notice?.what === 'recovered' ? { ...next, again: true } : next;
}

/**
 * After a token was obtained. The application hears of the recovery only if it may have heard that the user was needed;
 * otherwise both are old news, and it hears of neither. A recovery is told before anything else begins: if another notice
 * took its place and became untrue, the application would wait for the user for ever.
 * @param after the account with its new tokens
 * @param mayExpire true if these tokens are new and nobody is there: if they end soon, no later renewal will help
 */
export function noticeOfToken(
  before: Connected,
  after: Connected,
  mayExpire: boolean,
  telling: Telling | undefined,
  now: Date,
): Notice | undefined {
  const { notice } = before;
  if (notice?.what === 'needs-user') {
    return mayBeKnown(before, notice) ? begun('recovered', telling, now) : undefined;
  }
  if (notice?.what === 'recovered') return notice;
  if (expiresSoon(after, now)) {
    if (notice?.what === 'expiring') return notice;
    if (mayExpire) return begun('expiring', telling, now) ?? notice;
  }
  return notice?.what === 'expiring' ? undefined : notice;
}

/** After a check that failed for a reason which may pass by itself. */
export function noticeOfTrouble(
  account: Connected,
  attempts: number,
  telling: Telling | undefined,
  now: Date,
): Notice | undefined {
  const { state, notice } = account;
  // A notice that waits, a recovery above all, is told before this one begins.
  const isNews = state === 'active' && notice === undefined;
  if (!isNews || attempts < TROUBLED_AFTER || !expiresSoon(account, now)) return notice;
  return begun('expiring', telling, now) ?? notice;
}

/** What became of the notice with this id: `unheard` if nobody listens to it, `not-tried` if its receiver is left alone. */
export type Told = { id: string } & (
  | { result: 'delivered' | 'given-up' | 'unheard' }
  | { result: 'failed' | 'not-tried'; nextTryAt: Date }
);

/** After a check that tried to deliver it. A recovery leaves nothing that a later notice would have to take back. */
export function noticeAfter({ nextTryAt: _, ...notice }: Notice, end: Told): Notice | undefined {
  switch (end.result) {
    case 'delivered':
    case 'given-up':
      return notice.what === 'recovered' ? undefined : notice;
    case 'unheard':
      return undefined;
    case 'failed':
      return { ...notice, attempts: notice.attempts + 1, nextTryAt: end.nextTryAt };
    case 'not-tried':
      return { ...notice, nextTryAt: end.nextTryAt };
    default:
      return end satisfies never;
  }
}

/** Whether a notice, or one that said the same, may have come to its receiver. A run that holds the account, or died with it, may have sent it. */
const mayBeKnown = ({ lease }: Connected, { attempts, again, nextTryAt }: Notice): boolean =>
  again === true || attempts > 0 || nextTryAt === undefined || lease !== undefined;

const begun = (what: NoticeKind, telling: Telling | undefined, now: Date): Notice | undefined =>
  telling?.kinds.includes(what)
    ? { id: telling.id, what, since: now, attempts: 0, nextTryAt: now }
    : undefined;
