import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FetchHandler } from './fetchHandlers.ts';

/** A request of Node's own server. Express adds the parameters of the route. */
type NodeRequest = IncomingMessage & { params?: Record<string, unknown>; originalUrl?: string };

/** Serves a handler of `createFetchHandlers` in Express, Connect or `http.createServer`. */
export const nodeListener =
  (handler: FetchHandler) =>
  async (incoming: NodeRequest, outgoing: ServerResponse): Promise<void> => {
    const request = toRequest(incoming);
    // Such as the method TRACE, which a `Request` cannot have.
    if (request === undefined) return void outgoing.writeHead(400).end();
    const { status, headers, body } = await handler(request, paramsOf(incoming));
    outgoing.writeHead(status, Object.fromEntries(headers));
    outgoing.end(body === null ? undefined : Buffer.from(await new Response(body).arrayBuffer()));
  };

function toRequest(incoming: NodeRequest): Request | undefined {
  const { method = 'GET' } = incoming;
  const path = incoming.originalUrl ?? incoming.url ?? '/';
  const hasBody = method !== 'GET' && method !== 'HEAD';
  try {
    // The host is not used for anything, so whatever a caller sends as `Host` cannot matter.
    return new Request(`http://localhost${path.startsWith('/') ? path : '/'}`, {
      method,
      headers: headersOf(incoming),
      ...(hasBody && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
    } as RequestInit);
  } catch {
    return undefined;
  }
}

/** Repeated headers are joined with commas. Node would drop all but the first `Authorization`. */
function headersOf({ rawHeaders }: NodeRequest): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  return headers;
}

/** A parameter that Express splits, such as one with a wildcard, is not handed on. */
const paramsOf = ({ params = {} }: NodeRequest): Record<string, string> =>
  Object.fromEntries(
    Object.entries(params).filter((one): one is [string, string] => typeof one[1] === 'string'),
  );
