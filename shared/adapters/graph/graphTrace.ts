import type { Context, Middleware } from '@microsoft/microsoft-graph-client';
import type { GraphCall } from '../../ports.ts';
import { type UpstreamIds, upstreamIds } from '../../tokens/upstream.ts';
import { isGuid } from '../../userId.ts';

/** Under which ids Graph finds a call (https://learn.microsoft.com/graph/best-practices-concept#reliability-and-support). */
export const graphIds = (headers: Headers | undefined): UpstreamIds =>
  upstreamIds('graph', {
    requestId: headers?.get('request-id'),
    correlationId: headers?.get('client-request-id'),
    timestamp: headers?.get('date'),
  });

/** Sends our id with a request, and tells of an answer that refuses. */
export class TracedCall implements Middleware {
  readonly #call: GraphCall;
  #next: Middleware | undefined;

  constructor(call: GraphCall) {
    this.#call = call;
  }

  async execute(context: Context): Promise<void> {
    const { correlationId, onRefused } = this.#call;
    if (isGuid(correlationId)) {
      const headers = new Headers(context.options?.headers as Record<string, string> | undefined);
      headers.set('client-request-id', correlationId);
      context.options = { ...context.options, headers: Object.fromEntries(headers) };
    }
    await this.#next?.execute(context);
    const { response } = context;
    if (response === undefined || response.status < 400) return;
    onRefused?.({ ...graphIds(response.headers), code: String(response.status) });
  }

  setNext(next: Middleware): void {
    this.#next = next;
  }
}
