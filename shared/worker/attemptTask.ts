import { withTimeout } from '../clock.ts';
import type { Failure } from '../errors.ts';
import { type Log, nameOfError, upstreamRefused } from '../log.ts';
import type { Account, OpenGraph } from '../ports.ts';
import { readClaimsChallenge } from '../tokens/challenge.ts';
import { type LogId, partsOf } from '../userId.ts';
import type { Task } from './defineTask.ts';

export type AttemptTaskDeps = {
  openGraph: OpenGraph;
  logId: LogId;
  log: Log;
  /** The run's, which goes with every request to Graph. */
  correlationId?: string | undefined;
};

/**
 * How it ended: done without a code. `claims` is Graph's challenge, as raw JSON; `throttle` is its word that there are too
 * many requests, also when the task did not mind.
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
  deps: AttemptTaskDeps,
  task: Task,
  account: Account,
  token: string,
  runSignal: AbortSignal,
): Promise<Attempt> {
  const { userId, homeAccountId, userPrincipalName } = account;
  const { tid, oid } = partsOf(userId);
  const secrets = [token, oid, homeAccountId?.split('.')[0], userPrincipalName];
  const tells = (text: string) => tellsAnyOf(secrets, text);
  let throttle: Failure | undefined;
  const run = async (signal: AbortSignal): Promise<Attempt> => {
    try {
      const running = task.run({
        user: { id: userId, tid, oid },
        token,
        graph: deps.openGraph(token, signal, {
          correlationId: deps.correlationId,
          onRefused: (reference) => deps.log(upstreamRefused(reference, deps.logId(userId))),
          onThrottled: (failure) => {
            throttle = failure;
          },
        }),
        log: (note: unknown) =>
          deps.log({
            event: 'task.note',
            user: deps.logId(userId),
            task: task.name,
            note: typeof note !== 'string' || tells(note) ? WITHHELD : note.slice(0, MAX_NOTE_LENGTH),
          }),
        signal,
      });
      await Promise.race([running, endOf(signal)]);
      return {};
    } catch (error) {
      // These first: a task that heeds its signal ends with an error of its own.
      if (runSignal.aborted) return { code: 'run-ended' };
      if (signal.aborted) return { code: 'timeout' };
      const name = nameOfError(error);
      const code = ERROR_NAME.test(name) && !tells(name) ? name : 'unnamed';
      const claims = task.api === 'graph' ? challengeOf(error) : undefined;
      return claims === undefined ? { code } : { code, claims };
    }
  };
  const ended = await withTimeout(task.timeoutMs, run, runSignal);
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

/** Read off the shape of the client's error, because a use case has no vendor. */
function challengeOf(error: unknown): string | undefined {
  if (!(error instanceof Error && 'statusCode' in error && error.statusCode === 401)) return undefined;
  const headers = 'headers' in error ? error.headers : undefined;
  return headers instanceof Headers ? readClaimsChallenge(headers.get('www-authenticate')) : undefined;
}
