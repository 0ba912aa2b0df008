import type { IncomingMessage, ServerResponse } from 'node:http';
import { PlainError } from '../../ops/cli/errors.ts';
import { answerEmpty } from './httpRequest.ts';

/** Sets the CORS headers of a response. True when the request was a preflight, which is then answered (204). */
export type ApplyCors = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * CORS as Core Tools does it: any method and header for the listed origins, no exposed headers. Others get no
 * CORS header, so the browser refuses; with no origin at all, a preflight is an ordinary request.
 * @param origins `*` or origins separated by commas, as in `Host.CORS`.
 * @param credentials whether cookies and Authorization may be sent, as in `Host.CORSCredentials`.
 * @throws PlainError when credentials are combined with `*`: the CORS protocol forbids it.
 */
export function createCors(origins: string, credentials: boolean): ApplyCors {
  const allowed = new Set(
    origins
      .split(',')
      .map((origin) => origin.trim().toLowerCase().replace(/\/$/, ''))
      .filter(Boolean),
  );
  const any = allowed.has('*');
  if (any && credentials)
    throw new PlainError('CORS "*" and CORSCredentials exclude each other: list the origins one by one.');

  return (request, response) => {
    const { origin } = request.headers;
    if (allowed.size === 0 || origin === undefined) return false;
    const method = request.method === 'OPTIONS' && request.headers['access-control-request-method'];
    const headers = request.headers['access-control-request-headers'];
    if (!any) response.setHeader('Vary', 'Origin');
    if (any || allowed.has(origin.toLowerCase())) {
      response.setHeader('Access-Control-Allow-Origin', any ? '*' : origin);
      if (credentials) response.setHeader('Access-Control-Allow-Credentials', 'true');
      if (method) response.setHeader('Access-Control-Allow-Methods', method);
      if (method && headers) response.setHeader('Access-Control-Allow-Headers', headers);
    }
    if (method) answerEmpty(response, 204);
    return Boolean(method);
  };
}
