import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerEmpty, HttpRequestError, readBody } from './httpRequest.ts';
import type { RunningTimer } from './startTimer.ts';

/**
 * `POST /admin/functions/NAME` with `{ "input": ... }` runs a timer function now and answers 202 at once; a timer
 * takes no input, so it is only checked. 404 for every other name: an HTTP function is called by its own URL, and
 * a disabled function does not run.
 *
 * Azure's host has no way to await the run. Here `?wait=true` answers 200 `{ "status": "succeeded" | "failed" }`
 * when it has ended.
 * Azure's host requires a key for these routes. Here they are for programs on this machine, and no web page may use
 * them except one of the host's own.
 * @param segments the decoded path.
 * @throws HttpRequestError 421 (a name that is not loopback's), 403 (another site's page), 400 (body is no JSON
 *   object) or 415 (body not sent as JSON).
 */
export async function answerAdmin(
  timers: ReadonlyMap<string, RunningTimer>,
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  segments: readonly string[],
): Promise<void> {
  refuseForeigners(request);
  const [, area, name = '', ...more] = segments;
  const timer = area === 'functions' && more.length === 0 ? timers.get(name) : undefined;
  if (!timer || request.method !== 'POST') return answerEmpty(response, 404);
  // Any web page can send a form or plain text here, but JSON only if our CORS answer allows it.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? ''))
    throw new HttpRequestError(415, 'Send JSON: content-type: application/json');
  checkBody((await readBody(request)).toString());

  const run = timer.run();
  if (url.searchParams.get('wait') !== 'true') return answerEmpty(response, 202);
  const body = JSON.stringify({ status: await run });
  response.writeHead(200, { 'content-type': 'application/json' }).end(body);
}

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i;

function refuseForeigners({ headers: { host = '', origin } }: IncomingMessage): void {
  // A foreign name that resolves to loopback (DNS rebinding) would make any site same-origin with this host.
  if (!LOOPBACK.test(host))
    throw new HttpRequestError(421, 'The admin routes answer to loopback names only.');
  // CORS keeps a page from reading the answer, but not from sending a request that needs no preflight.
  if (origin !== undefined && origin.toLowerCase() !== `http://${host.toLowerCase()}`)
    throw new HttpRequestError(403, 'The admin routes are not for pages of other sites.');
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
