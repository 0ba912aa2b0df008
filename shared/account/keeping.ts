import type { ScheduleSettings } from '../ports.ts';
import { type Connected, tokensOf } from './account.ts';
import { CODE_GRANT_LIFE_MS, retireAt } from './schedule.ts';

/** What keeps a connection while its user is away, as far as it is known. */
export type Keeping = {
  /** `link`: the grant that the user gave at Entra's page. `sign-in`: what the sign-in of the page has brought. */
  by: 'link' | 'sign-in';
  /** When it ends, if no check prolongs it. Absent: nobody knows. */
  endsAt?: Date;
  /** Entra has not told that end. It is the documented lifetime of such a grant. */
  isEstimate?: true;
};

/**
 * What keeps a connection. It never promises more than is known: an end that is past counts as unknown, and no connection goes
 * on after its retention time.
 * @returns undefined if nothing does: there is no token yet, or the user is needed
 */
export function keepingOf(
  account: Connected,
  now: Date,
  schedule: Pick<ScheduleSettings, 'retentionMs'>,
): Keeping | undefined {
  if (account.state !== 'active') return undefined;
  const { grant, refreshTokenExpiresOn: end, isEndTold } = tokensOf(account);
  if (end === undefined || end <= now) return { by: 'sign-in' };
  const retired = retireAt(account, schedule);
  const endsAt = end < retired ? end : retired;
  if (grant === 'code') return { by: 'link', endsAt, ...(!isEndTold && { isEstimate: true }) };
  // Nothing is documented of how long the grant of an exchange lasts.
  return { by: 'sign-in', ...(isEndTold && { endsAt }) };
}

/** What a sign-in of a page is good for at least, by what Microsoft documents of its refresh tokens. */
const SIGN_IN_LIFE_MS = 86_400_000;

/**
 * Until when a link that is made now keeps the connection, at about: no longer than the retention time, which a link begins anew,
 * as a visit does.
 */
export const linkedUntil = (now: Date, { retentionMs }: Pick<ScheduleSettings, 'retentionMs'>): Date =>
  new Date(now.getTime() + Math.min(CODE_GRANT_LIFE_MS, retentionMs));

/** What a link must gain to be worth a sign-in of the person. */
const WORTH_MS = 43_200_000;

/** True if a link would keep the connection for half a day more, at least, than it is kept without one. */
export function gainsByLink(
  account: Connected,
  now: Date,
  schedule: Pick<ScheduleSettings, 'retentionMs'>,
): boolean {
  if (keepingOf(account, now, schedule)?.by !== 'sign-in') return false;
  const { refreshTokenExpiresOn: end, isEndTold } = tokensOf(account);
  const without = Math.max(now.getTime() + SIGN_IN_LIFE_MS, isEndTold && end ? end.getTime() : 0);
  return linkedUntil(now, schedule).getTime() >= without + WORTH_MS;
}
