import type {
  HttpHandler,
  InvocationContext,
  StorageQueueHandler,
  StorageQueueOutput,
  TimerHandler,
} from '@azure/functions';
import { operationOf } from '../http.ts';
import type { UserFunction } from '../requests/defineFunction.ts';
import type { Stead } from '../stead.ts';
import { createHandlers, type HandOverIn, type RunParts } from './handlers.ts';

export type FunctionHandlers = ReturnType<typeof createFunctionHandlers>;

export type FunctionHandlersOptions = {
  /**
   * The queue that takes the parts of a run. It must be among the `extraOutputs` of `refreshWorker` and `runWorker`, and the trigger
   * of `sweepPart`. Without it no run is split.
   */
  parts?: StorageQueueOutput;
};

/** What the application serves, for `app.http`, `app.timer` and `app.storageQueue` of `@azure/functions` (`docs/http.md`). */
export function createFunctionHandlers(stead: Stead, { parts: queue }: FunctionHandlersOptions = {}) {
  // The host makes one message of each element, once the function has ended.
  const handOver: HandOverIn | undefined =
    queue && ((context, parts) => (context as InvocationContext).extraOutputs.set(queue, parts));
  const handlers = createHandlers(stead, handOver);
  const { asUser, connection, health, link, linkCallback, ready, runWorker } = handlers;
  return {
    /**
     * Serves a function: every request is answered as the caller whom its access token names.
     * @throws {TypeError} it cannot be a result of `defineFunction`, or another function has the same name.
     */
    asUser: (fn: UserFunction): HttpHandler => asUser(fn),
    /** `GET`, `PUT` and `DELETE`: the caller's own connection. */
    connection: connection as HttpHandler,
    /** `POST` and `GET`: begins a link. */
    link: link as HttpHandler,
    /** `GET`: ends a link. */
    linkCallback: linkCallback as HttpHandler,
    /** `GET`: says that this process answers. */
    health: health as HttpHandler,
    /** `GET`: says whether storage and the credential can be used. */
    ready: ready as HttpHandler,
    /** `POST`: does one run of the worker for an application that has the role. */
    runWorker: runWorker as HttpHandler,
    /** The timer: does one run of the worker. */
    refreshWorker: (async (_timer, context) => {
      const give = handOver && ((parts: RunParts) => handOver(context, parts));
      await stead.worker.run(operationOf(context), undefined, give);
    }) satisfies TimerHandler as TimerHandler,
    /** The queue: sweeps one part of a run. */
    sweepPart: (async (message, context) => {
      const operation = operationOf(context);
      const tries = Number(context.triggerMetadata?.dequeueCount ?? 1);
      if (tries > 1) operation.log({ event: 'part.repeated', tries });
      await stead.worker.sweepPart(operation, message);
    }) satisfies StorageQueueHandler as StorageQueueHandler,
  };
}
