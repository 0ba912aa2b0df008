import type { Connected } from '../account/account.ts';
import { endOf, withTimeout } from '../clock.ts';
import type { Failure } from '../errors.ts';
import { readable, upstreamRefused } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { isBug } from '../tokens/isBug.ts';
import { createReveals, nameWithout } from '../tokens/revealing.ts';
import { partsOf } from '../userId.ts';
import type { Task, TaskResult } from './defineTask.ts';
import { readResult } from './taskResult.ts';

/**
 * How one attempt ended. Without a `code` the task succeeded. `claims` is the API's claims challenge as raw JSON.
 * `throttle` is the API's 429, even if the task ignored it. `result` is what a task that succeeded returned.
 */
export type Attempt = { code?: string; claims?: string; throttle?: Failure; result?: TaskResult };

const MAX_NOTE_LENGTH = 200;
const WITHHELD = '(withheld)';

/**
 * Runs a task once. The attempt ends at the task's time-out or with the run, even if the task ignores its signal.
 * @param state what the task's latest run kept for this one
 */
export async function attemptTask(
  app: App,
  { log, signal: runSignal, correlationId }: Operation,
  task: Task,
  account: Connected,
  token: string,
  state: unknown,
): Promise<Attempt> {
  const { userId, homeAccountId, userPrincipalName } = account;
  const { tid, oid } = partsOf(userId);
  const reveals = createReveals([token, oid, homeAccountId?.split('.')[0], userPrincipalName]);
  let throttle: Failure | undefined;
  let claims: string | undefined;
  const run = async (signal: AbortSignal): Promise<Attempt> => {
    try {
      const running = task.run({
        user: { id: userId, tid, oid },
        token,
        // A copy: what is kept must not change if the task fails.
        state: structuredClone(state),
        ...app.openApi(task.api, {
          accessToken: token,
          signal,
          correlationId,
          inBackground: true,
          onFailed(failure) {
            if (failure.upstream) log(upstreamRefused(failure.upstream, app.logId(userId)));
            if (failure.throttle) throttle = failure;
            if (failure.askedBy !== undefined && failure.claims !== undefined) claims = failure.claims;
          },
          // The API accepts the token after all, so a later error has another cause.
          onAccepted: () => {
            claims = undefined;
          },
        }),
        log: (note: unknown) =>
          log({
            event: 'task.note',
            user: app.logId(userId),
            task: task.name,
            note: typeof note !== 'string' || reveals(note) ? WITHHELD : note.slice(0, MAX_NOTE_LENGTH),
          }),
        signal,
      });
      return readResult(await Promise.race([running, endOf(signal)]), token);
    } catch (thrown) {
      // The signals are checked first, because a task that obeys its signal throws an error of its own.
      if (runSignal?.aborted) return { code: 'run-ended' };
      if (signal.aborted) return { code: 'timeout' };
      const error = readable(thrown);
      const code = nameWithout(reveals, error);
      return claims === undefined || isBug(error) ? { code } : { code, claims };
    }
  };
  const ended = await withTimeout(app.clock, task.timeoutMs, run, runSignal);
  return throttle === undefined ? ended : { ...ended, throttle };
}
