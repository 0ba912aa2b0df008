import type { Connected, HistoryEntry } from '../account/account.ts';
import { byStore, nowByStore } from '../account/nowByStore.ts';
import {
  EMPTY_MEMORY,
  fits,
  type RememberedTask,
  type TaskMemory,
  type Told,
} from '../account/taskMemory.ts';
import type { TasksRun } from '../account/transitions.ts';
import type { Api } from '../api.ts';
import { type Failure, type FailureKind, UserTokenError } from '../errors.ts';
import { nameOfError } from '../log.ts';
import type { UserToken } from '../ports.ts';
import { consentMissing, missingScopes } from '../tokens/scopes.ts';
import { type Attempt, attemptTask } from './attemptTask.ts';
import type { Task, TaskResult } from './defineTask.ts';
import { heedThrottle } from './heedThrottle.ts';
import type { Run } from './run.ts';
import { waitForNextTurn } from './waitForTurn.ts';

/** How a task ended. Without a `code` it succeeded. */
type Ended = {
  kind?: FailureKind;
  code?: string;
  /** Graph's challenge, which only the user can answer. It marks the user. */
  unansweredChallenge?: Failure;
  /** Why there was no token for the task. */
  tokenFailure?: Failure;
  /** Graph's request for fewer requests, however the task ended. */
  throttle?: Failure;
  /** What a task that succeeded returned. */
  result?: TaskResult;
};

/** The API that the connection depends on: only its challenges mark the user. */
const GRAPH = 'graph';

/** How the tasks of one check ended. */
export type EndedTasks = TasksRun & {
  /** How many tasks succeeded. */
  done: number;
  failed: number;
  /** Graph's challenge, which only the user can answer. */
  unansweredChallenge?: Failure | undefined;
  /** Why a token was refused, if other tasks or users would meet the same. Then the remaining tasks did not run. */
  tokenFailure?: Failure | undefined;
  /** The ETag of the last cache that the tasks' tokens stored. */
  written?: string | undefined;
  /** What the tasks remember now, and had told the user before. */
  remembered: TaskMemory;
  /** What they tell the user of this check. */
  told: Omit<Told, 'at'>[];
};

/** A check that runs no tasks. They remember what they did. */
export const noTasks = (remembered: TaskMemory): EndedTasks => ({
  entries: [],
  done: 0,
  failed: 0,
  remembered,
  told: [],
});

const MEMORY_FULL = 'memory-full';

/**
 * Runs the tasks as one user, one after the other, while the run has the lease. A task that fails does not stop the
 * others. If Graph has a challenge that no token answers, the remaining tasks do not run.
 * @param graphToken the token that the check obtained
 * @param memory what the tasks remember of the user
 */
export async function runTasks(
  run: Run,
  tasks: readonly Task[],
  account: Connected,
  graphToken: UserToken,
  memory: TaskMemory = EMPTY_MEMORY,
): Promise<EndedTasks> {
  const { app, operation } = run;
  const { cooldowns, clock } = app;
  const { log, signal } = operation;
  const user = app.logId(account.userId);
  const tokens = tokensFor(run, account, graphToken);
  const entries: HistoryEntry[] = [];
  let unansweredChallenge: Failure | undefined;
  let tokenFailure: Failure | undefined;
  let throttledUntil: Date | undefined;
  let remembered = memory;
  const told: EndedTasks['told'] = [];
  for (const task of tasks) {
    if (signal?.aborted || unansweredChallenge !== undefined || tokenFailure !== undefined) break;
    // Nothing was tried, so the history gets no entry.
    if (isResting(task, remembered, nowByStore(app))) continue;
    const begun = clock.elapsed();
    if (task.api.name === GRAPH && cooldowns.throttledUntil(account.userId, 'graph') !== undefined) {
      // Nothing was tried, so the history gets no entry.
      log({ event: 'task.ended', user, task: task.name, outcome: 'waiting', ms: 0 });
      continue;
    }
    const ended = await runTask(run, task, account, tokens, ofTask(remembered, task)?.state);
    if (task.consent === 'link' && ended.tokenFailure?.kind === 'consent') {
      // The user has not turned it on. Nothing was tried, so the history gets no entry.
      log({ event: 'task.ended', user, task: task.name, outcome: 'waiting', ms: 0 });
      continue;
    }
    const at = nowByStore(app);
    const next = ended.code === undefined ? afterRun(remembered, task, ended.result ?? {}, at) : remembered;
    const { kind, code = fits(next) ? undefined : MEMORY_FULL } = ended;
    if (code === undefined) remembered = next;
    const { summary, count } = ended.result ?? {};
    if (code === undefined && (summary !== undefined || count !== undefined)) {
      told.push({
        task: task.name,
        ...(count !== undefined && { count }),
        ...(summary !== undefined && { summary }),
      });
    }
    unansweredChallenge = ended.unansweredChallenge;
    if (ended.throttle !== undefined) {
      await heedThrottle(run, account.userId, ended.throttle);
      const until = cooldowns.throttledUntil(account.userId, 'graph');
      throttledUntil = until && byStore(app, until);
    }
    tokenFailure = ended.tokenFailure && concernsOthers(ended.tokenFailure) ? ended.tokenFailure : undefined;
    if (tokenFailure !== undefined) await heedThrottle(run, account.userId, tokenFailure);
    log({
      event: 'task.ended',
      user,
      task: task.name,
      outcome: code === undefined ? 'done' : 'failed',
      ms: Math.round(clock.elapsed() - begun),
      ...(code === undefined ? {} : { error: code }),
    });
    // Operators must correct it, so the user's history gets no entry.
    if (kind === 'misconfigured' && !ended.tokenFailure?.unsure) break;
    entries.push({
      at,
      outcome: code === undefined ? 'task-done' : 'task-failed',
      task: task.name,
      ...(kind && { kind }),
      ...(code === undefined ? {} : { code }),
    });
  }
  const done = entries.filter(({ outcome }) => outcome === 'task-done').length;
  return {
    entries,
    done,
    failed: entries.length - done,
    throttledUntil,
    unansweredChallenge,
    tokenFailure,
    written: tokens.written(),
    renewed: tokens.renewed(),
    remembered,
    told,
  };
}

/** A task may have a name that every object has, such as `constructor`. */
const ofTask = ({ tasks }: TaskMemory, { name }: Task): RememberedTask | undefined =>
  Object.hasOwn(tasks, name) ? tasks[name] : undefined;

/** True for a task that succeeded a moment ago, by its own rhythm. A time ahead of the clock was written by a wrong clock. */
function isResting(task: Task, memory: TaskMemory, now: Date): boolean {
  const { everyMs = 0 } = task;
  const sinceMs = now.getTime() - (ofTask(memory, task)?.at.getTime() ?? Number.NEGATIVE_INFINITY);
  return sinceMs >= 0 && sinceMs < everyMs;
}

/** What is remembered once a task succeeded. Without a state or a rhythm there is nothing to remember of it. */
function afterRun(memory: TaskMemory, task: Task, result: TaskResult, at: Date): TaskMemory {
  const { [task.name]: _, ...others } = memory.tasks;
  const { state = ofTask(memory, task)?.state ?? null } = result;
  const latest = { at, ...(state !== null && { state }) };
  const forgets = state === null && task.everyMs === undefined;
  return { ...memory, tasks: forgets ? others : { ...others, [task.name]: latest } };
}

/** Whether other tasks or users would meet it, too. If a tenant lacks the API of one task, only that task is concerned. */
const concernsOthers = ({ kind, throttle, unsure }: Failure): boolean =>
  (kind === 'misconfigured' && !unsure) || (kind === 'throttled' && throttle !== undefined);

type Tokens = {
  /** @throws {UserTokenError} there is no token for the task's API, or it lacks scopes of the task. */
  get(task: Task, claims?: string): Promise<UserToken>;
  /** The ETag of the last cache that these tokens stored. */
  written(): string | undefined;
  /** The last token that the token endpoint gave, and whose cache is stored. */
  renewed(): UserToken | undefined;
};

/**
 * One user's tokens by API. All tasks of an API share one, or the refusal in its place. If it lacks a task's scopes, no other one is requested: the next
 * renewal, or the user's next visit, brings the permissions that were given meanwhile.
 */
function tokensFor(
  run: Run,
  { userId, homeAccountId, generation }: Connected,
  graphToken: UserToken,
): Tokens {
  const { app, operation } = run;
  const obtained = new Map([[app.graph.resource, graphToken]]);
  const refused = new Map<string, UserTokenError>();
  let written: string | undefined;
  let renewed: UserToken | undefined;

  async function request(api: Api, claims?: string): Promise<UserToken> {
    const token = await app.userTokens.silent(operation, {
      userId,
      homeAccountId,
      generation,
      api,
      forceRefresh: false,
      claims,
      waitToAsk: () => waitForNextTurn(run, userId),
    });
    obtained.set(api.resource, token);
    written = token.written ?? written;
    if (token.source === 'network' && token.stored) renewed = token;
    return token;
  }

  /** A refusal holds until the next check. An outage may be over for the next task. */
  async function requestOnce(api: Api, claims?: string): Promise<UserToken> {
    const refusal = claims === undefined ? refused.get(api.resource) : undefined;
    if (refusal !== undefined) throw refusal;
    try {
      return await request(api, claims);
    } catch (error) {
      const isRefusal = error instanceof UserTokenError && error.failure.kind !== 'transient';
      if (isRefusal && claims === undefined) refused.set(api.resource, error);
      throw error;
    }
  }

  return {
    async get({ api, scopes }, claims) {
      const known = claims === undefined ? obtained.get(api.resource) : undefined;
      const token = known ?? (await requestOnce(api, claims));
      const missing = missingScopes(scopes, token.permissions);
      if (missing.length > 0) throw new UserTokenError(consentMissing(api, missing));
      return token;
    },
    written: () => written,
    renewed: () => renewed,
  };
}

/** Runs one task, and once again with the claims if its API answers with a challenge. */
async function runTask(
  run: Run,
  task: Task,
  account: Connected,
  tokens: Tokens,
  state: unknown,
): Promise<Ended> {
  const { app, operation } = run;
  async function attempt(challenge?: string): Promise<Attempt & { tokenFailure?: Failure }> {
    let token: UserToken;
    try {
      token = await tokens.get(task, challenge);
    } catch (error) {
      if (operation.signal?.aborted) return { code: 'run-ended' };
      if (!(error instanceof UserTokenError)) return { code: nameOfError(error) };
      return { code: error.failure.code, tokenFailure: error.failure };
    }
    const { accessToken, source } = token;
    const user = app.logId(account.userId);
    operation.log({ event: 'token.used', user, by: task.name, api: task.api.name, source });
    return attemptTask(app, operation, task, account, accessToken, state);
  }

  const first = await attempt();
  // A token that was refused without a challenge, such as for a missing consent, says nothing about the connection.
  if (first.claims === undefined) return endedBy(first);
  const second = await attempt(first.claims);
  if (task.api.name !== GRAPH) return endedBy(second);
  // The token endpoint does not know these claims, so the user's next visit sends them to it.
  const asked = { askedBy: GRAPH, code: `${GRAPH}_401` };
  if (second.claims !== undefined)
    return endedByChallenge({ kind: 'needs-user', claims: second.claims, ...asked });
  if (second.tokenFailure?.kind === 'needs-user' && !second.tokenFailure.unsure) {
    return endedByChallenge({ claims: first.claims, ...second.tokenFailure, ...asked });
  }
  return endedBy(second);
}

const endedBy = ({ code, tokenFailure, throttle, result }: Attempt & { tokenFailure?: Failure }): Ended => ({
  ...(result && { result }),
  ...(code !== undefined && { code }),
  ...(code !== undefined && throttle && { kind: throttle.kind }),
  ...(tokenFailure && { kind: tokenFailure.kind, tokenFailure }),
  ...(throttle && { throttle }),
});

const endedByChallenge = (unansweredChallenge: Failure): Ended => ({
  kind: unansweredChallenge.kind,
  code: unansweredChallenge.code,
  unansweredChallenge,
});
