import { operationOf, type Reply } from '../http.ts';
import { nameOfError, type SweepSummary } from '../log.ts';
import type { UserFunction } from '../requests/defineFunction.ts';
import type { Stead } from '../stead.ts';
import { createHandlers, type Handler } from './handlers.ts';

/**
 * Answers one request of the Fetch API. It never rejects.
 * @param params the parts of the route that are parameters, by name; default: none
 */
export type FetchHandler = (request: Request, params?: Readonly<Record<string, string>>) => Promise<Response>;

/** Where the lines of the log go: the console, or an object like it. */
export type LogSink = Record<'info' | 'warn' | 'error', (line: string) => void>;

export type FetchHandlers = ReturnType<typeof createFetchHandlers>;

/**
 * What the application serves, as functions from a `Request` to a `Response`, for any server that has them, such as Hono,
 * Deno or Bun, and by `nodeListener` for Express and Node's own (`docs/http.md`). Routes and methods are the server's.
 * @param options.sink default: the console
 */
export function createFetchHandlers(stead: Stead, options: { sink?: LogSink } = {}) {
  const { sink = console } = options;
  const handlers = createHandlers(stead);
  const newContext = () => ({
    invocationId: stead.services.clock.newId(),
    info: (line: string) => sink.info(line),
    warn: (line: string) => sink.warn(line),
    error: (line: string) => sink.error(line),
  });
  const serve =
    (handler: Handler): FetchHandler =>
    async (request, params = {}) =>
      toResponse(
        await handler(
          {
            method: request.method,
            headers: request.headers,
            query: new URL(request.url).searchParams,
            params,
            body: request.body,
            arrayBuffer: () => request.arrayBuffer(),
          },
          newContext(),
        ),
      );

  return {
    /**
     * Serves a function: every request is answered as the caller whom its access token names.
     * @throws {TypeError} it cannot be a result of `defineFunction`, or another function has the same name.
     */
    asUser: (fn: UserFunction): FetchHandler => serve(handlers.asUser(fn)),
    /** `GET`, `PUT` and `DELETE`: the caller's own connection. */
    connection: serve(handlers.connection),
    /** `POST` and `GET`: begins a link. */
    link: serve(handlers.link),
    /** `GET`: ends a link. */
    linkCallback: serve(handlers.linkCallback),
    /** `GET`: says that this process answers. */
    health: serve(handlers.health),
    /** `GET`: says whether storage and the credential can be used. */
    ready: serve(handlers.ready),
    /** `POST`: does one run of the worker for an application that has the role. */
    runWorker: serve(handlers.runWorker),
    /**
     * Does one run of the worker, for a timer: `setInterval(refreshWorker, 60_000)`. It never rejects.
     * @param signal ends the run early, such as when the server stops. What it holds is given back.
     * @returns what it did; undefined if it failed, which is logged
     */
    async refreshWorker(signal?: AbortSignal): Promise<SweepSummary | undefined> {
      // A scheduler may call it with something of its own.
      const ends = signal instanceof AbortSignal ? signal : undefined;
      const operation = { ...operationOf(newContext()), signal: ends };
      try {
        return await stead.worker.run(operation);
      } catch (error) {
        operation.log({ event: 'sweep.failed', error: nameOfError(error) });
        return undefined;
      }
    },
  };
}

/** A status without a body, such as 204, refuses even an empty one. */
function toResponse({ status, headers, body }: Reply): Response {
  return new Response((body as string | Uint8Array<ArrayBuffer> | undefined) ?? null, { status, headers });
}
