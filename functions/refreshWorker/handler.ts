import type { TimerHandler } from '@azure/functions';
import { operationOf } from '../../shared/http.ts';
import type { Stead } from '../../shared/stead.ts';

/** The timer function: does one run of the worker. */
export function createRefreshWorkerHandler({ worker }: Stead): TimerHandler {
  return async (_timer, context) => {
    await worker.run(operationOf(context));
  };
}
