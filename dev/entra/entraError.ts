/** Refusals in the shapes of Entra's token endpoint and of Graph. */
import { randomUUID } from 'node:crypto';
import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

export type EntraErrorOptions = {
  status?: ContentfulStatusCode;
  suberror?: string;
  /** The claims challenge, as raw JSON. */
  claims?: string;
  /** Seconds for `Retry-After`. */
  retryAfter?: number;
};

/**
 * An OAuth error (RFC 6749 §5.2) with Entra's number, if it has one: `error_description` then starts with
 * `AADSTS<code>:` and `error_codes` holds the number
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

  get description(): string {
    return this.code === undefined ? this.message : `AADSTS${this.code}: ${this.message}`;
  }

  respond(c: Context): Response {
    const { status = 400, suberror, claims, retryAfter } = this.options;
    const traceId = randomUUID();
    // MSAL sends it with the address.
    const sent = c.req.query('client-request-id') ?? c.req.header('client-request-id');
    const correlationId = sent !== undefined && GUID.test(sent) ? sent : randomUUID();
    const timestamp = `${new Date().toISOString().slice(0, 19).replace('T', ' ')}Z`;
    if (retryAfter !== undefined) c.header('Retry-After', String(retryAfter));
    c.header('Cache-Control', 'no-store');
    return c.json(
      {
        error: this.error,
        error_description: `${this.description} Trace ID: ${traceId} Correlation ID: ${correlationId} Timestamp: ${timestamp}`,
        ...(this.code === undefined ? {} : { error_codes: [this.code] }),
        timestamp,
        trace_id: traceId,
        correlation_id: correlationId,
        ...(suberror === undefined ? {} : { suberror }),
        ...(claims === undefined ? {} : { claims }),
      },
      status,
    );
  }
}

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
    const requestId = randomUUID();
    const innerError = {
      date: new Date().toISOString().slice(0, 19),
      'request-id': requestId,
      'client-request-id': c.req.header('client-request-id') ?? requestId,
    };
    const error = { code: this.code, message: this.message, innerError };
    return c.json({ error }, this.status, {
      ...this.headers,
      'request-id': requestId,
      'client-request-id': innerError['client-request-id'],
    });
  }
}
