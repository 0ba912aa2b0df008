import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { type Clock, withTimeout } from '../../clock.ts';
import { isRecord } from '../../isRecord.ts';
import type { Fetch } from '../../ports.ts';
import { readClaims } from '../../tokens/challenge.ts';
import { readRetryAfter } from '../../tokens/retryAfter.ts';
import { type UpstreamIds, upstreamIds } from '../../tokens/upstream.ts';

/** What the token endpoint last answered, as far as MSAL does not pass it on. */
export type TokenAnswer = {
  status: number;
  error?: string;
  errorNo?: number;
  suberror?: string;
  claims?: string;
  retryAfterSeconds?: number;
  /** Seconds; sent for refresh tokens of SPA origin. */
  refreshTokenExpiresIn?: number;
  /** Of a refusal: its ids at Entra. */
  upstream?: UpstreamIds;
  /** `uid.utid` of `client_info`: MSAL's home account id of whoever the tokens are for. */
  homeAccountId?: string;
};

/**
 * One operation's traffic with the token endpoint. MSAL answers `fromCache` and swallows refusals when it
 * refreshes ahead of time, so what really happened is read here.
 */
export type NetworkRecord = {
  posts: number;
  answer: TokenAnswer | undefined;
  /** Why the last request had no usable answer: an error code or name, never a message. */
  noAnswer: string | undefined;
  /** Why the last request was not sent: what `mayAsk` threw. */
  held: unknown;
};

type Options = {
  timeoutMs: number;
  fetch: Fetch;
  clock: Clock;
  signal?: AbortSignal | undefined;
  /** Called before each POST; if it throws, none is sent. */
  mayAsk?: (() => void) | undefined;
};

/** MSAL's network client with what its own lacks: a time-out, one retry of a reset connection, and the record. */
export function createMsalNetwork(options: Options): { module: INetworkModule; record: NetworkRecord } {
  const record: NetworkRecord = { posts: 0, answer: undefined, noAnswer: undefined, held: undefined };

  async function send<T>(method: 'GET' | 'POST', url: string, request?: NetworkRequestOptions) {
    const init: RequestInit = { method, headers: request?.headers ?? {}, redirect: 'error' };
    if (method === 'POST') {
      try {
        options.mayAsk?.();
      } catch (error) {
        record.held = error;
        throw error;
      }
      record.posts += 1;
      init.body = request?.body ?? '';
    }
    record.answer = undefined;
    record.noAnswer = undefined;
    try {
      const { response, text } = await withTimeout(
        options.clock,
        options.timeoutMs,
        async (signal) => {
          const answered = await fetchOnceMoreIfReset(options.fetch, url, { ...init, signal });
          return { response: answered, text: await answered.text() };
        },
        options.signal,
      );
      const body = parseObject(text);
      if (body === undefined) record.noAnswer = `http_${response.status}_not_json`;
      record.answer = readAnswer(response, body, options.clock.now());
      return {
        headers: Object.fromEntries(response.headers),
        body: (body ?? { error: 'temporarily_unavailable' }) as T,
        status: response.status,
      } satisfies NetworkResponse<T>;
    } catch (error) {
      record.noAnswer = nameOf(error);
      throw error;
    }
  }

  return {
    module: {
      sendGetRequestAsync: (url, request) => send('GET', url, request),
      sendPostRequestAsync: (url, request) => send('POST', url, request),
    },
    record,
  };
}

/** A kept-alive connection that the server has closed resets on first use; the request was not processed. */
async function fetchOnceMoreIfReset(send: Fetch, url: string, init: RequestInit): Promise<Response> {
  try {
    return await send(url, init);
  } catch (error) {
    const name = nameOf(error);
    if (name !== 'ECONNRESET' && name !== 'UND_ERR_SOCKET') throw error;
    return send(url, init);
  }
}

function readAnswer(response: Response, json: Record<string, unknown> | undefined, now: Date): TokenAnswer {
  const { status, headers } = response;
  const answer: TokenAnswer = { status };
  const body = json ?? {};
  const { error, suberror, claims, error_codes: codes, refresh_token_expires_in: endsIn } = body;
  if (typeof error === 'string') answer.error = error;
  if (Array.isArray(codes) && typeof codes[0] === 'number') answer.errorNo = codes[0];
  if (typeof suberror === 'string' && suberror !== '') answer.suberror = suberror;
  const challenge = readClaims(claims);
  if (challenge !== undefined) answer.claims = challenge;
  if (Number(endsIn) > 0) answer.refreshTokenExpiresIn = Number(endsIn);
  const retryAfter = readRetryAfter(headers.get('retry-after'), now);
  if (retryAfter !== undefined) answer.retryAfterSeconds = retryAfter;
  if (json === undefined || error !== undefined || status >= 400) {
    answer.upstream = upstreamIds('entra', {
      // A page in place of the answer may have passed through Entra's own front door, which names the call in a header.
      traceId: body.trace_id ?? headers.get('x-ms-request-id'),
      correlationId: body.correlation_id,
      timestamp: body.timestamp,
    });
  }
  const home = readHomeAccountId(body.client_info);
  if (home !== undefined) answer.homeAccountId = home;
  return answer;
}

function readHomeAccountId(clientInfo: unknown): string | undefined {
  if (typeof clientInfo !== 'string') return undefined;
  const { uid, utid } = parseObject(Buffer.from(clientInfo, 'base64url').toString()) ?? {};
  return typeof uid === 'string' && typeof utid === 'string' ? `${uid}.${utid}` : undefined;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function nameOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  const { cause } = error;
  if (cause instanceof Error && 'code' in cause && typeof cause.code === 'string') return cause.code;
  return error.name;
}
