/** Refusals in the shapes of Entra's token endpoint and of Graph. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { Client } from './clients.ts';
import { GUID } from './input.ts';

/**
 * The caller's own id of the request, if there is one: in a header, or in a parameter if a browser makes the request.
 */
const clientRequestId = (c: Context): string | undefined =>
  [c.req.header('client-request-id'), c.req.query('client-request-id')].find(
    (id) => id !== undefined && GUID.test(id),
  );

/** Where a refusal happens, and the ids that it contains. */
export type Telling = {
  /** The origin of this server, for `error_uri`. */
  origin: string;
  answers: { stripNumbers: boolean };
};

export type EntraErrorOptions = {
  status?: ContentfulStatusCode;
  suberror?: string;
  /** The claims challenge, as raw JSON. */
  claims?: string;
  /** Seconds for `Retry-After`. */
  retryAfter?: number;
};

/**
 * An OAuth error (RFC 6749 §5.2) with Entra's number: `error_description` starts with `AADSTS<code>:` and
 * `error_codes` holds the number
 * (https://learn.microsoft.com/entra/identity-platform/reference-error-codes).
 */
export class EntraError extends Error {
  override readonly name = 'EntraError';
  readonly error: string;
  readonly code: number | undefined;
  readonly options: EntraErrorOptions;

  constructor(error: string, code: number | undefined, message: string, options: EntraErrorOptions = {}) {
    super(message);
    this.error = error;
    this.code = code;
    this.options = options;
  }

  /** The members of the token endpoint's answer. They include those of a redirect. */
  told(c: Context, { origin, answers }: Telling) {
    const traceId = randomUUID();
    const correlationId = clientRequestId(c) ?? randomUUID();
    const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;
    const code = answers.stripNumbers ? undefined : this.code;
    const number = code === undefined ? '' : `AADSTS${code}: `;
    return {
      error: this.error,
      error_description: `${number}${this.message} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
      ...(code === undefined ? {} : { error_codes: [code] }),
      timestamp,
      trace_id: traceId,
      correlation_id: correlationId,
      ...(code === undefined ? {} : { error_uri: `${origin}/error?code=${code}` }),
    };
  }

  /** The members that a redirect to the application carries. */
  inRedirect(c: Context, telling: Telling): Record<string, string> {
    const { error, error_description, error_uri } = this.told(c, telling);
    return { error, error_description, ...(error_uri === undefined ? {} : { error_uri }) };
  }

  respond(c: Context, telling: Telling): Response {
    const { status = 400, suberror, claims, retryAfter } = this.options;
    const body = this.told(c, telling);
    if (retryAfter !== undefined) c.header('Retry-After', String(retryAfter));
    c.header('Cache-Control', 'no-store');
    c.header('x-ms-request-id', body.trace_id);
    return c.json(
      {
        ...body,
        ...(suberror === undefined ? {} : { suberror }),
        ...(claims === undefined ? {} : { claims }),
      },
      status,
    );
  }
}

/** There is no consent for what this client asks for. */
export const consentRefusal = ({ id, name }: Pick<Client, 'id' | 'name'>): EntraError =>
  new EntraError(
    'invalid_grant',
    65001,
    `The user or administrator has not consented to use the application with ID '${id}' named '${name}'. Send an interactive authorization request for this user and resource.`,
    { suberror: 'consent_required' },
  );

/** Graph's error (https://learn.microsoft.com/graph/errors): `{ error: { code, message, innerError } }`. */
export class GraphError extends Error {
  override readonly name = 'GraphError';
  readonly status: ContentfulStatusCode;
  readonly code: string;
  readonly headers: Record<string, string>;

  constructor(
    status: ContentfulStatusCode,
    code: string,
    message: string,
    headers: Record<string, string> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }

  respond(c: Context): Response {
    const ids = graphIds(c);
    const innerError = { date: new Date().toISOString().slice(0, 19), ...ids };
    const error = { code: this.code, message: this.message, innerError };
    return c.json({ error }, this.status, { ...this.headers, ...ids });
  }
}

/** Both ids that Graph sends with every answer, as headers. */
export function graphIds(c: Context): Record<'request-id' | 'client-request-id', string> {
  const requestId = randomUUID();
  return { 'request-id': requestId, 'client-request-id': clientRequestId(c) ?? requestId };
}
