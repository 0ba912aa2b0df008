import type { Person, Reason } from './entraTypes.ts';
import { dueAtOf, type Facts, isConnected, timeOf, unseenSkewOf } from './facts.ts';
import { noticeOf } from './noticeInvariants.ts';
import type { Operations } from './operations.ts';
import type { Reasons } from './reasons.ts';
import { accessTokensIn, refreshTokensIn } from './storedTokens.ts';
import type { Columns } from './tableModel.ts';
import type { TaskInvariants } from './taskInvariants.ts';
import type { ProcessLife, World } from './world.ts';

const CLOCKS_MAY_DIFFER_MS = 6 * 60_000;
/** However short tokens last, so long a check that got one is good for. */
const LEAST_WAIT_MS = 5 * 60_000;
/** A refresh token that ends sooner no longer decides when the next check is. */
const NO_TIME_LEFT_MS = 20 * 60_000;
const REFUSALS: readonly Reason[] = ['revoked', 'consent', 'refresh-token-over', 'policy'];
const SLOW_RUN_MS = 40_000;

/** What must hold of an account when the run with its lease settles it. */
export function createSettleInvariants(
  world: World,
  facts: Facts,
  reasons: Reasons,
  tasks: TaskInvariants,
  operations: Operations,
  runBegunAt: (by: ProcessLife) => number,
) {
  const { of, cacheOf, tokenOf, retentionMs, everyRun, endsAreKnown, forbid } = facts;

  /** A check that got something out of the token endpoint, or a refusal, knows when the next check must be. */
  function onCheckSettled(by: ProcessLife, person: Person, before: Columns, after: Columns): void {
    if (after.state !== 'active' || after.runId) return;
    if (!after.failure && !after.attempts) tasks.onSettled(by, person, before);
    // The next check is counted from the token. The tasks came after it, and may have waited for something.
    const soonest = facts.leasedAt(person, by) + unseenSkewOf(by) + LEAST_WAIT_MS - 1_000;
    const wasSlow = world.now() - runBegunAt(by) > SLOW_RUN_MS;
    // A notice is tried again sooner.
    const hasNotice = noticeOf(after)?.nextTryAt !== undefined;
    const retiresAt = (timeOf(after.lastActivity) ?? 0) + retentionMs;
    forbid(
      !everyRun && !wasSlow && !hasNotice && !after.failure && dueAtOf(after) < Math.min(soonest, retiresAt),
      `${person.name} was checked and nothing failed, and is due again at once`,
    );
    onKept(by, person, after);
    const ends = refreshTokenEndOf(person);
    forbid(
      ends - world.now() > NO_TIME_LEFT_MS && dueAtOf(after) > ends,
      `the next check of ${person.name} comes after the end of their refresh token`,
    );
  }

  /** What the account says of its token is true of a stored token. */
  function onKept(by: ProcessLife, person: Person, after: Columns): void {
    // A write of the cache that failed is no excuse: the check has then failed, too.
    if (after.failure || of(person).damagedAt >= facts.leasedAt(person, by)) return;
    const msal = cacheOf(person)?.msal ?? '{}';
    const ends = accessTokensIn(msal).flatMap((secret) => {
      const token = tokenOf(secret);
      // MSAL keeps its end as the clock of the process counted it that asked for it.
      return token?.api === 'graph' ? token.ends + Math.abs(token.skewMs) : [];
    });
    forbid(
      (timeOf(after.expiresOn) ?? 0) > Math.max(...ends) + CLOCKS_MAY_DIFFER_MS,
      `${person.name} was settled with a token that is not stored`,
    );
  }

  /** Whom the token endpoint has refused for a reason of theirs is asked for no more. */
  function onRefusedCheck(by: ProcessLife, person: Person, after: Columns): void {
    const { disturbedAt, changesSinceLease, leasedBy } = of(person);
    const leasedAt = facts.leasedAt(person, by);
    if (disturbedAt >= leasedAt || changesSinceLease > 0 || leasedBy !== by.number) return;
    const run = operations.runOf(by, world.askedAt());
    // A task asked for claims. What the token endpoint then says of them is no answer to the check.
    if (reasons.wasRefused(person, 'graph', leasedAt, 'challenged')) return;
    // The other grant has brought a token, or it met trouble. Then nobody is marked.
    const { linkedAt, graphTokenAt } = of(person);
    const isTroubled = reasons.isTroubled(person, 'token', leasedAt);
    if (linkedAt > 0 && (graphTokenAt >= leasedAt || isTroubled)) return;
    forbid(
      isConnected(after.state) &&
        after.state !== 'needs-user' &&
        reasons.wasCheckRefused(person, run?.correlationId, leasedAt, REFUSALS),
      `${person.name} was refused, and would be asked for again`,
    );
  }

  /** Later than any time if nobody could know it: it is not told, and it does not slide. */
  function refreshTokenEndOf(person: Person): number {
    const cache = cacheOf(person);
    const ends = cache && refreshTokensIn(cache.msal).map((secret) => tokenOf(secret)?.ends ?? 0);
    return endsAreKnown && ends?.[0] !== undefined ? Math.max(...ends) : Number.POSITIVE_INFINITY;
  }

  return {
    onSettled(by: ProcessLife, person: Person, before: Columns, after: Columns): void {
      onRefusedCheck(by, person, after);
      onCheckSettled(by, person, before, after);
    },
  };
}
