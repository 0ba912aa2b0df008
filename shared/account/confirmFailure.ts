import type { Failure } from '../errors.ts';
import type { AccountFields } from '../ports.ts';

/** Longer than Entra throttles one user's flows, and than most outages. */
const CONFIRMED_AFTER_MS = 30 * 60_000;
/** Checks before this one. */
const CONFIRMED_BY = 2;

/**
 * What a failed check counts as. A refusal that is not sure marks nobody until it has been met in three checks in a row,
 * over at least half an hour and with no visit in between. Until then it is taken like a refusal that nobody foresaw: for
 * the tenant's, which puts the user off and asks again.
 */
export function confirmFailure(
  failure: Failure,
  { history, lastActivity }: Pick<AccountFields, 'history' | 'lastActivity'>,
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
