import type { Connected } from '../account/account.ts';
import { withTimeout } from '../clock.ts';
import type { Failure } from '../errors.ts';
import { nameOfError, upstreamRefused } from '../log.ts';
import type { Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { partsOf } from '../userId.ts';
import type { Task } from './defineTask.ts';

/**
 * How one attempt ended. Without a `code` the task succeeded. `claims` is the API's claims challenge as raw JSON.
 * `throttle` is the API's 429, even if the task ignored it.
 */
export type Attempt = { code?: string; claims?: string; throttle?: Failure };

const MAX_NOTE_LENGTH = 200;
const WITHHELD = '(withheld)';
/** Every JWT, and each of its parts that can be decoded, begins like this. */
const ENCODED_JSON = /eyJ[\w-]{8}/;
/** The form of most results of {@link nameOfError}. Any other text may be prose, which may name people. */
const ERROR_NAME = /^[\w.:<-]{1,80}$/;

/** Runs a task once. The attempt ends at the task's time-out or with the run, even if the task ignores its signal. */
export async function attemptTask(
  app: App,
  { log, signal: runSignal, correlationId }: Operation,
  task: Task,
  account: Connected,
  token: string,
): Promise<Attempt> {
  const { userId, homeAccountId, userPrincipalName } = account;
  const { tid, oid } = partsOf(userId);
  const secrets = [token, oid, homeAccountId?.split('.')[0], userPrincipalName];
  const reveals = (text: string) => revealsAnyOf(secrets, text);
  let throttle: Failure | undefined;
  let claims: string | undefined;
  const run = async (signal: AbortSignal): Promise<Attempt> => {
    try {
      const running = task.run({
        user: { id: userId, tid, oid },
        token,
        ...app.openApi(task.api, {
          accessToken: token,
          signal,
          correlationId,
          inBackground: true,
          onRefused: (reference) => log(upstreamRefused(reference, app.logId(userId))),
          onThrottled: (failure) => {
            throttle = failure;
          },
          onChallenged: (challenge) => {
            claims = challenge;
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
      await Promise.race([running, endOf(signal)]);
      return {};
    } catch (error) {
      // The signals are checked first, because a task that obeys its signal throws an error of its own.
      if (runSignal?.aborted) return { code: 'run-ended' };
      if (signal.aborted) return { code: 'timeout' };
      const name = nameOfError(error);
      const code = ERROR_NAME.test(name) && !reveals(name) ? name : 'unnamed';
      return claims === undefined ? { code } : { code, claims };
    }
  };
  const ended = await withTimeout(app.clock, task.timeoutMs, run, runSignal);
  return throttle === undefined ? ended : { ...ended, throttle };
}

function endOf(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    if (signal.aborted) reject(signal.reason);
  });
}

function revealsAnyOf(secrets: readonly (string | undefined)[], text: string): boolean {
  const folded = text.toLowerCase();
  return (
    ENCODED_JSON.test(text) ||
    secrets.some((secret) => secret !== undefined && folded.includes(secret.toLowerCase()))
  );
}
