import { RequestMalformedError } from '../errors.ts';
import { brokenOff, type IncomingRequest } from '../http.ts';

type Sent = Pick<IncomingRequest, 'headers' | 'body'>;

/** The most bytes of a body. What is sent to the service itself is a few words. */
const MAX_BYTES = 1_024;
const tooLarge = (most: number) => new RequestMalformedError(`The body has more than ${most} bytes.`);

/**
 * Reads the body of a request as JSON. It stops at the first byte that is too much, whatever the headers say.
 * @param most how many bytes it may have
 * @returns undefined if there is no body
 * @throws {RequestMalformedError} the body is too large, of another type, or not JSON.
 */
export async function readJsonBody(request: Sent, most = MAX_BYTES): Promise<unknown> {
  const { headers } = request;
  if (Number(headers.get('content-length') ?? 0) > most) throw tooLarge(most);
  const bytes = await readBytes(request, most);
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

async function readBytes(request: Sent, most: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of request.body ?? []) {
      length += chunk.length;
      // Leaving the loop cancels the stream.
      if (length > most) break;
      chunks.push(chunk);
    }
  } catch {
    throw brokenOff();
  }
  if (length > most) throw tooLarge(most);
  return Buffer.concat(chunks);
}
