import { RequestMalformedError } from '../errors.ts';
import type { IncomingRequest } from '../http.ts';
import type { LinkRequest } from '../stead.ts';
import { readJsonBody } from './readJsonBody.ts';

/** A page and the names of some tasks. */
const MAX_BYTES = 4_096;
/** A ticket holds their scopes, and is in an address. */
const MAX_TASKS = 20;

/**
 * The page to which a link is to return, and the tasks that it turns on. Both may be absent, and so may the body.
 * @throws {RequestMalformedError} the body is another JSON, of another type, too large, or no JSON.
 */
export async function readLinkBody(request: Pick<IncomingRequest, 'headers' | 'body'>): Promise<LinkRequest> {
  const body = await readJsonBody(request, MAX_BYTES);
  if (body === undefined) return {};
  if (isLinkRequest(body)) return body;
  throw new RequestMalformedError(
    'The body is not {"returnUrl":"<one of LINK_RETURN_URLS>","tasks":["<name>"]}. Both may be left out.',
  );
}

function isLinkRequest(body: unknown): body is LinkRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  const { returnUrl, tasks } = body as Record<string, unknown>;
  const isList =
    Array.isArray(tasks) && tasks.length <= MAX_TASKS && tasks.every((name) => typeof name === 'string');
  return (returnUrl === undefined || typeof returnUrl === 'string') && (tasks === undefined || isList);
}
