import { endOf, withTimeout } from '../clock.ts';
import {
  type Failure,
  FunctionFailedError,
  RequestMalformedError,
  UnavailableError,
  UserTokenError,
} from '../errors.ts';
import { readable, upstreamRefused } from '../log.ts';
import type { Caller, FunctionRequest, Operation, UsableToken } from '../ports.ts';
import { unanswered } from '../tokens/apiFailure.ts';
import type { App } from '../tokens/app.ts';
import { classifyFailure } from '../tokens/failures.ts';
import { isBug } from '../tokens/isBug.ts';
import { createReveals, nameWithout } from '../tokens/revealing.ts';
import { consentMissing } from '../tokens/scopes.ts';
import type { UserFunction } from './defineFunction.ts';

export type Attempt<T> = {
  fn: UserFunction<T>;
  caller: Caller;
  token: UsableToken;
  request: FunctionRequest;
  /** Called for every request for fewer requests, even if the function goes on. */
  onThrottled: (failure: Failure) => void;
};

/**
 * Runs a function once. It ends at the function's time-out, even if the function ignores its signal.
 * @throws {UserTokenError} the function ended with an error because its API refused it, or did not answer.
 * @throws {RequestMalformedError} the function cannot read what the caller sent, or waited for it until its time-out.
 * @throws {UnavailableError} the function cannot use what its API answered.
 * @throws {FunctionFailedError} the function ended with an error of its own.
 */
export async function attemptFunction<T>(
  app: App,
  { log, correlationId }: Operation,
  { fn, caller, token, request, onThrottled }: Attempt<T>,
): Promise<T> {
  const { api, scopes, timeoutMs } = fn;
  const { accessToken } = token;
  const { userId, tid, oid, userPrincipalName } = caller;
  let failed: Failure | undefined;
  const { sent, isWaitingForBody } = watch(request);

  const attempt = async (signal: AbortSignal): Promise<T> => {
    try {
      const running = fn.run({
        user: { id: userId, tid, oid },
        request: sent,
        token: accessToken,
        ...app.openApi(api, {
          accessToken,
          signal,
          correlationId,
          onFailed(failure) {
            failed = failure;
            if (failure.throttle !== undefined) onThrottled(failure);
          },
          // A later error has another cause.
          onAccepted: () => {
            failed = undefined;
          },
        }),
        signal,
      });
      return await Promise.race([running, endOf(signal)]);
    } catch (thrown) {
      const error = readable(thrown);
      if (error instanceof RequestMalformedError || error instanceof UnavailableError) throw error;
      if (signal.aborted && isWaitingForBody()) {
        throw new RequestMalformedError('The body could not be read to its end in time.');
      }
      // The signal is checked first, because a function that obeys it throws an error of its own.
      const failure = signal.aborted
        ? classifyFailure({ api: api.name, noAnswer: 'timeout' })
        : (api.readError?.(error, app.clock.now()) ??
          (isBug(error) ? undefined : failed) ??
          (isBrokenOff(error) ? unanswered(api) : undefined));
      if (failure === undefined) {
        throw new FunctionFailedError(
          nameWithout(createReveals([accessToken, oid, userPrincipalName]), error),
        );
      }
      // A refusal that the function handles is not logged: most users have no photo.
      if (failure.upstream !== undefined) log(upstreamRefused(failure.upstream, app.logId(userId)));
      // Entra did not say what the token may do, so the API's own refusal says that the consent is missing.
      const isForbidden = token.permissions === undefined && failure.code === `${api.name}_403`;
      throw new UserTokenError(isForbidden ? { ...failure, ...consentMissing(api, scopes) } : failure);
    }
  };
  return withTimeout(app.clock, timeoutMs, attempt);
}

/** The request, and whether the function waits for a body that the caller has not sent to its end. */
function watch(request: FunctionRequest): { sent: FunctionRequest; isWaitingForBody: () => boolean } {
  let waiting = 0;
  const watched =
    <T>(read: () => Promise<T>) =>
    () => {
      waiting += 1;
      const reading = read().finally(() => {
        waiting -= 1;
      });
      // A function may await it later. What a caller sends must not end the process until then.
      reading.catch(() => undefined);
      return reading;
    };
  const { bytes, text, json, ...others } = request;
  return {
    sent: { ...others, bytes: watched(bytes), text: watched(text), json: watched(json) },
    isWaitingForBody: () => waiting > 0,
  };
}

/** Whether an error of `fetch` says that an answer ended before its end, or that there was none in time. */
const isBrokenOff = (error: unknown): boolean =>
  (error instanceof TypeError && error.cause instanceof Error && 'code' in error.cause) ||
  (error instanceof DOMException && ['TimeoutError', 'AbortError'].includes(error.name));
