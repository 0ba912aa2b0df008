import type { NoticeKind } from './account/account.ts';
import type { UserId } from './userId.ts';

/** What an application is told of a user's connection while the user is away. */
export type UserNotice = {
  /** The same at each try. A notice may come twice, so remember the ids of those that you have acted on. */
  id: string;
  kind: NoticeKind;
  userId: UserId;
  /** When it became true. */
  since: Date;
  /** With `expiring`: when the connection ends if the user does not visit before. */
  endsAt?: Date;
  /** True if Entra has not told that end, so it is an estimate. */
  isEstimate?: true;
  /** With `expiring`: what keeps the connection until then. A visit prolongs what the sign-in brought, and a new link the other. */
  keptBy?: 'link' | 'sign-in';
};

/**
 * Hears a notice. It is delivered when the promise resolves. If it rejects, or is not settled when the signal aborts, it is
 * tried again later: {@link NoticeFailedError}.
 */
export type NoticeListener = (notice: UserNotice, signal: AbortSignal) => void | Promise<void>;

/** Who hears which notices. What nobody listens to is not told. */
export type Notices = {
  /** Only the user's visit can restore the connection. */
  onNeedsUser?: NoticeListener;
  /** The refresh token ends within hours, and renewals do not prolong it. A visit does. */
  onExpiring?: NoticeListener;
  /** The connection works again, after a notice that the user is needed. */
  onRecovered?: NoticeListener;
};
