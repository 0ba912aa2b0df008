import type { Failure } from '../errors.ts';
import type { Connected } from './account.ts';

/** Entra's throttling of one user's flows ends sooner, and so do most outages. */
const CONFIRMED_AFTER_MS = 30 * 60_000;
/** How many earlier checks must have met the same failure. */
const CONFIRMED_BY = 2;

/**
 * Decides what the failure of a check counts as. A refusal that is not sure marks the user only when three checks in
 * a row met it, over at least half an hour and without a visit in between. Until then it counts as `tenant`, so the
 * account is checked again later.
 */
export function confirmFailure(
  failure: Failure,
  { history, lastActivity }: Pick<Connected, 'history' | 'lastActivity'>,
  now: Date,
): Failure {
  if (!failure.unsure || failure.kind !== 'needs-user') return failure;
  const other = history.findLastIndex(
    ({ outcome, code, at }) => outcome !== 'failed' || code !== failure.code || at <= lastActivity,
  );
  const same = history.slice(other + 1);
  const [first] = same;
  const confirmed =
    first !== undefined &&
    same.length >= CONFIRMED_BY &&
    now.getTime() - first.at.getTime() >= CONFIRMED_AFTER_MS;
  return confirmed ? failure : { ...failure, kind: 'tenant' };
}
