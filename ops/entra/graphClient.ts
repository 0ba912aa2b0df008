/** Requests to Microsoft Graph, and what is done when it throttles, fails, or does not know yet what was just created. */
import { type Clock, sleep } from '../../shared/clock.ts';
import { isRecord } from '../../shared/isRecord.ts';
import { PlainError } from '../cli/errors.ts';
import { readObject } from '../cli/readObject.ts';
import type { Call } from './call.ts';
import { refusalText } from './refusalText.ts';

type Json = Record<string, unknown>;

export type Graph = {
  /** @returns undefined if there is no such object, or not yet. @throws {RefusedError} */
  read(path: string): Promise<Json | undefined>;
  /** Reads all pages of a list. @throws {RefusedError, PlainError} */
  readAll(path: string): Promise<Json[]>;
  /**
   * Sends a change.
   * @returns the object that was created, or undefined
   * @throws {StaleError, RefusedError}
   */
  send(call: Call): Promise<Json | undefined>;
};

/** Graph refused. The message says what to do. */
export class RefusedError extends PlainError {
  override readonly name = 'RefusedError';
  /** The HTTP status; undefined if there was no answer. */
  readonly status: number | undefined;

  constructor(message: string, status: number | undefined) {
    super(message);
    this.status = status;
  }
}

/** The change was decided on a state that is not the present one. Read the state again, and decide again. */
export class StaleError extends Error {
  override readonly name = 'StaleError';
}

export type GraphOptions = {
  /** The origin of Microsoft Graph. */
  graph: string;
  /** The access token. It must not be part of any message. */
  token: string;
  fetch: typeof fetch;
  clock: Clock;
  /** Prints a line for whoever is waiting. */
  tell: (line: string) => void;
  /** The pauses before further tries, in milliseconds. Default: a minute and a half in all. */
  pausesMs?: readonly number[];
};

/**
 * The pauses before further tries. A new object may take a minute until every server of Entra knows it
 * (https://github.com/microsoftgraph/msgraph-sdk-dotnet/issues/3108).
 */
const PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000];
const LONGEST_RETRY_AFTER_S = 120;
const TIMEOUT_MS = 60_000;

type Answer = { status: number; code: string; message: string; json: Json; retryAfterMs: number | undefined };

export function connectGraph({
  graph,
  token,
  fetch,
  clock,
  tell,
  pausesMs = PAUSES_MS,
}: GraphOptions): Graph {
  /** @returns undefined if there was no answer */
  async function request(method: string, url: string, body?: Json): Promise<Answer | undefined> {
    let response: Response;
    let text: string;
    try {
      response = await fetch(url, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body && { 'content-type': 'application/json' }),
        },
        ...(body && { body: JSON.stringify(body) }),
        // A redirect would take the token to another address.
        redirect: 'error',
        signal: clock.timeout(TIMEOUT_MS),
      });
      text = await response.text();
    } catch {
      return undefined;
    }
    const json = readObject(text);
    const error = isRecord(json.error) ? json.error : {};
    const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
    return {
      status: response.status,
      code: hideToken(String(error.code ?? ''), token),
      message: hideToken(String(error.message ?? ''), token),
      json,
      retryAfterMs: Number.isNaN(seconds) ? undefined : Math.min(seconds, LONGEST_RETRY_AFTER_S) * 1_000,
    };
  }

  /** Tries again while the answer may become a better one. */
  async function requestUntil(
    isFinal: (answer: Answer | undefined) => boolean,
    method: string,
    url: string,
    body?: Json,
  ): Promise<Answer | undefined> {
    for (let tries = 0; ; tries += 1) {
      const answer = await request(method, url, body);
      const pauseMs = pausesMs[tries];
      if (pauseMs === undefined || isFinal(answer)) return answer;
      const waitMs = answer?.retryAfterMs ?? pauseMs;
      tell(`${waitFor(answer)} Trying again in ${waitMs / 1_000} s.`);
      await sleep(clock, waitMs);
    }
  }

  const refuse = (method: string, path: string, answer: Answer | undefined): RefusedError =>
    new RefusedError(
      answer === undefined
        ? `${graph} does not answer. Check the network, and --graph-url.`
        : refusalText({ method, path, ...answer }),
      answer?.status,
    );

  async function readPage(url: string): Promise<Json | undefined> {
    const answer = await requestUntil((one) => !isPassing(one), 'GET', url);
    if (answer?.status === 200) return answer.json;
    if (answer?.status === 404) return undefined;
    throw refuse('GET', new URL(url).pathname, answer);
  }

  return {
    read: (path) => readPage(`${graph}/v1.0${path}`),

    async readAll(path) {
      const objects: Json[] = [];
      let next: string | undefined = `${graph}/v1.0${path}`;
      while (next !== undefined) {
        const page = await readPage(next);
        if (Array.isArray(page?.value)) objects.push(...page.value.filter(isRecord));
        const link: unknown = page?.['@odata.nextLink'];
        next = typeof link === 'string' ? link : undefined;
        // The link comes from the answer, and the token goes to Graph alone.
        if (next !== undefined && new URL(next).origin !== graph)
          throw new PlainError(`The list goes on at an address that is not of ${graph}.`);
      }
      return objects;
    },

    async send({ method, path, body, mayBeGone = false }) {
      const isCreation = method === 'POST';
      // Nothing prevents a second application, so a request whose outcome is unknown must not be sent again.
      const canBeTwice = isCreation && path === '/applications';
      const answer = await requestUntil(
        (one) => !(isThrottled(one) || (isPassing(one) && !canBeTwice) || (isUnseen(one) && !mayBeGone)),
        method,
        `${graph}/v1.0${path}`,
        body,
      );
      if (answer !== undefined && answer.status >= 200 && answer.status < 300) {
        return answer.status === 201 ? answer.json : undefined;
      }
      if (mayBeGone && answer?.status === 404) return undefined;
      const refusal = refuse(method, path, answer);
      const isStale = isCreation && (canBeTwice ? isPassing(answer) : isConflict(answer));
      throw isStale ? new StaleError(refusal.message) : refusal;
    },
  };
}

/** Removes the token from a text, and whatever else looks like one. */
const hideToken = (text: string, token: string): string =>
  (token === '' ? text : text.replaceAll(token, '[token]'))
    .replaceAll(/eyJ[\w-]+\.[\w-]*\.?[\w-]*/g, '[token]')
    .replaceAll(/\bBearer\s+[\w.~+/-]+=*/gi, '[token]');

const isThrottled = (answer: Answer | undefined): boolean => answer?.status === 429;
/** True without an answer, too. */
const isPassing = (answer: Answer | undefined): boolean =>
  answer === undefined || isThrottled(answer) || answer.status >= 500;
/** Entra does not know an object of the request, perhaps because it is new. */
const isUnseen = (answer: Answer | undefined): boolean =>
  answer?.status === 404 ||
  (answer?.status === 400 && /does not reference a valid application object/.test(answer.message));
/** Entra tells it with 409, and of some properties with 400. */
const isConflict = (answer: Answer | undefined): boolean =>
  answer?.status === 409 || (answer?.status === 400 && /already (?:exists|in use)/.test(answer.message));

function waitFor(answer: Answer | undefined): string {
  if (answer === undefined) return 'Graph does not answer.';
  if (isThrottled(answer)) return 'Graph throttles.';
  return isUnseen(answer)
    ? 'Entra does not know the new object everywhere yet.'
    : `Graph answers ${answer.status}.`;
}
