import type { Fetch } from '../../shared/api.ts';
import type { Clock } from '../../shared/clock.ts';
import { readObject } from '../cli/readObject.ts';

export type JsonAnswer = {
  status: number;
  /** The object of the body; empty if the body is something else. */
  json: Record<string, unknown>;
  /** How far the server's clock is ahead of this machine's, by its `Date` header. */
  aheadMs: number | undefined;
};

/** The answer, or why there is none: an error code or name, and no message. */
export type Answered = JsonAnswer | { noAnswer: string };

/** Reads an address with GET. Within one run the same address is asked once. It never rejects. */
export type AskJson = (url: string) => Promise<Answered>;

const TIMEOUT_MS = 10_000;

export function createAskJson({ fetch, clock }: { fetch: Fetch; clock: Clock }): AskJson {
  const asked = new Map<string, Promise<Answered>>();

  async function ask(url: string): Promise<Answered> {
    try {
      const response = await fetch(url, { redirect: 'manual', signal: clock.timeout(TIMEOUT_MS) });
      const date = Date.parse(response.headers.get('date') ?? '');
      const aheadMs = Number.isNaN(date) ? undefined : date - clock.now().getTime();
      return { status: response.status, json: readObject(await response.text()), aheadMs };
    } catch (error) {
      return { noAnswer: nameOf(error) };
    }
  }

  return (url) => {
    const answer = asked.get(url) ?? ask(url);
    asked.set(url, answer);
    return answer;
  };
}

/** The code of a network error, such as `ECONNREFUSED`, or else the name of the error. */
export function nameOf(error: unknown): string {
  const { cause, name } = Object(error) as { cause?: unknown; name?: unknown };
  const { code } = Object(cause) as { code?: unknown };
  return [code, name].find((one): one is string => typeof one === 'string' && /^\w+$/.test(one)) ?? 'unknown';
}

/** What there was in place of what was expected. */
export const statusOf = (answer: Answered): string =>
  'noAnswer' in answer ? answer.noAnswer : String(answer.status);

/** Numbers of Entra for a tenant that does not exist, or whose id cannot be one. */
const NO_TENANT = [90002, 900021, 900023];

/** True if Entra itself says that it has no such tenant. A proxy may refuse with the same status. */
export const isUnknownTenant = (answer: Answered): boolean =>
  'json' in answer &&
  (answer.json.error === 'invalid_tenant' ||
    (Array.isArray(answer.json.error_codes) &&
      answer.json.error_codes.some((one) => NO_TENANT.includes(one))));

/** An answer that says nothing about the question: the server is overloaded or fails. */
export const isOutage = (status: number): boolean => status === 408 || status === 429 || status >= 500;
