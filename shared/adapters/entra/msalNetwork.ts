import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import type { Fetch } from '../../api.ts';
import { type Clock, withTimeout } from '../../clock.ts';
import { isRecord } from '../../isRecord.ts';
import { readClaims } from '../../tokens/challenge.ts';
import { readRetryAfter } from '../../tokens/retryAfter.ts';
import { type UpstreamIds, upstreamIds } from '../../tokens/upstream.ts';

/** The parts of the token endpoint's last answer that MSAL does not pass on. */
export type TokenAnswer = {
  status: number;
  error?: string;
  errorNo?: number;
  suberror?: string;
  claims?: string;
  retryAfterSeconds?: number;
  /** Seconds. Entra sends it for refresh tokens that come from the sign-in of a SPA. */
  refreshTokenExpiresIn?: number;
  /** Whether the answer has a refresh token. */
  hasRefreshToken?: true;
  /** Entra's ids of a refusal. */
  upstream?: UpstreamIds;
  /** `uid.utid` of `client_info`: MSAL's home account id of the user to whom the tokens belong. */
  homeAccountId?: string;
};

/** Ten years. No refresh token lasts longer, and a date has an end. */
const LONGEST_LIFE_S = 10 * 365 * 86_400;

/**
 * What one operation sent to the token endpoint, and what it got. If MSAL refreshes a token early, it reports `fromCache`
 * and hides a refusal, so only this record says what happened.
 */
export type NetworkRecord = {
  posts: number;
  answer: TokenAnswer | undefined;
  /** Why the last request had no usable answer: an error code or name, never a message. */
  noAnswer: string | undefined;
  /** The error that `mayAsk` threw, because of which the last request was not sent. */
  refusedByUs: unknown;
};

type Options = {
  timeoutMs: number;
  fetch: Fetch;
  clock: Clock;
  signal?: AbortSignal | undefined;
  /** Called before each POST. If it throws, the POST is not sent. */
  mayAsk?: (() => void) | undefined;
  /** Called before that. If it rejects, the POST is not sent, as if the time-out had ended it. */
  waitToAsk?: (() => Promise<void>) | undefined;
  /** The `scope` that MSAL gets in place of that of an answer with a token. Default: the answer's own. */
  scopeToKeep?: ((answered: string | undefined) => string) | undefined;
};

/** A network client for MSAL. It adds what MSAL's own lacks: a time-out, one retry of a reset connection, and the record. */
export function createMsalNetwork(options: Options): { module: INetworkModule; record: NetworkRecord } {
  const record: NetworkRecord = { posts: 0, answer: undefined, noAnswer: undefined, refusedByUs: undefined };

  async function wait(): Promise<void> {
    try {
      await options.waitToAsk?.();
    } catch (error) {
      record.answer = undefined;
      record.noAnswer = nameOf(error);
      throw error;
    }
  }

  async function send<T>(method: 'GET' | 'POST', url: string, request?: NetworkRequestOptions) {
    const init: RequestInit = { method, headers: request?.headers ?? {}, redirect: 'error' };
    if (method === 'POST') {
      await wait();
      try {
        options.mayAsk?.();
      } catch (error) {
        record.refusedByUs = error;
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
      if (typeof body?.access_token === 'string' && options.scopeToKeep !== undefined) {
        body.scope = options.scopeToKeep(typeof body.scope === 'string' ? body.scope : undefined);
      }
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

/** If the server has closed a kept-alive connection, its next use fails and the request was not processed. */
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
  if (Number(endsIn) > 0 && Number(endsIn) <= LONGEST_LIFE_S) answer.refreshTokenExpiresIn = Number(endsIn);
  if (typeof body.refresh_token === 'string' && body.refresh_token !== '') answer.hasRefreshToken = true;
  const retryAfter = readRetryAfter(headers.get('retry-after'), now);
  if (retryAfter !== undefined) answer.retryAfterSeconds = retryAfter;
  if (json === undefined || error !== undefined || status >= 400) {
    answer.upstream = upstreamIds('entra', {
      // Entra's gateway may answer with an HTML page instead of JSON. It then names the call in a header.
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
