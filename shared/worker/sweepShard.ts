import { type Account, attemptsOf, failureOf, isTombstone } from '../account/account.ts';
import type { LeasedAccount } from '../accountStore.ts';
import { type Failure, UnavailableError } from '../errors.ts';
import { forEachAtOnce } from '../forEachAtOnce.ts';
import { nameOfError, type SweepSummary } from '../log.ts';
import { heedFailure } from '../tokens/storedCooldowns.ts';
import type { UserId } from '../userId.ts';
import { easeOff } from './easeOff.ts';
import type { DueShard } from './plan.ts';
import { refreshUser } from './refreshUser.ts';
import { endIfOver, logFinding, type Run, recordMisconfigured } from './run.ts';
import { type Check, release } from './settle.ts';
import { waitForRoom } from './waitForTurn.ts';

/**
 * Checks the due accounts of one shard. A failure of one account does not stop the checks of others. A `misconfigured`
 * failure stops the run and marks no user. Memory does not grow with the number of accounts.
 */
export async function sweepShard(run: Run, { shard }: DueShard): Promise<void> {
  try {
    await forEachAtOnce(claimWhileItRuns(run, shard), run.slots, (leased) => checkAccount(run, leased));
  } catch (error) {
    if (endIfOver(run)) return;
    run.summary.shardsFailed += 1;
    run.operation.log({ event: 'sweep.shard-failed', shard, error: nameOfError(error) });
  }
}

async function* claimWhileItRuns(run: Run, shard: string): AsyncGenerator<LeasedAccount> {
  const { app, operation, limits, summary, begunAt } = run;
  if (endIfOver(run)) return;
  const accounts = app.accounts.claimDue({
    shard,
    runId: summary.runId,
    leaseMs: limits.leaseForMs,
    signal: operation.signal,
    onFound(finding) {
      summary.due += 1;
      logFinding(run, finding);
    },
  });
  for await (const leased of accounts) {
    summary.due += 1;
    summary.lagMs = Math.max(summary.lagMs, begunAt.getTime() - leased.dueSince.getTime());
    yield leased;
    await easeOff(run);
    await waitForRoom(run);
    if (endIfOver(run)) return;
  }
}

async function checkAccount(run: Run, { account, abandonedBy }: LeasedAccount): Promise<void> {
  const { app, operation, summary } = run;
  const { clock } = app;
  const { userId } = account;
  const begun = clock.elapsed();
  const user = app.logId(userId);
  try {
    if (abandonedBy !== undefined) operation.log({ event: 'lease.abandoned', user, runId: abandonedBy });
    summary.claimed += 1;
    const ended = endIfOver(run)
      ? await release(run, account)
      : await refreshUser(run, account, abandonedBy !== undefined);
    const { outcome, reason, failure, got } = ended;
    if (app.logChecks === 'all' || !isRoutine(account, ended)) {
      operation.log({
        event: 'user.check-ended',
        user,
        outcome,
        ms: Math.round(clock.elapsed() - begun),
        ...(got && { source: got.token.source }),
        ...(failure && { kind: failure.kind, code: failure.code }),
        ...(reason === undefined ? {} : { reason }),
      });
    }
    count(summary, ended);
    await reactTo(run, userId, failure);
    await reactTo(run, userId, got?.tasks.tokenFailure);
  } catch (error) {
    // The lease ends by itself, and then the account is due again.
    summary.brokenOff += 1;
    if (!(error instanceof UnavailableError && operation.signal?.aborted)) {
      operation.log({ event: 'user.failed-unexpectedly', user, error: nameOfError(error) });
    }
  }
}

/**
 * True for a check that changed nothing worth a line: it obtained a token and so did the one before, or there was nothing
 * to do yet. The check of a tombstone is worth one, because it is the only line about an account that an operator ended.
 * @param before the account when its check began
 */
function isRoutine(before: Account, { outcome }: Check): boolean {
  switch (outcome) {
    case 'refreshed':
    case 'from-cache':
      return attemptsOf(before) === 0 && failureOf(before) === undefined;
    case 'waiting':
      return !isTombstone(before);
    case 'failed':
    case 'retired':
    case 'erased':
    case 'released':
    case 'superseded':
      return false;
    default:
      return outcome satisfies never;
  }
}

/** Acts on a failure that other users would meet, too: stops the run, or begins a cooldown. A throttle has begun its own. */
async function reactTo(run: Run, userId: UserId, failure: Failure | undefined): Promise<void> {
  if (failure === undefined || failure.throttle !== undefined) return;
  if (failure.kind === 'misconfigured' && recordMisconfigured(run, failure)) return;
  await heedFailure(run.app, run.operation, userId, failure);
}

function count(summary: SweepSummary, { outcome, failure, got }: Check): void {
  if (got?.token.oldKey) summary.oldKey += 1;
  switch (outcome) {
    case 'failed': {
      const kind = failure?.kind ?? 'transient';
      summary.failed[kind] = (summary.failed[kind] ?? 0) + 1;
      return;
    }
    case 'from-cache':
      summary.fromCache += 1;
      return;
    case 'refreshed':
    case 'waiting':
    case 'retired':
    case 'erased':
    case 'released':
    case 'superseded':
      summary[outcome] += 1;
      return;
    default:
      outcome satisfies never;
  }
}
