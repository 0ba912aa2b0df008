import { isSameConnection, takeBack } from '../account/endAccount.ts';
import { markNeedsUser } from '../account/markNeedsUser.ts';
import { nextLookAfterThrottle, type ScheduleSettings } from '../account/schedule.ts';
import { ConflictError, type Failure, type FailureKind, UserTokenError } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type {
  Account,
  AccountStore,
  HistoryEntry,
  TenantStore,
  TokenCacheStore,
  UserToken,
  UserTokens,
} from '../ports.ts';
import type { Cooldowns } from '../tokens/cooldowns.ts';
import { GRAPH_CHALLENGE } from '../tokens/failures.ts';
import { GRAPH_SCOPES } from '../tokens/graphScopes.ts';
import { heedFailure } from '../tokens/storedCooldowns.ts';
import { type Attempt, type AttemptTaskDeps, attemptTask } from './attemptTask.ts';
import type { Task } from './defineTask.ts';

export type RunTasksDeps = AttemptTaskDeps & {
  tasks: readonly Task[];
  userTokens: UserTokens;
  accounts: AccountStore;
  tokenCache: TokenCacheStore;
  schedule: ScheduleSettings;
  cooldowns: Cooldowns;
  tenants: TenantStore;
  now: () => Date;
};

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

/**
 * Runs the tasks as one user, one after the other, and writes down how each ended in one move of the row, which keeps
 * its place in time. A task that fails is its own failure; only a challenge of Graph's that no token satisfies marks
 * the user, and then the rest is left for later.
 * @param account the row as it was settled
 * @param profileToken what it was settled with
 * @param signal the run's
 * @returns `refusal` is of a token, and one that every task or user would meet: the rest is left for later
 */
export async function runTasks(
  deps: RunTasksDeps,
  account: Account,
  profileToken: UserToken,
  signal: AbortSignal,
): Promise<{ done: number; failed: number; refusal?: Failure }> {
  const user = deps.logId(account.userId);
  const tokens = tokensOf(deps, account, profileToken, signal);
  const entries: HistoryEntry[] = [];
  let refused: Failure | undefined;
  let refusal: Failure | undefined;
  let throttledUntil: Date | undefined;
  for (const task of deps.tasks) {
    if (signal.aborted || refused !== undefined || refusal !== undefined) break;
    const begun = performance.now();
    if (task.api === 'graph' && deps.cooldowns.throttledUntil(account.userId, 'graph') !== undefined) {
      // Nothing was tried, so there is nothing to write down.
      deps.log({ event: 'task.ended', user, task: task.name, outcome: 'waiting', ms: 0 });
      continue;
    }
    const ended = await takeTask(deps, task, account, tokens, signal);
    const { kind, code } = ended;
    refused = ended.refused;
    if (ended.throttle !== undefined) {
      await heedFailure(deps, account.userId, ended.throttle, signal);
      throttledUntil = deps.cooldowns.throttledUntil(account.userId, 'graph');
    }
    refusal = ended.refusal && isOfOthersToo(ended.refusal) ? ended.refusal : undefined;
    deps.log({
      event: 'task.ended',
      user,
      task: task.name,
      outcome: code === undefined ? 'done' : 'failed',
      ms: Math.round(performance.now() - begun),
      ...(code === undefined ? {} : { error: code }),
    });
    // A fault of our own is nothing in the user's history.
    if (kind === 'misconfigured' && !ended.refusal?.unsure) break;
    entries.push({
      at: deps.now(),
      outcome: code === undefined ? 'task-done' : 'task-failed',
      task: task.name,
      ...(kind && { kind }),
      ...(code === undefined ? {} : { code }),
    });
  }
  if (entries.length > 0) {
    await record(deps, account, { entries, refused, throttledUntil, written: tokens.written() });
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
  deps: RunTasksDeps,
  { userId, homeAccountId, generation }: Account,
  profileToken: UserToken,
  signal: AbortSignal,
): Tokens {
  const keyOf = (scopes: readonly string[]) => [...scopes].sort().join(' ');
  const had = new Map([[keyOf(GRAPH_SCOPES), profileToken]]);
  let written: string | undefined;
  return {
    async get(scopes, claims) {
      const known = claims === undefined ? had.get(keyOf(scopes)) : undefined;
      if (known !== undefined) return known;
      const token = await deps.userTokens.silent({
        userId,
        homeAccountId,
        generation,
        forceRefresh: false,
        scopes,
        claims,
        signal,
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
  deps: RunTasksDeps,
  task: Task,
  account: Account,
  tokens: Tokens,
  signal: AbortSignal,
): Promise<Ended> {
  async function attempt(challenge?: string): Promise<Attempt & { refusal?: Failure }> {
    let token: UserToken;
    try {
      token = await tokens.get(task.scopes, challenge);
    } catch (error) {
      if (signal.aborted) return { code: 'run-ended' };
      if (!(error instanceof UserTokenError)) return { code: nameOfError(error) };
      return { code: error.failure.code, refusal: error.failure };
    }
    const { accessToken, source } = token;
    const user = deps.logId(account.userId);
    deps.log({ event: 'token.used', user, by: task.name, api: task.api, source });
    return attemptTask(deps, task, account, accessToken, signal);
  }

  const first = await attempt();
  // A token refused without a challenge, such as a missing consent, says nothing of the user's connection.
  if (first.claims === undefined) return endedBy(first);
  const second = await attempt(first.claims);
  if (second.claims !== undefined) {
    return asUsers({ kind: 'needs-user', code: GRAPH_CHALLENGE, claims: second.claims });
  }
  if (second.refusal?.kind === 'needs-user' && !second.refusal.unsure) {
    // By its code the user's next visit knows that the token endpoint has to be asked for these claims.
    return asUsers({ claims: first.claims, ...second.refusal, code: GRAPH_CHALLENGE });
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
  deps: RunTasksDeps,
  begun: Account,
  { entries, refused, throttledUntil, written }: TasksRecord,
): Promise<void> {
  const { userId } = begun;
  try {
    let account: Account | undefined = begun;
    for (let attempt = 0; attempt < RECORD_TRIES; attempt += 1) {
      if (!isSameConnection(begun, account)) {
        // Signed off while a task's token was under way: what was stored must not outlive that.
        if (written !== undefined) await takeBack(deps, userId, written);
        return;
      }
      const noted = { ...account, history: [...account.history, ...entries] };
      if (throttledUntil !== undefined && account.runId === undefined) {
        noted.dueAt = nextLookAfterThrottle(account, throttledUntil, deps.now(), deps.schedule);
      }
      const marks = refused !== undefined && account === begun;
      try {
        await deps.accounts.move(
          account,
          marks ? markNeedsUser(noted, refused, deps.now(), deps.schedule) : noted,
        );
        return;
      } catch (error) {
        if (!(error instanceof ConflictError)) throw error;
        account = await deps.accounts.read(userId);
      }
    }
    throw new ConflictError('The row changed on every try.');
  } catch (error) {
    deps.log({ event: 'account.not-recorded', user: deps.logId(userId), error: nameOfError(error) });
  }
}
