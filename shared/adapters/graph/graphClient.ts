import { Client, type Context, type Middleware } from '@microsoft/microsoft-graph-client';
import type { ApiFetch } from '../../api.ts';
import { isRecord } from '../../isRecord.ts';

/** Graph's own refusals have less than 1 kB. The body of a larger refusal is ignored; its status and headers are enough. */
const MAX_BYTES = 65_536;

/**
 * Opens Microsoft's client with a fetch that is bound to one token. The client's own retries are not used, because they
 * would make the caller wait for as long as a Retry-After says.
 */
export const openGraphClient = (fetch: ApiFetch, baseUrl: string): Client =>
  Client.initWithMiddleware({ baseUrl, middleware: new BoundFetch(fetch) });

/**
 * Sends the client's requests, and gives every refusal a body that the client can read. The client loses the status and
 * the headers of a refusal whose body is not Graph's JSON, which happens if a gateway or a proxy sends it.
 */
class BoundFetch implements Middleware {
  readonly #fetch: ApiFetch;

  constructor(fetch: ApiFetch) {
    this.#fetch = fetch;
  }

  async execute(context: Context): Promise<void> {
    const { request, options } = context;
    // The client's own requests are a URL and options. Its types also allow a Request, which nothing here creates.
    if (typeof request !== 'string') throw new TypeError('Give the Graph client a URL, not a Request.');
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

/** The body, or an empty text if it is too large, breaks off or does not end in time. The status is known already. */
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

/** The error of Graph's JSON (https://learn.microsoft.com/graph/errors), with the types that the client needs. */
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
