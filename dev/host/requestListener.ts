import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerAdmin } from './adminApi.ts';
import { answerFunction } from './answerFunction.ts';
import type { ApplyCors } from './cors.ts';
import { answerEmpty, HttpRequestError, pathSegments, requestUrl } from './httpRequest.ts';
import { findRoute, type HttpRoute } from './httpRoutes.ts';
import type { RunningTimer } from './startTimer.ts';

export type RequestListenerOptions = {
  routes: readonly HttpRoute[];
  timers: ReadonlyMap<string, RunningTimer>;
  applyCors: ApplyCors;
};

export type HostRequestListener = {
  (request: IncomingMessage, response: ServerResponse): void;
  /** Resolves when every request that has come in is answered. */
  whenIdle(): Promise<void>;
};

/**
 * Answers every request: CORS, the admin API, then the first function whose method and route match, else 404. A
 * function that throws gives 500 with an empty body.
 */
export function createRequestListener(options: RequestListenerOptions): HostRequestListener {
  const running = new Set<Promise<unknown>>();
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    const closed = new Promise((resolve) => response.once('close', resolve));
    running.add(closed);
    closed.then(() => running.delete(closed));
    answer(options, request, response).catch((error) => refuse(response, error));
  };
  return Object.assign(listener, {
    async whenIdle() {
      while (running.size > 0) await Promise.all(running);
    },
  });
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else if (error instanceof HttpRequestError) {
    // Otherwise the rest of the body would be read as the next request.
    response.writeHead(error.status, { 'content-type': 'text/plain', connection: 'close' });
    response.end(`${error.message}\n`);
  } else {
    // The log already has the failed invocation. Headers that it has set must not go out with the 500.
    for (const name of response.getHeaderNames())
      if (!/^(?:vary|access-control-.*)$/.test(name)) response.removeHeader(name);
    answerEmpty(response, 500);
  }
}

async function answer(
  { routes, timers, applyCors }: RequestListenerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const url = requestUrl(request);
  const segments = pathSegments(url.pathname);
  if (applyCors(request, response)) return;
  if (segments[0] === 'admin') return answerAdmin(timers, request, response, url, segments);
  const match = findRoute(routes, request.method ?? '', segments);
  if (!match) return answerEmpty(response, 404);
  await answerFunction(match, request, response, url);
}
