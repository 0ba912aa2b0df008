import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerEmpty } from './answerEmpty.ts';
import { HttpRequestError, readBody } from './httpRequest.ts';
import type { RunningTimer } from './startTimer.ts';

/**
 * `POST /admin/functions/NAME` with `{ "input": ... }` runs a timer function now and answers 202 at once; a timer
 * takes no input, so it is only checked. 404 for every other name: an HTTP function is called by its own URL, and
 * a disabled function does not run.
 *
 * Azure's host has no way to await the run. Here `?wait=true` answers 200 `{ "status": "succeeded" | "failed" }`
 * when it has ended.
 * @param segments the decoded path.
 * @throws HttpRequestError 400 (body is no JSON object) or 415 (body not sent as JSON).
 */
export async function answerAdmin(
  timers: ReadonlyMap<string, RunningTimer>,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  segments: readonly string[],
): Promise<void> {
  const [, area, name = '', ...more] = segments;
  const timer = area === 'functions' && more.length === 0 ? timers.get(name) : undefined;
  if (!timer || request.method !== 'POST') return answerEmpty(response, 404);
  // Any web page can send a form or plain text here, but JSON only with our CORS consent.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new HttpRequestError(415, 'Send JSON: content-type: application/json');
  checkBody((await readBody(request)).toString());

  const run = timer.run();
  if (url.searchParams.get('wait') !== 'true') return answerEmpty(response, 202);
  const body = JSON.stringify({ status: await run });
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}

function checkBody(text: string): void {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new HttpRequestError(400, 'The body must be a JSON object: {} or { "input": ... }');
}
