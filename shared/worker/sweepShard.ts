import { afterCooldown } from '../account/schedule.ts';
import { type Failure, UnavailableError } from '../errors.ts';
import { forEachAtOnce } from '../forEachAtOnce.ts';
import { nameOfError, type SweepSummary } from '../log.ts';
import type { DueRow } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { heedFailure } from '../tokens/storedCooldowns.ts';
import { partsOf, type UserId } from '../userId.ts';
import type { DueShard } from './plan.ts';
import { type Check, CLOCK_DIFFERS, type Lease, refreshUser, release } from './refreshUser.ts';
import { endIfOver, logClock, type Run, recordMisconfigured } from './run.ts';
import { runTasks } from './runTasks.ts';

/**
 * Checks the due accounts of one shard. A failure of one account does not stop the checks of others. A `misconfigured`
 * failure stops the run and marks no user. Memory does not grow with the number of accounts.
 */
export async function sweepShard(run: Run, { shard }: DueShard): Promise<void> {
  const { app, operation } = run;
  try {
    const due = app.accounts.due(shard, app.clock.now(), operation.signal);
    await forEachAtOnce(whileItRuns(run, due), run.slots, (row) => checkAccount(run, row));
  } catch (error) {
    if (endIfOver(run)) return;
    run.summary.shardsFailed += 1;
    run.operation.log({ event: 'sweep.shard-failed', shard, error: nameOfError(error) });
  }
}

async function* whileItRuns(run: Run, due: AsyncIterable<DueRow>): AsyncGenerator<DueRow> {
  const { summary, begunAt } = run;
  for await (const row of due) {
    if (endIfOver(run)) return;
    summary.due += 1;
    summary.lagMs = Math.max(summary.lagMs, begunAt.getTime() - row.dueSince.getTime());
    yield row;
  }
}

async function checkAccount(run: Run, due: DueRow): Promise<void> {
  if (endIfOver(run)) return;
  const { app, operation, tasks, summary } = run;
  const { clock } = app;
  const begun = clock.elapsed();
  const user = app.logId(due.userId);
  try {
    const lease = await leaseAccount(run, due, user);
    if (lease === undefined) return;
    summary.claimed += 1;
    // The run may have ended while the account was being leased.
    const ended = endIfOver(run) ? await release(app, lease) : await refreshUser(app, operation, lease);
    const { outcome, reason, failure, got } = ended;
    operation.log({
      event: 'user.check-ended',
      user,
      outcome,
      ms: Math.round(clock.elapsed() - begun),
      ...(got && { source: got.token.source }),
      ...(failure && { kind: failure.kind, code: failure.code }),
      ...(reason === undefined ? {} : { reason }),
    });
    count(summary, ended);
    if (reason === CLOCK_DIFFERS) logClock(run);
    run.credentialAccepted ||= got?.token.source === 'network';
    await reactTo(run, due.userId, failure);
    if (got !== undefined && !endIfOver(run)) {
      const { done, failed, tokenFailure } = await runTasks(app, operation, tasks, got.account, got.token);
      summary.tasks.done += done;
      summary.tasks.failed += failed;
      await reactTo(run, due.userId, tokenFailure);
    }
  } catch (error) {
    // The lease ends by itself, and then the account is due again.
    summary.brokenOff += 1;
    if (!(error instanceof UnavailableError && operation.signal?.aborted)) {
      operation.log({ event: 'user.failed-unexpectedly', user, error: nameOfError(error) });
    }
  }
}

/** Undefined if another run has the lease, or if there is no account. */
async function leaseAccount(run: Run, due: DueRow, user: string): Promise<Lease | undefined> {
  const { app, operation, limits, summary, leftovers } = run;
  const { clock } = app;
  const until = new Date(clock.now().getTime() + limits.leaseForMs);
  const leased = await app.accounts.claim(due, { runId: summary.runId, until }, operation.signal);
  if (leased === 'nobody') leftovers.addDueRowOfNobody(due);
  if (leased === 'damaged') operation.log({ event: 'account.damaged', user });
  if (leased === 'repaired') operation.log({ event: 'index.repaired', user });
  if (typeof leased !== 'object') return undefined;
  const { account, abandonedBy } = leased;
  if (abandonedBy !== undefined) operation.log({ event: 'lease.abandoned', user, runId: abandonedBy });
  const end = cooldownOf(app, due.userId);
  return {
    account,
    dueSince: due.dueSince,
    cooldownUntil: end === undefined ? undefined : afterCooldown(end, clock.random()),
  };
}

/** The end of the token endpoint's cooldown for this user or their tenant, whichever is later. */
function cooldownOf({ cooldowns }: App, userId: UserId): Date | undefined {
  const tenants = cooldowns.tenantUntil(partsOf(userId).tid);
  const users = cooldowns.throttledUntil(userId, 'token');
  return users === undefined || (tenants !== undefined && tenants > users) ? tenants : users;
}

/** Acts on a failure that other users would meet, too: stops the run, or begins a cooldown. */
async function reactTo(run: Run, userId: UserId, failure: Failure | undefined): Promise<void> {
  if (failure === undefined || (failure.kind === 'misconfigured' && recordMisconfigured(run, failure)))
    return;
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
