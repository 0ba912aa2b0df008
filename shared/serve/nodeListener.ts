import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { FetchHandler } from './fetchHandlers.ts';

/** A request of Node's own server. Express adds the parameters of the route. */
type NodeRequest = IncomingMessage & { params?: Record<string, unknown>; originalUrl?: string };

const BODY_IS_GONE =
  'Something has read the body of a request before nodeListener, such as a body parser. Mount it after the routes of Stead.';

/**
 * Serves a handler of `createFetchHandlers` in Express, Connect or `http.createServer`. It must be the first to read the body.
 * Otherwise it answers 500, and the process emits a warning.
 */
export const nodeListener =
  (handler: FetchHandler) =>
  async (incoming: NodeRequest, outgoing: ServerResponse): Promise<void> => {
    if (hasBody(incoming) && Readable.isDisturbed(incoming)) {
      // It is no fault of the caller.
      process.emitWarning(BODY_IS_GONE);
      return void outgoing.writeHead(500).end();
    }
    const request = toRequest(incoming);
    // Such as the method TRACE, which a `Request` cannot have.
    if (request === undefined) return void outgoing.writeHead(400).end();
    const { status, headers, body } = await handler(request, paramsOf(incoming));
    outgoing.writeHead(status, Object.fromEntries(headers));
    outgoing.end(body === null ? undefined : Buffer.from(await new Response(body).arrayBuffer()));
  };

const hasBody = ({ method }: NodeRequest): boolean => method !== 'GET' && method !== 'HEAD';

function toRequest(incoming: NodeRequest): Request | undefined {
  const { method = 'GET' } = incoming;
  const path = incoming.originalUrl ?? incoming.url ?? '/';
  try {
    // The host is not used for anything, so whatever a caller sends as `Host` cannot matter.
    return new Request(`http://localhost${path.startsWith('/') ? path : '/'}`, {
      method,
      headers: headersOf(incoming),
      ...(hasBody(incoming) && { body: Readable.toWeb(incoming) as ReadableStream, duplex: 'half' }),
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
