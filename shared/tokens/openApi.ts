import type { Api, ApiCall, ApiFetch, Fetch } from '../api.ts';
import type { Clock } from '../clock.ts';
import { isGuid } from '../userId.ts';
import { failureOfAnswer, unanswered } from './apiFailure.ts';

export type OpenApiOptions = {
  fetch: Fetch;
  clock: Clock;
  /** The time limit of one request, in milliseconds, until its body has been read. */
  timeoutMs: number;
};

/**
 * Returns a `fetch` for one API with one user's token. It sends the token to the API's own origin only, because the
 * address of a request may come from data that nobody has checked.
 */
export function createApiFetch(api: Api, call: ApiCall, options: OpenApiOptions): ApiFetch {
  const { accessToken, correlationId, inBackground = false } = call;
  const base = baseOf(api);

  function addressOf(path: string): URL {
    // A path may hold a colon, so only what begins like a URL with a host is one.
    const isAbsolute = /^[a-z][a-z0-9+.-]*:\/\//i.test(path);
    const address = isAbsolute ? new URL(path) : new URL(`./${path.replace(/^\/+/, '')}`, base);
    // Other APIs may be beside this one on its origin, so a path must not lead out. An API may link to a whole address there.
    const leadsOut = !isAbsolute && !address.pathname.startsWith(base.pathname);
    if (address.origin !== base.origin || leadsOut) {
      throw new TypeError(
        `This token is for ${api.baseUrl} only. Call another service with fetch and with a token for that service.`,
      );
    }
    return address;
  }

  function headersOf(init: RequestInit): Headers {
    const headers = new Headers(init.headers);
    for (const [name, value] of inBackground ? Object.entries(api.backgroundHeaders ?? {}) : []) {
      if (!headers.has(name)) headers.set(name, value);
    }
    headers.set('Authorization', `Bearer ${accessToken}`);
    if (isGuid(correlationId)) headers.set('client-request-id', correlationId);
    return headers;
  }

  function report(response: Response): void {
    if (response.ok) call.onAccepted?.();
    if (response.status >= 400) call.onFailed?.(failureOfAnswer(api, response, options.clock.now()));
  }

  return async (path, init = {}) => {
    const address = addressOf(path);
    const headers = headersOf(init);
    const signal = endingWith(options.clock.timeout(options.timeoutMs), call.signal, init.signal);
    let response: Response;
    try {
      response = await options.fetch(address, { ...init, headers, redirect: 'error', signal });
    } catch (error) {
      call.onFailed?.(unanswered(api));
      throw error;
    }
    report(response);
    return response;
  };
}

/** An API's address is parsed once, and not at each request. */
const parsed = new WeakMap<Api, URL>();

function baseOf(api: Api): URL {
  const { baseUrl } = api;
  const base = parsed.get(api) ?? new URL(baseUrl.endsWith('/') ? baseUrl : `${baseUrl}/`);
  parsed.set(api, base);
  return base;
}

/**
 * A signal that ends with the first of these. `AbortSignal.any` holds its sources weakly, and in Node 20 a time-out that
 * only it knows is collected as garbage and never comes. The listeners are removed by name when it ends: a listener that is
 * added with a signal of its own costs more than all the rest of a time-out.
 */
function endingWith(...signals: (AbortSignal | null | undefined)[]): AbortSignal {
  const ending = new AbortController();
  function end(this: AbortSignal): void {
    for (const signal of signals) signal?.removeEventListener('abort', end);
    ending.abort(this.reason);
  }
  for (const signal of signals) {
    if (signal?.aborted) ending.abort(signal.reason);
    else if (!ending.signal.aborted) signal?.addEventListener('abort', end);
  }
  return ending.signal;
}
