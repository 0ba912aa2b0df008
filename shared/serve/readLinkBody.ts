import { RequestMalformedError } from '../errors.ts';
import type { IncomingRequest } from '../http.ts';
import type { LinkRequest } from '../stead.ts';
import { readJsonBody } from './readJsonBody.ts';

/** A page and the names of some tasks. */
const MAX_BYTES = 4_096;
/** A ticket holds their scopes, and is in an address. */
const MAX_NAMES = 20;

/**
 * The page to which a link is to return, and the tasks and functions that it asks for. Each may be absent, and so may the body.
 * @throws {RequestMalformedError} the body is another JSON, of another type, too large, or no JSON, or has too many names.
 */
export async function readLinkBody(request: Pick<IncomingRequest, 'headers' | 'body'>): Promise<LinkRequest> {
  const body = await readJsonBody(request, MAX_BYTES);
  if (body === undefined) return {};
  if (!isLinkRequest(body)) {
    throw new RequestMalformedError(
      'The body is not {"returnUrl":"<one of LINK_RETURN_URLS>","tasks":["<name>"],"functions":["<name>"]}. Each may be left out.',
    );
  }
  const { returnUrl, tasks, functions } = body;
  for (const [member, names] of Object.entries({ tasks, functions })) {
    if ((names?.length ?? 0) > MAX_NAMES) {
      throw new RequestMalformedError(
        `"${member}" of the body has more than ${MAX_NAMES} names. Ask for the others with another link.`,
      );
    }
  }
  return {
    ...(returnUrl !== undefined && { returnUrl }),
    ...(tasks && { tasks }),
    ...(functions && { functions }),
  };
}

function isLinkRequest(body: unknown): body is LinkRequest {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return false;
  const { returnUrl, tasks, functions } = body as Record<string, unknown>;
  return (returnUrl === undefined || typeof returnUrl === 'string') && [tasks, functions].every(areNames);
}

const areNames = (value: unknown): boolean =>
  value === undefined || (Array.isArray(value) && value.every((name) => typeof name === 'string'));
