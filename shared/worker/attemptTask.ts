import { withTimeout } from '../clock.ts';
import type { Failure } from '../errors.ts';
import { nameOfError, upstreamRefused } from '../log.ts';
import type { Account, Operation } from '../ports.ts';
import type { App } from '../tokens/app.ts';
import { partsOf } from '../userId.ts';
import type { Task } from './defineTask.ts';

/**
 * How it ended: done without a code. `claims` is the API's challenge, as raw JSON; `throttle` is its word that there are
 * too many requests, also when the task did not mind.
 */
export type Attempt = { code?: string; claims?: string; throttle?: Failure };

const MAX_NOTE_LENGTH = 200;
const WITHHELD = '(withheld)';
/** Every JWT and each of its readable parts begins like this. */
const ENCODED_JSON = /eyJ[\w-]{8}/;
/** What {@link nameOfError} makes of most errors; anything else may be prose, which may name people. */
const ERROR_NAME = /^[\w.:<-]{1,80}$/;

/** Runs a task once. It is over at its time-out or with the run, even if it does not heed the signal. */
export async function attemptTask(
  app: App,
  { log, signal: runSignal, correlationId }: Operation,
  task: Task,
  account: Account,
  token: string,
): Promise<Attempt> {
  const { userId, homeAccountId, userPrincipalName } = account;
  const { tid, oid } = partsOf(userId);
  const secrets = [token, oid, homeAccountId?.split('.')[0], userPrincipalName];
  const tells = (text: string) => tellsAnyOf(secrets, text);
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
        }),
        log: (note: unknown) =>
          log({
            event: 'task.note',
            user: app.logId(userId),
            task: task.name,
            note: typeof note !== 'string' || tells(note) ? WITHHELD : note.slice(0, MAX_NOTE_LENGTH),
          }),
        signal,
      });
      await Promise.race([running, endOf(signal)]);
      return {};
    } catch (error) {
      // These first: a task that heeds its signal ends with an error of its own.
      if (runSignal?.aborted) return { code: 'run-ended' };
      if (signal.aborted) return { code: 'timeout' };
      const name = nameOfError(error);
      const code = ERROR_NAME.test(name) && !tells(name) ? name : 'unnamed';
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

function tellsAnyOf(secrets: readonly (string | undefined)[], text: string): boolean {
  const folded = text.toLowerCase();
  return (
    ENCODED_JSON.test(text) ||
    secrets.some((secret) => secret !== undefined && folded.includes(secret.toLowerCase()))
  );
}
