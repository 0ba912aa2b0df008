import type { HttpHandler, TimerHandler } from '@azure/functions';
import { answered, operationOf, readAccessToken } from '../../shared/http.ts';
import type { Stead } from '../../shared/stead.ts';

/** The timer function: does one run of the worker. */
export function createRefreshWorkerHandler({ worker }: Stead): TimerHandler {
  return async (_timer, context) => {
    await worker.run(operationOf(context));
  };
}

/**
 * `POST /api/worker/run`: does one run for an application that has the role, if no run began within the last minute. The
 * answer comes when the run is over, because what a function logs after its answer may be lost.
 */
export function createRunWorkerHandler({ worker, services }: Stead): HttpHandler {
  return (request, context) =>
    answered(context, services.clock, async (operation) => {
      const body = await worker.wake(operation, readAccessToken(request.headers));
      return { body, facts: {} };
    });
}
