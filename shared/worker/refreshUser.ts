import {
  type Account,
  type Connected,
  hasEnded,
  isSameConnection,
  isTombstone,
  type Stored,
  type Tombstone,
} from '../account/account.ts';
import { changeAccount } from '../account/changeAccount.ts';
import { clocksDiffer } from '../account/clocksDiffer.ts';
import { confirmFailure } from '../account/confirmFailure.ts';
import { removeCache, takeBack } from '../account/endAccount.ts';
import { withLaterLink } from '../account/laterLink.ts';
import { byStore, nowByStore, tokenByStore } from '../account/nowByStore.ts';
import { pausedUntil } from '../account/pause.ts';
import { afterCooldown, asIfKept, decideCheck, decideTombstone, retireAt } from '../account/schedule.ts';
import {
  openMemory,
  sealMemory,
  type TaskMemory,
  withoutForgotten,
  withTold,
} from '../account/taskMemory.ts';
import { tellingOf } from '../account/tellingOf.ts';
import {
  ended,
  failed,
  markedForUser,
  postponed,
  refreshed,
  remembering,
  waitingUntil,
} from '../account/transitions.ts';
import { ConflictError, type Failure, UserTokenError } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type { ScheduleSettings, UserToken } from '../ports.ts';
import { partsOf, type UserId } from '../userId.ts';
import type { Task } from './defineTask.ts';
import { heedThrottle } from './heedThrottle.ts';
import { giveRetirementBack, nextTryElsewhere, stopRetiring, takeRetirement } from './retirement.ts';
import { endIfOver, logClock, type Run, UNKNOWN_KEY } from './run.ts';
import { type EndedTasks, noTasks, runTasks } from './runTasks.ts';
import { type Changed, type Check, isHeld, release, settle } from './settle.ts';
import { createTeller, type Teller } from './teller.ts';
import { NoTurnError, waitForTurn } from './waitForTurn.ts';

/** The tasks of a check, the settings that it decides by, and who tells the application of it. */
type How = { tasks: readonly Task[]; schedule: ScheduleSettings; teller: Teller };

/** How many times a check decides, if the account changes in the meantime. */
const DECISIONS = 5;
/** The next runs know nothing of the turns of this one, so its guess is worth little beyond that. */
const LONGEST_PUT_OFF_MS = 3_600_000;

/**
 * Runs one check of a leased account, from the decision to the settled account. If the account changes in the meantime
 * (the user came back), the check decides again.
 * @param wasAbandoned true if the run that held the account before has died. A task or a listener may have ended its
 * process. Then this check settles the account without them, and the next one comes back to them.
 * @throws {UnavailableError} a store cannot be reached. The lease then ends by itself.
 */
export async function refreshUser(run: Run, leased: Stored<Account>, wasAbandoned = false): Promise<Check> {
  let account = leased;
  const tasks = wasAbandoned ? [] : run.tasks;
  const how = { tasks, schedule: run.app.schedule, teller: createTeller(run, wasAbandoned) };
  try {
    for (let decision = 0; decision < DECISIONS; decision += 1) {
      const result = isTombstone(account)
        ? await checkTombstone(run, account)
        : await checkConnected(run, account, how);
      if ('outcome' in result) return result;
      if (!isHeld(run, result.changed)) return { outcome: 'superseded' };
      account = result.changed;
    }
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
  }
  return { outcome: 'superseded', reason: 'too-many-conflicts' };
}

async function checkTombstone(run: Run, tombstone: Stored<Tombstone>): Promise<Check | Changed> {
  const { app, operation } = run;
  const decision = decideTombstone(tombstone, nowByStore(app), app.schedule);
  const { reason } = decision;
  switch (decision.action) {
    case 'remove-cache':
      await removeCache(app, tombstone.userId, operation.signal);
      return settle(run, tombstone, waitingUntil(tombstone, decision.until), { outcome: 'waiting', reason });
    case 'erase':
      return clocksDiffer(app.accounts) ? releaseForClock(run, tombstone) : erase(run, tombstone, reason);
    default:
      return decision satisfies never;
  }
}

async function checkConnected(run: Run, account: Stored<Connected>, how: How): Promise<Check | Changed> {
  const decision = decideCheck(account, nowByStore(run.app), how.schedule, cooldownOf(run, account.userId));
  const { reason } = decision;
  switch (decision.action) {
    case 'wait':
      return wait(run, account, decision.until, how, reason);
    case 'retire':
      return retireIfAllowed(run, account, how, reason);
    case 'refresh': {
      const acquired = await acquire(run, account, decision.forceRefresh);
      if ('waitMs' in acquired) return putOff(run, account, acquired.waitMs, how);
      return 'failure' in acquired
        ? settleFailure(run, account, acquired.failure, how)
        : runTasksAndSettle(run, account, acquired, how, reason);
    }
    default:
      return decision satisfies never;
  }
}

/** The tenant's turns of this run are taken. The account is due when its turn may come, so that no run meets all of them first. */
async function putOff(
  run: Run,
  account: Stored<Connected>,
  waitMs: number,
  how: How,
): Promise<Check | Changed> {
  const now = nowByStore(run.app);
  const turn = new Date(now.getTime() + Math.min(waitMs, LONGEST_PUT_OFF_MS));
  const end = retireAt(account, how.schedule);
  const result = await wait(run, account, turn < end ? turn : end, how, 'no-turn');
  if ('outcome' in result) run.putOff += 1;
  return result;
}

async function wait(
  run: Run,
  account: Stored<Connected>,
  until: Date,
  { teller }: How,
  reason: string,
): Promise<Check | Changed> {
  const heard = await teller.tell(account, (current) => waitingUntil(current, until));
  return settle(run, account, waitingUntil(heard, until), { outcome: 'waiting', reason });
}

/**
 * An account that may not be retired is checked as usual, because its connection must not be lost meanwhile. But if parts of other
 * runs may soon retire it, the account waits for one of them.
 */
async function retireIfAllowed(
  run: Run,
  account: Stored<Connected>,
  how: How,
  reason: string,
): Promise<Check | Changed> {
  if (clocksDiffer(run.app.accounts)) return releaseForClock(run, account);
  const may = takeRetirement(run);
  if (may === 'yes') return retire(run, account, reason);
  if (may === 'elsewhere') return wait(run, account, nextTryElsewhere(run), how, 'retires-elsewhere');
  if (may === 'stopped') await stopRetiring(run);
  const schedule = asIfKept(account, nowByStore(run.app), run.app.schedule);
  return checkConnected(run, account, { ...how, schedule });
}

/** The end of the token endpoint's cooldown for this user or their tenant, whichever is later, and a random time more. */
function cooldownOf({ app }: Run, userId: UserId): Date | undefined {
  const { cooldowns, clock } = app;
  const tenants = cooldowns.tenantUntil(partsOf(userId).tid);
  const users = cooldowns.throttledUntil(userId, 'token');
  const end = users === undefined || (tenants !== undefined && tenants > users) ? tenants : users;
  return end === undefined ? undefined : afterCooldown(byStore(app, end), clock.random());
}

/**
 * Runs the tasks with the token, and then settles the account in one write, whatever a request wrote in the meantime, if
 * the run still has the lease. The run's signal does not stop the write, because the tasks have already run. A user who
 * visited in the meantime is not marked for a task's challenge: the next check meets it again if it still matters.
 */
async function runTasksAndSettle(
  run: Run,
  leased: Stored<Connected>,
  token: UserToken,
  { tasks, schedule, teller }: How,
  reason: string,
): Promise<Check> {
  const { app } = run;
  const [now, random] = [nowByStore(app), app.clock.random()];
  const dated = tokenByStore(app, token);
  const telling = tellingOf(app);
  run.credentialAccepted ||= token.source === 'network';
  const memory = await openMemory(app, run.operation.log, leased);
  // It comes before the tasks. They may take all that is left of the run, and it would then be due in each run after it.
  const soFar = { ...dated, homeAccountId: token.homeAccountId };
  await teller.tell(leased, (heard) =>
    refreshed(heard, soFar, noTasks(memory), now, schedule, random, telling),
  );
  const isResting = pausedUntil(leased, now) !== undefined;
  const ran =
    isResting || endIfOver(run) ? noTasks(memory) : await runTasks(run, tasks, leased, token, memory);
  // They are counted even if the account cannot be settled, because they have run.
  run.summary.tasks.done += ran.done;
  run.summary.tasks.failed += ran.failed;
  const settled = async (current: Stored<Connected>, homeAccountId: string) => {
    const renewed = ran.renewed && withLaterLink(tokenByStore(app, ran.renewed), leased, current);
    const heard = teller.withResults(current);
    const known = { ...withLaterLink(dated, leased, current), homeAccountId };
    const checked = refreshed(heard, known, { ...ran, renewed }, now, schedule, random, telling);
    // It is sealed at each check, so that it follows the keys. Only this run writes it, as long as it has the lease.
    const next = remembering(checked, await sealMemory(app, leased, rememberedAfter(run, ran, checked, now)));
    return ran.unansweredChallenge !== undefined && current.etag === leased.etag
      ? markedForUser(next, ran.unansweredChallenge, nowByStore(app), schedule, telling)
      : next;
  };
  const { userId } = leased;
  const { before, account, changed } = await changeAccount(
    app,
    userId,
    (current) => {
      if (!isHeld(run, current) || !isSameConnection(leased, current)) return 'keep';
      const isFirst = current.etag === leased.etag;
      // A request that wrote the account in the meantime has the newer home account id.
      const homeAccountId = isFirst ? token.homeAccountId : (current.homeAccountId ?? token.homeAccountId);
      return settled(current, homeAccountId);
    },
    { known: leased },
  );
  if (changed) {
    const outcome = token.source === 'network' ? 'refreshed' : 'from-cache';
    const isFirst = before?.etag === leased.etag;
    return { outcome, reason: isFirst ? reason : 'settled-again', got: { token, tasks: ran } };
  }
  const written = ran.written ?? token.written;
  if (written !== undefined && hasEnded(leased, account)) await takeBack(app, userId, written);
  return { outcome: 'superseded', got: { token, tasks: ran } };
}

/**
 * What the tasks remember of this check and those before.
 * @param checked the account that has this check in its history. A visit or a link in the meantime may have begun an entry for it.
 */
function rememberedAfter(
  run: Run,
  { remembered, told }: EndedTasks,
  { checks = [] }: Connected,
  now: Date,
): TaskMemory {
  const names = new Set(run.tasks.map(({ name }) => name));
  const memory = withTold(remembered, checks.at(-1)?.first ?? now, told);
  return withoutForgotten(memory, names, checks, now);
}

async function settleFailure(
  run: Run,
  account: Stored<Connected>,
  failure: Failure,
  { schedule, teller }: How,
): Promise<Check | Changed> {
  const { app, operation } = run;
  const { kind, code, unsure } = failure;
  const [now, random] = [nowByStore(app), app.clock.random()];
  // The run is ending, so the failure says nothing about the account.
  if (operation.signal?.aborted) return release(run, account);
  if (kind === 'misconfigured') {
    // Operators must correct it, so nothing is recorded for the account.
    if (code !== UNKNOWN_KEY && !unsure) return { ...(await release(run, account)), failure };
    // It may concern only this account or tenant. The next check is postponed, or every run would meet it first.
    // A notice that stays due would have every run meet it first, too.
    const after = (current: Connected) => postponed(current, kind, now, schedule, random);
    const heard = await teller.tell(account, after);
    return settle(run, account, after(heard), { outcome: 'released', failure });
  }
  // Nothing was ever stored for this account, so there is no cache that could have been lost.
  if (kind === 'cache-lost' && account.homeAccountId === undefined) {
    const to = waitingUntil(account, retireAt(account, schedule));
    return settle(run, account, to, { outcome: 'waiting', reason: 'never-exchanged' });
  }
  const telling = tellingOf(app);
  const after = (current: Connected) => failed(current, failure, now, schedule, random, telling);
  const heard = await teller.tell(account, after);
  return settle(run, account, after(heard), { outcome: 'failed', failure });
}

/** Writes the tombstone first. An operation that stores a cache now meets the tombstone and deletes that cache. */
async function retire(run: Run, account: Stored<Connected>, reason: string): Promise<Check | Changed> {
  const { app, operation } = run;
  const { userId } = account;
  const to = ended(userId, 'retired', nowByStore(app));
  const result = await settle(run, account, to, { outcome: 'retired', reason });
  if ('outcome' in result) await removeCache(app, userId, operation.signal);
  else giveRetirementBack(run);
  return result;
}

/** Deletes the cache first, so that no cache is left without an account. */
async function erase(
  { app, operation: { signal } }: Run,
  tombstone: Stored<Tombstone>,
  reason: string,
): Promise<Check | Changed> {
  const { userId } = tombstone;
  await removeCache(app, userId, signal);
  try {
    await app.accounts.erase(tombstone, signal);
    return { outcome: 'erased', reason };
  } catch (error) {
    if (!(error instanceof ConflictError)) throw error;
    return { changed: await app.accounts.read(userId, signal) };
  }
}

async function releaseForClock(run: Run, account: Stored<Account>): Promise<Check> {
  logClock(run);
  return { ...(await release(run, account)), reason: 'clock-differs' };
}

/** Requests the token for Graph, which keeps the connection. An unexpected error is logged by its name and counts as `transient`, which marks no user. */
async function acquire(
  run: Run,
  account: Connected,
  forceRefresh: boolean,
): Promise<UserToken | { failure: Failure } | { waitMs: number }> {
  const { app, operation } = run;
  const { userTokens, graph: api, logId } = app;
  const { userId, homeAccountId, generation } = account;
  let noTurn: NoTurnError | undefined;
  try {
    const token = await userTokens.silent(operation, {
      userId,
      homeAccountId,
      generation,
      api,
      forceRefresh,
      waitToAsk: () =>
        waitForTurn(run, userId).catch((error) => {
          if (error instanceof NoTurnError) noTurn = error;
          throw error;
        }),
    });
    // The new refresh token was not saved, so retry soon with the old one.
    return token.stored ? token : { failure: { kind: 'transient', code: 'token_cache_not_written' } };
  } catch (error) {
    // Whoever gets tokens may report it as an outage.
    if (noTurn !== undefined) return { waitMs: noTurn.waitMs };
    if (error instanceof UserTokenError) {
      await heedThrottle(run, userId, error.failure);
      return { failure: confirmFailure(error.failure, account, nowByStore(app)) };
    }
    operation.log({ event: 'user.failed-unexpectedly', user: logId(userId), error: nameOfError(error) });
    return { failure: { kind: 'transient', code: 'unexpected' } };
  }
}
