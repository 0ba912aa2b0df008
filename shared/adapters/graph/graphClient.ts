import { Client, type Context, type Middleware } from '@microsoft/microsoft-graph-client';
import { isRecord } from '../../isRecord.ts';
import type { ApiFetch } from '../../ports.ts';

/** Graph's own refusals have less than a kilobyte; of anything larger the status and the headers say enough. */
const MAX_BYTES = 65_536;

/**
 * Microsoft's client over a fetch that is bound to one token. Its own retries are left out, because they would hold the
 * caller for as long as a Retry-After says.
 */
export const openGraphClient = (fetch: ApiFetch, baseUrl: string): Client =>
  Client.initWithMiddleware({ baseUrl, middleware: new BoundFetch(fetch) });

/**
 * Sends the client's requests, and gives every refusal the body that the client expects. The client keeps the status and
 * the headers of an answer only if its body is Graph's own JSON, and what a gateway or a proxy sends is not.
 */
class BoundFetch implements Middleware {
  readonly #fetch: ApiFetch;

  constructor(fetch: ApiFetch) {
    this.#fetch = fetch;
  }

  async execute(context: Context): Promise<void> {
    const { request, options } = context;
    // The client makes its requests of an address and options, and so does not use the other form that its types allow.
    if (typeof request !== 'string') throw new TypeError('Give the Graph client an address, not a Request.');
    const response = await this.#fetch(request, options as RequestInit | undefined);
    context.response = response.status < 400 ? response : await readable(response);
  }
}

async function readable(response: Response): Promise<Response> {
  const headers = new Headers(response.headers);
  headers.set('Content-Type', 'application/json');
  const body = JSON.stringify({ error: readError(await readText(response)) });
  return new Response(body, { status: response.status, headers });
}

/** The body, or nothing if it is too large, breaks off or does not end in time: the answer's head has arrived. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > MAX_BYTES) return '';
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  } catch {
    return '';
  }
}

/** What Graph's JSON says (https://learn.microsoft.com/graph/errors), in the types that the client relies on. */
function readError(text: string): { code?: string; message: string; innerError?: object } {
  const { error } = parseObject(text);
  if (!isRecord(error)) return { message: '' };
  const { code, message, innerError } = error;
  return {
    ...(typeof code === 'string' && code !== '' && { code }),
    message: typeof message === 'string' ? message : '',
    ...(isRecord(innerError) && { innerError }),
  };
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : {};
  } catch {
    return {};
  }
}
