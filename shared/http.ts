import type { Clock } from './clock.ts';
import {
  FunctionFailedError,
  RequestMalformedError,
  TokenInvalidError,
  TokenMissingError,
  UserTokenError,
} from './errors.ts';
import { jsonOf } from './jsonOf.ts';
import { createLog, type Log, type LogEvent, nameOfError } from './log.ts';
import type { FunctionRequest, Operation } from './ports.ts';
import { type Refusal, refusalOf } from './refusalOf.ts';
import { CUSTOM_SIGNING_KEY } from './tokens/failures.ts';
import { isBug } from './tokens/isBug.ts';
import type { Problem, Readiness } from './wire.ts';

const CUSTOM_KEY_REMEDY =
  "This API's registration has a custom signing key. Entra does not exchange such tokens. " +
  'Use a second registration without claims mapping.';
const ALWAYS = {
  'Cache-Control': 'no-store',
  // A browser that opens an answer directly must not show it as a page.
  'X-Content-Type-Options': 'nosniff',
  // A browser hides all other headers of a cross-origin answer from the page.
  'Access-Control-Expose-Headers': 'WWW-Authenticate, Retry-After',
};

/** A request of any kind: of the Fetch API, of Azure Functions, or of another server. */
export type IncomingRequest = {
  /** In upper case. */
  method: string;
  headers: { get(name: string): string | null };
  query: URLSearchParams;
  /** The parts of the route that are parameters, by name. */
  params: Readonly<Record<string, string>>;
  /** Its bytes, for those who read no more than they need; null if there are none. */
  body: AsyncIterable<Uint8Array> | null;
  arrayBuffer(): Promise<ArrayBuffer>;
};

/** What one request is logged with. The context of an invocation of Azure Functions is one. */
export type RequestContext = {
  /** The correlation id of the request: a GUID. */
  invocationId: string;
  info(line: string): void;
  warn(line: string): void;
  error(line: string): void;
};

/** An answer before it becomes one of a server. Azure Functions takes it as it is. */
export type Reply = {
  status: number;
  headers: Record<string, string>;
  body?: string | Uint8Array;
};

/**
 * Reads the access token of a request: `Authorization: Bearer <token>` (RFC 6750 §2.1). It is not verified here.
 * @throws {TokenMissingError} there is no access token, or the header has another scheme (RFC 6750 §3.1).
 * @throws {RequestMalformedError} the header holds more than one value.
 * @throws {TokenInvalidError} the text after "Bearer" is not one token.
 */
export function readAccessToken(headers: IncomingRequest['headers']): string {
  const authorization = headers.get('authorization') ?? '';
  // The host joins repeated headers with commas. A token has no comma, but the parameters of other schemes may.
  if (authorization.includes(',') && /(?:^|,)\s*Bearer(?:[\s,]|$)/i.test(authorization)) {
    throw new RequestMalformedError('The Authorization header holds more than one value.');
  }
  if (!/^Bearer(\s|$)/i.test(authorization)) {
    throw new TokenMissingError('Send an access token: "Authorization: Bearer <token>".');
  }
  const [, token] = /^Bearer +([^\s]+)[ \t]*$/i.exec(authorization) ?? [];
  if (token === undefined) {
    throw new TokenInvalidError('The Authorization header is not of the form "Bearer <token>".');
  }
  return token;
}

/**
 * Reads the ticket with which a visit calls for a run: `Authorization: Run <ticket>`. It is not opened here.
 * @returns undefined if the request has something else
 */
export function readRunTicket(headers: IncomingRequest['headers']): string | undefined {
  const [, ticket] = /^Run ([^\s,]+)$/.exec(headers.get('authorization') ?? '') ?? [];
  return ticket;
}

/** The error of a caller whose body breaks off. */
export const brokenOff = () => new RequestMalformedError('The body could not be read to its end.');

/** What a function may know of a request. The body is read once, because a function may run twice. */
export function readRequest(request: IncomingRequest): FunctionRequest {
  let body: Promise<ArrayBuffer> | undefined;
  const read = () => {
    body ??= request.arrayBuffer().catch((error: unknown) => {
      // The server has read it before.
      if (isBug(error)) throw error;
      throw brokenOff();
    });
    return body;
  };
  const text = async () => new TextDecoder().decode(await read());
  return {
    method: request.method,
    query: request.query,
    params: request.params,
    // A copy, because the function may change it.
    bytes: async () => new Uint8Array((await read()).slice(0)),
    text,
    async json() {
      const sent = await text();
      try {
        return JSON.parse(sent) as unknown;
      } catch {
        throw new RequestMalformedError('The body is not JSON.');
      }
    },
  };
}

/** What the log says about a request: the user's log id, and where the token came from. */
export type AnswerFacts = { user?: string; source?: 'memory' | 'cache' | 'network' };

/**
 * The result of a request. `body` is answered as JSON, `bytes` with their own type. Without both, the status is 204. Without
 * `facts` nothing is logged: anybody may ask, as often as they like.
 */
export type Answer = {
  facts?: AnswerFacts;
  body?: unknown;
  bytes?: { type: string; data: Uint8Array };
  /** With `body`. Default: 200. */
  status?: number;
  retryAfterSeconds?: number;
};

/**
 * Runs one request. Its result or its error becomes the response and one log line. It never rejects.
 * @param clock measures how long the request takes, for the log
 */
export async function answered(
  context: RequestContext,
  clock: Clock,
  work: (operation: Operation) => Promise<Answer>,
): Promise<Reply> {
  const begun = clock.elapsed();
  const operation = operationOf(context);
  const { log, held, release } = holdUses(operation.log);
  const elapsed = () => Math.round(clock.elapsed() - begun);
  try {
    const { facts, ...content } = await work({ ...operation, log });
    const response = toResponse(content);
    if (facts) {
      const use = held(facts);
      log({ event: 'request.answered', status: response.status, ms: elapsed(), ...facts, ...use });
    }
    release();
    return response;
  } catch (error) {
    const refusal = refusalOf(error);
    const { status, code } = refusal;
    if (error instanceof UserTokenError && error.code === CUSTOM_SIGNING_KEY) {
      log({ event: 'token.custom-key', remedy: CUSTOM_KEY_REMEDY });
    }
    if (error instanceof UserTokenError && error.failure.remedy !== undefined) {
      log({ event: 'credential.refused', code: error.code, remedy: error.failure.remedy });
    }
    log(
      status < 500
        ? { event: 'request.answered', status, ms: elapsed(), code, error: nameOfError(error) }
        : { event: 'request.failed', status, ms: elapsed(), code, error: nameOfError(error) },
    );
    return refuse(refusal, context.invocationId);
  }
}

type Use = Extract<LogEvent, { event: 'token.used' }>;

/**
 * Holds a `token.used` back until the request logs its next line. If that line is the one of the answer, it tells of the use,
 * too: then a request has one line.
 */
function holdUses(log: Log) {
  let use: Use | undefined;
  function release(): void {
    if (use !== undefined) log(use);
    use = undefined;
  }
  return {
    release,
    log(event: LogEvent): void {
      release();
      if (event.event === 'token.used') use = event;
      else log(event);
    },
    /** What the line of the answer has to tell of the use that is held back. It must be about the same user and token. */
    held({ user, source }: AnswerFacts): Pick<Use, 'by' | 'api'> | undefined {
      if (use === undefined || use.user !== user || use.source !== source) return undefined;
      const { by, api } = use;
      use = undefined;
      return { by, api };
    },
  };
}

function toResponse(answer: Omit<Answer, 'facts'>): Reply {
  const { body, bytes, status = 200, retryAfterSeconds } = answer;
  const headers: Record<string, string> = { ...ALWAYS };
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(retryAfterSeconds);
  if (bytes !== undefined) {
    return { status: 200, headers: { ...headers, 'Content-Type': bytes.type }, body: bytes.data };
  }
  if (body === undefined) return { status: 204, headers };
  return { status, headers: { ...headers, 'Content-Type': 'application/json' }, body: toJson(body) };
}

/** The host would do this after the answer was logged, and would show its own error. */
function toJson(body: unknown): string {
  const json = jsonOf(body);
  if (json === undefined) throw new FunctionFailedError('result-not-json');
  return json;
}

/** The answer to a question for readiness: 200, or 503 with the time after which it may be another one. */
export function readinessAnswer(found: { readiness: Readiness; checkedAgainInSeconds: number }): Answer {
  const { readiness, checkedAgainInSeconds } = found;
  const isReady = readiness.storage === 'ready' && readiness.credential === 'accepted';
  return { body: readiness, ...(!isReady && { status: 503, retryAfterSeconds: checkedAgainInSeconds }) };
}

/** The answer to a question for liveness: 204. */
export const alive = (): Reply => ({ status: 204, headers: { 'Cache-Control': 'no-store' } });

/** The operation of one request. */
export function operationOf(context: RequestContext): Operation {
  const correlationId = context.invocationId;
  return { log: createLog(context, correlationId), correlationId };
}

/** Builds the response: problem details (RFC 9457) and, for some errors, the challenge of RFC 6750 §3. */
function refuse(refusal: Refusal, correlationId: string): Reply {
  const { status, title, code, detail, claims, scopes, link, upstream } = refusal;
  const headers: Record<string, string> = { ...ALWAYS, 'Content-Type': 'application/problem+json' };
  if (refusal.challenge) headers['WWW-Authenticate'] = challengeHeader(refusal.challenge);
  if (refusal.retryAfterSeconds !== undefined) headers['Retry-After'] = String(refusal.retryAfterSeconds);
  const problem: Problem = { type: 'about:blank', title, status, code, detail, correlationId };
  if (claims !== undefined) problem.claims = claims;
  if (scopes !== undefined) problem.scopes = [...scopes];
  if (link !== undefined) problem.link = { functions: [...link.functions] };
  if (upstream !== undefined) problem.upstream = upstream;
  return { status, headers, body: JSON.stringify(problem) };
}

/** Writes `Bearer name="value", ...`. Characters that RFC 6750 §3 does not allow in a value become apostrophes. */
function challengeHeader(parameters: Record<string, string>): string {
  const quoted = Object.entries(parameters).map(
    ([name, value]) => `${name}="${value.replace(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'")}"`,
  );
  return `Bearer ${quoted.join(', ')}`;
}
