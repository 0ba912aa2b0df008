import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { answerEmpty } from './answerEmpty.ts';
import { joinedHeaders, joinedQuery } from './httpRequest.ts';
import type { RouteMatch } from './httpRoutes.ts';
import { invoke } from './invoke.ts';

/** Headers that belong to one connection (RFC 9110, 7.6.1), and those that only the host may set. */
const NOT_FORWARDED = new Set([
  'connection',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-ms-invocation-id',
]);

/**
 * Answers a request through the library's own server (`setup({ enableHttpStream: true })`), which streams both
 * bodies; the invocation itself carries no body. The library answers only when the handler returns an object, so
 * 204 for nothing is written here, and a throw leaves the answer to the caller.
 * @param httpUri the library's server.
 */
export async function streamedExchange(
  match: RouteMatch,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  httpUri: string,
): Promise<void> {
  const invocationId = randomUUID();
  const chunked = request.headers['transfer-encoding'];
  const forwarded = http.request(new URL(`${url.pathname}${url.search}`, httpUri), {
    method: request.method ?? 'GET',
    headers: {
      ...forwardable(request.headers),
      ...(chunked && { 'transfer-encoding': 'chunked' }),
      'x-ms-invocation-id': invocationId,
      'x-forwarded-host': url.host,
      'x-forwarded-proto': 'http',
    },
  });
  request.pipe(forwarded);
  response.once('close', () => forwarded.destroy());

  const answered = once(forwarded, 'response').then(async ([answer]: IncomingMessage[]) => {
    if (!answer) return;
    for (const [name, value] of Object.entries(forwardable(answer.headers)))
      if (value !== undefined) response.setHeader(name, value);
    response.statusCode = answer.statusCode ?? 500;
    await pipeline(answer, response);
  });
  // It is awaited below, but can fail before that.
  answered.catch(() => {});
  forwarded.on('error', () => {});

  try {
    const { result } = await invoke(match.fn, {
      invocationId,
      data: { http: {} },
      triggerMetadata: {
        ...strings(match.params),
        Query: { json: JSON.stringify(joinedQuery(url.searchParams)) },
        Headers: { json: JSON.stringify(joinedHeaders(request)) },
      },
    });
    if (result !== undefined && result !== null) await answered;
    else answerEmpty(response, 204);
  } finally {
    forwarded.destroy();
  }
}

function forwardable(headers: http.IncomingHttpHeaders): http.IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !NOT_FORWARDED.has(name)));
}

function strings(values: Record<string, string>): Record<string, { string: string }> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { string: value }]));
}
