import { RequestMalformedError } from '../errors.ts';
import type { IncomingRequest } from '../http.ts';

type Sent = Pick<IncomingRequest, 'headers' | 'body' | 'text'>;

/** The most bytes of a body. What is sent to the service itself is a few words. */
const MAX_BYTES = 1_024;
const TOO_LARGE = `The body has more than ${MAX_BYTES} bytes.`;

/**
 * Reads the body of a request as JSON. It stops at the first byte that is too much, whatever the headers say.
 * @returns undefined if there is no body
 * @throws {RequestMalformedError} the body is too large, of another type, or not JSON.
 */
export async function readJsonBody(request: Sent): Promise<unknown> {
  const { headers } = request;
  if (Number(headers.get('content-length') ?? 0) > MAX_BYTES) throw new RequestMalformedError(TOO_LARGE);
  const bytes = await readBytes(request);
  if (bytes.length === 0) return undefined;
  const [type = ''] = (headers.get('content-type') ?? '').split(';');
  if (type.trim().toLowerCase() !== 'application/json') {
    throw new RequestMalformedError('The body is not of the type application/json.');
  }
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as unknown;
  } catch {
    throw new RequestMalformedError('The body is not JSON.');
  }
}

async function readBytes(request: Sent): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of chunksOf(request)) {
      length += chunk.length;
      // Leaving the loop cancels the stream.
      if (length > MAX_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    throw new RequestMalformedError('The body could not be read to its end.');
  }
  if (length > MAX_BYTES) throw new RequestMalformedError(TOO_LARGE);
  return Buffer.concat(chunks);
}

async function* chunksOf(request: Sent): AsyncIterable<Uint8Array> {
  if (request.body === undefined) yield new TextEncoder().encode(await request.text());
  else yield* request.body ?? [];
}
