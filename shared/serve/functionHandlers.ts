import type { HttpHandler, TimerHandler } from '@azure/functions';
import { operationOf } from '../http.ts';
import type { UserFunction } from '../requests/defineFunction.ts';
import type { Stead } from '../stead.ts';
import { createHandlers } from './handlers.ts';

export type FunctionHandlers = ReturnType<typeof createFunctionHandlers>;

/** What the application serves, for `app.http` and `app.timer` of `@azure/functions` (`docs/http.md`). */
export function createFunctionHandlers(stead: Stead) {
  const { asUser, connection, health, link, linkCallback, ready, runWorker } = createHandlers(stead);
  return {
    /**
     * Serves a function: every request is answered as the caller whom its access token names.
     * @throws {TypeError} another function has the same name.
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
      await stead.worker.run(operationOf(context));
    }) satisfies TimerHandler as TimerHandler,
  };
}
