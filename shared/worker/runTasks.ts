import { isSameConnection, takeBack } from '../account/endAccount.ts';
import { markNeedsUser } from '../account/markNeedsUser.ts';
import { nextCheckAfterThrottle } from '../account/schedule.ts';
import { ConflictError, type Failure, type FailureKind, UserTokenError } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type { Account, HistoryEntry, Operation, UserToken } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { GRAPH_SCOPES } from '../tokens/graphScopes.ts';
import { heedFailure } from '../tokens/storedCooldowns.ts';
import { type Attempt, attemptTask } from './attemptTask.ts';
import type { Task } from './defineTask.ts';

/** How a task ended: done without a code. */
type Ended = {
  kind?: FailureKind;
  code?: string;
  /** What Graph asks of the user themselves. */
  refused?: Failure;
  /** Why there was no token. */
  refusal?: Failure;
  /** That Graph asked for fewer requests, however the task ended. */
  throttle?: Failure;
};

const RECORD_TRIES = 5;
/** The API that keeps the connection: only its challenges mark the user. */
const GRAPH = 'graph';

/**
 * Runs the tasks as one user, one after the other, and writes down how each ended in one move of the row, which keeps
 * its place in time. A task that fails is its own failure; only a challenge of Graph's that no token satisfies marks
 * the user, and then the rest is left for later.
 * @param account the row as it was settled
 * @param profileToken what it was settled with
 * @returns `refusal` is of a token, and one that every task or user would meet: the rest is left for later
 */
export async function runTasks(
  app: App,
  operation: Operation,
  tasks: readonly Task[],
  account: Account,
  profileToken: UserToken,
): Promise<{ done: number; failed: number; refusal?: Failure }> {
  const { cooldowns, clock } = app;
  const { log, signal } = operation;
  const user = app.logId(account.userId);
  const tokens = tokensOf(app, operation, account, profileToken);
  const entries: HistoryEntry[] = [];
  let refused: Failure | undefined;
  let refusal: Failure | undefined;
  let throttledUntil: Date | undefined;
  for (const task of tasks) {
    if (signal?.aborted || refused !== undefined || refusal !== undefined) break;
    const begun = clock.elapsed();
    if (task.api.name === GRAPH && cooldowns.throttledUntil(account.userId, 'graph') !== undefined) {
      // Nothing was tried, so there is nothing to write down.
      log({ event: 'task.ended', user, task: task.name, outcome: 'waiting', ms: 0 });
      continue;
    }
    const ended = await takeTask(app, operation, task, account, tokens);
    const { kind, code } = ended;
    refused = ended.refused;
    if (ended.throttle !== undefined) {
      await heedFailure(app, operation, account.userId, ended.throttle);
      throttledUntil = cooldowns.throttledUntil(account.userId, 'graph');
    }
    refusal = ended.refusal && isOfOthersToo(ended.refusal) ? ended.refusal : undefined;
    log({
      event: 'task.ended',
      user,
      task: task.name,
      outcome: code === undefined ? 'done' : 'failed',
      ms: Math.round(clock.elapsed() - begun),
      ...(code === undefined ? {} : { error: code }),
    });
    // A fault of our own is nothing in the user's history.
    if (kind === 'misconfigured' && !ended.refusal?.unsure) break;
    entries.push({
      at: clock.now(),
      outcome: code === undefined ? 'task-done' : 'task-failed',
      task: task.name,
      ...(kind && { kind }),
      ...(code === undefined ? {} : { code }),
    });
  }
  if (entries.length > 0) {
    await record(app, operation, account, { entries, refused, throttledUntil, written: tokens.written() });
  }
  const done = entries.filter(({ outcome }) => outcome === 'task-done').length;
  return { done, failed: entries.length - done, ...(refusal && { refusal }) };
}

/** That a tenant lacks the API of one task is that task's affair. */
const isOfOthersToo = ({ kind, throttle, unsure }: Failure): boolean =>
  (kind === 'misconfigured' && !unsure) || (kind === 'throttled' && throttle !== undefined);

type Tokens = {
  get(scopes: readonly string[], claims?: string): Promise<UserToken>;
  /** The last version of the stored cache that is ours. */
  written(): string | undefined;
};

/** One user's tokens by their scopes: tasks of the same scopes share one. */
function tokensOf(
  app: App,
  operation: Operation,
  { userId, homeAccountId, generation }: Account,
  profileToken: UserToken,
): Tokens {
  const keyOf = (scopes: readonly string[]) => [...scopes].sort().join(' ');
  const had = new Map([[keyOf(GRAPH_SCOPES), profileToken]]);
  let written: string | undefined;
  return {
    async get(scopes, claims) {
      const known = claims === undefined ? had.get(keyOf(scopes)) : undefined;
      if (known !== undefined) return known;
      const token = await app.userTokens.silent(operation, {
        userId,
        homeAccountId,
        generation,
        forceRefresh: false,
        scopes,
        claims,
      });
      had.set(keyOf(scopes), token);
      written = token.written ?? written;
      return token;
    },
    written: () => written,
  };
}

/** One task, and once more with what Graph asks for. */
async function takeTask(
  app: App,
  operation: Operation,
  task: Task,
  account: Account,
  tokens: Tokens,
): Promise<Ended> {
  async function attempt(challenge?: string): Promise<Attempt & { refusal?: Failure }> {
    let token: UserToken;
    try {
      token = await tokens.get(task.scopes, challenge);
    } catch (error) {
      if (operation.signal?.aborted) return { code: 'run-ended' };
      if (!(error instanceof UserTokenError)) return { code: nameOfError(error) };
      return { code: error.failure.code, refusal: error.failure };
    }
    const { accessToken, source } = token;
    const user = app.logId(account.userId);
    operation.log({ event: 'token.used', user, by: task.name, api: task.api.name, source });
    return attemptTask(app, operation, task, account, accessToken);
  }

  const first = await attempt();
  // A token refused without a challenge, such as a missing consent, says nothing of the user's connection.
  if (first.claims === undefined) return endedBy(first);
  const second = await attempt(first.claims);
  if (task.api.name !== GRAPH) return endedBy(second);
  // The user's next visit puts these claims to the token endpoint, which by itself would know nothing of them.
  const asked = { askedBy: GRAPH, code: `${GRAPH}_401` };
  if (second.claims !== undefined) return asUsers({ kind: 'needs-user', claims: second.claims, ...asked });
  if (second.refusal?.kind === 'needs-user' && !second.refusal.unsure) {
    return asUsers({ claims: first.claims, ...second.refusal, ...asked });
  }
  return endedBy(second);
}

const endedBy = ({ code, refusal, throttle }: Attempt & { refusal?: Failure }): Ended => ({
  ...(code !== undefined && { code }),
  ...(code !== undefined && throttle && { kind: throttle.kind }),
  ...(refusal && { kind: refusal.kind, refusal }),
  ...(throttle && { throttle }),
});

const asUsers = (refused: Failure): Ended => ({ kind: refused.kind, code: refused.code, refused });

type TasksRecord = {
  entries: readonly HistoryEntry[];
  refused: Failure | undefined;
  /** Until when Graph is left alone for the user, if it asked for that just now. */
  throttledUntil: Date | undefined;
  written: string | undefined;
};

/**
 * Not ended by the run's signal: what was done is done. A row that changed meanwhile is not marked, because it may be
 * that the user has just come back; if not, the next look meets the challenge again.
 */
async function record(
  app: App,
  { log }: Operation,
  begun: Account,
  { entries, refused, throttledUntil, written }: TasksRecord,
): Promise<void> {
  const { userId } = begun;
  try {
    let account: Account | undefined = begun;
    for (let attempt = 0; attempt < RECORD_TRIES; attempt += 1) {
      if (!isSameConnection(begun, account)) {
        // Signed off while a task's token was under way: what was stored must not outlive that.
        if (written !== undefined) await takeBack(app, userId, written);
        return;
      }
      const noted = { ...account, history: [...account.history, ...entries] };
      if (throttledUntil !== undefined && account.runId === undefined) {
        noted.dueAt = nextCheckAfterThrottle(account, throttledUntil, app.clock.now(), app.schedule);
      }
      const marks = refused !== undefined && account === begun;
      try {
        await app.accounts.move(
          account,
          marks ? markNeedsUser(noted, refused, app.clock.now(), app.schedule) : noted,
        );
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        account = await app.accounts.read(userId);
      }
    }
    throw new ConflictError('The row changed on every try.');
  } catch (error) {
    log({ event: 'account.not-recorded', user: app.logId(userId), error: nameOfError(error) });
  }
}
