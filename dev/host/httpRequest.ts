import type { IncomingMessage, ServerResponse } from 'node:http';

/** Azure's default for FUNCTIONS_REQUEST_BODY_SIZE_LIMIT. */
const MAX_BODY_BYTES = 104_857_600;

type RefusalStatus = 400 | 403 | 413 | 415 | 421;

/** A request that is refused with `status` before a function gets it. */
export class HttpRequestError extends Error {
  override name = 'HttpRequestError';
  readonly status: RefusalStatus;

  constructor(status: RefusalStatus, message: string) {
    super(message);
    this.status = status;
  }
}

/** @throws HttpRequestError (400) when the request target or the Host header is malformed. */
export function requestUrl({ url = '/', headers: { host = 'localhost' } }: IncomingMessage): URL {
  try {
    // Only a bare authority: with `a/b` or `user@a` as Host, the URL would mean something else.
    if (/[\s/?#@\\]/.test(host)) throw new TypeError('Host');
    if (url.startsWith('/')) return new URL(`http://${host}${url}`);
    const { protocol, pathname, search } = new URL(url);
    if (!/^https?:$/.test(protocol)) throw new TypeError('request target');
    return new URL(`http://${host}${pathname}${search}`);
  } catch {
    throw new HttpRequestError(400, 'The request target or the Host header is malformed.');
  }
}

/**
 * A path's segments, decoded; a slash that was written as %2F stays so.
 * @throws HttpRequestError (400) when a percent-encoding is malformed.
 */
export function pathSegments(pathname: string): string[] {
  const segments = pathname.slice(1).split('/');
  if (segments.at(-1) === '') segments.pop();
  try {
    return segments.map((segment) => decodeURIComponent(segment.replaceAll(/%(2f)/gi, '%25$1')));
  } catch {
    throw new HttpRequestError(400, 'The path is not percent-encoded UTF-8.');
  }
}

/** Repeated keys become one value, joined by commas, as Azure's host does it. */
export function joinedQuery(query: URLSearchParams): Record<string, string> {
  return Object.fromEntries([...new Set(query.keys())].map((key) => [key, query.getAll(key).join(',')]));
}

/** Repeated headers become one value, joined by commas; empty ones are left out. */
export function joinedHeaders(request: IncomingMessage): Record<string, string> {
  const entries = Object.entries(request.headersDistinct).map(([name, values = []]) => [
    name,
    values.join(','),
  ]);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

/**
 * The whole body.
 * @throws HttpRequestError (413) past 100 MiB; whatever the socket throws when the client goes away.
 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new HttpRequestError(413, 'The body is larger than 100 MiB.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Answers with a status and no body. */
export function answerEmpty(response: ServerResponse, status: number): void {
  // Unlike writeHead, this leaves Node to set the length.
  response.statusCode = status;
  response.end();
}
