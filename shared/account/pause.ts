import type { Connected } from './account.ts';

/** The longest pause that a user may order. Who wants none of it for longer disconnects. */
export const LONGEST_PAUSE_DAYS = 90;

const DAY_MS = 86_400_000;

/** The end of the pause in which the user's tasks rest; undefined if they do not rest now. */
export function pausedUntil(
  { tasksPausedUntil }: Pick<Connected, 'tasksPausedUntil'>,
  now: Date,
): Date | undefined {
  return tasksPausedUntil !== undefined && now < tasksPausedUntil ? tasksPausedUntil : undefined;
}

/** Why a user may not order this pause; undefined if they may. */
export function pauseFault(until: Date, now: Date): string | undefined {
  if (until <= now) return 'tasksPausedUntil is not in the future. To end a pause, send null.';
  const latest = now.getTime() + LONGEST_PAUSE_DAYS * DAY_MS;
  return until.getTime() > latest
    ? `tasksPausedUntil is more than ${LONGEST_PAUSE_DAYS} days ahead. Send an earlier time.`
    : undefined;
}
