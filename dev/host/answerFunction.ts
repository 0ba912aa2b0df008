import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HttpRequestData, HttpResponseData } from './coreTypes.ts';
import { answerEmpty, joinedHeaders, joinedQuery, readBody } from './httpRequest.ts';
import type { RouteMatch } from './httpRoutes.ts';
import { invoke } from './invoke.ts';

/** Headers about the framing of the body, which Node writes itself. */
const FRAMING = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding']);

/** Answers a request with a function. Both bodies are in memory. A handler that returns nothing gives 204. */
export async function answerFunction(
  match: RouteMatch,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
): Promise<void> {
  const body = await readBody(request);
  const http: HttpRequestData = {
    method: request.method ?? '',
    url: url.href,
    nullableHeaders: nullable(joinedHeaders(request)),
    nullableQuery: nullable(joinedQuery(url.searchParams)),
    nullableParams: nullable(match.params),
    ...(body.length > 0 && { body: { bytes: body } }),
  };
  const { returnValue } = await invoke(match.fn, { http });
  const answer = returnValue?.http;
  if (answer) writeAnswer(response, answer);
  else answerEmpty(response, 204);
}

function writeAnswer(response: ServerResponse, answer: HttpResponseData): void {
  for (const [name, value] of Object.entries(answer.headers))
    if (!FRAMING.has(name)) response.setHeader(name, value);
  // Unlike writeHead, this leaves Node to set the length.
  response.statusCode = Number(answer.statusCode);
  response.end(answer.body?.bytes);
}

function nullable(values: Record<string, string>): Record<string, { value: string }> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, { value }]));
}
