/** A Graph that answers what a test tells it to, and one run of a task against it, through the real bound fetch. */
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { createApiFetch } from '../../../../shared/tokens/openApi.ts';
import { toUserId } from '../../../../shared/userId.ts';
import type { Task } from '../../../../shared/worker/defineTask.ts';
import { readResult } from '../../../../shared/worker/taskResult.ts';

export const BASE = 'https://graph.microsoft.com';
export const TOKEN = 'the-token';
const USER = { tid: '11111111-2222-4333-8444-555555555555', oid: '66666666-2222-4333-8444-555555555555' };
export const DATE = 'Fri, 20 Nov 2026 08:14:30 GMT';

/** An answer that ends before it is whole. */
export const BREAKS_OFF = 'breaks off';

/** An answer: a status, a body that is no JSON, or a page. */
export type Answer = number | string | Record<string, unknown>;

export type FakeGraph = {
  /** What was asked for, without the base. */
  asked: string[];
  /** All headers `Authorization` of all requests, whatever their address was. */
  sent: { url: string; authorization: string | null; prefer: string | null }[];
  fetch: typeof fetch;
};

/**
 * @param answers the answers in their order; every further request is an error
 * @param date the header `Date` of all answers; null leaves it out
 * @param secondsEach how much later each answer is than the one before it
 */
export function createFakeGraph(
  answers: readonly Answer[],
  date: string | null = DATE,
  secondsEach = 0,
): FakeGraph {
  const left = [...answers];
  const asked: string[] = [];
  const sent: FakeGraph['sent'] = [];
  return {
    asked,
    sent,
    fetch: async (input, init) => {
      const url = String(input);
      const headers = new Headers(init?.headers);
      asked.push(url.replace(BASE, ''));
      sent.push({ url, authorization: headers.get('authorization'), prefer: headers.get('prefer') });
      const answer = left.shift();
      if (answer === undefined) throw new Error(`Nobody answers ${url}.`);
      const laterMs = (asked.length - 1) * secondsEach * 1_000;
      const withDate =
        date === null ? {} : { Date: new Date(new Date(date).getTime() + laterMs).toUTCString() };
      // Some refusals have no body.
      if (answer === 410) return new Response(null, { status: 410, headers: withDate });
      if (answer === BREAKS_OFF) {
        const body = new ReadableStream({
          start: (controller) => controller.error(new TypeError('terminated')),
        });
        return new Response(body, { headers: withDate });
      }
      if (typeof answer === 'number') {
        return Response.json({ error: { code: 'whatever' } }, { status: answer, headers: withDate });
      }
      if (typeof answer === 'string') return new Response(answer, { headers: withDate });
      return Response.json(answer, { headers: withDate });
    },
  };
}

/** Runs a task once. @returns what is kept of it */
export async function runTask(task: Task, fake: FakeGraph, state?: unknown) {
  const bound = createApiFetch(
    graph,
    { accessToken: TOKEN },
    { fetch: fake.fetch, clock: createTestClock(), timeoutMs: 1_000 },
  );
  const returned = await task.run({
    user: { id: toUserId(USER), ...USER },
    api: { fetch: bound, baseUrl: BASE },
    token: TOKEN,
    state,
    log: () => undefined,
    signal: new AbortController().signal,
  });
  return readResult(returned, TOKEN);
}

export const page = (value: readonly unknown[], next: string) => ({
  value,
  '@odata.nextLink': `${BASE}${next}`,
});
export const lastPage = (value: readonly unknown[], delta = '/v1.0/kept?token=2') => ({
  value,
  '@odata.deltaLink': `${BASE}${delta}`,
});
