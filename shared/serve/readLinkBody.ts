import { RequestMalformedError } from '../errors.ts';
import { type IncomingRequest, readRequest } from '../http.ts';

/** A ticket holds their scopes, and is in an address. */
const MAX_TASKS = 20;

/** What the body of a request for a link may say. */
type LinkBody = { returnUrl?: string; tasks?: string[] };

/**
 * The page to which a link is to return, and the tasks that it turns on. Both may be absent, and so may the body.
 * @throws {RequestMalformedError} the body is another JSON, or none.
 */
export async function readLinkBody(request: IncomingRequest): Promise<LinkBody> {
  const { text, json } = readRequest(request);
  if ((await text()) === '') return {};
  const body = await json();
  if (isLinkBody(body)) return body;
  throw new RequestMalformedError(
    'The body is not {"returnUrl":"<one of LINK_RETURN_URLS>","tasks":["<name>"]}. Both may be left out.',
  );
}

function isLinkBody(body: unknown): body is LinkBody {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  const { returnUrl, tasks } = body as Record<string, unknown>;
  const isList =
    Array.isArray(tasks) && tasks.length <= MAX_TASKS && tasks.every((name) => typeof name === 'string');
  return (returnUrl === undefined || typeof returnUrl === 'string') && (tasks === undefined || isList);
}
