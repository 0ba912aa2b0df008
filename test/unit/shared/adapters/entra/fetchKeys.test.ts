import { errors } from 'jose';
import { expect, it } from 'vitest';
import { fetchKeys } from '../../../../../shared/adapters/entra/fetchKeys.ts';
import type { Fetch } from '../../../../../shared/api.ts';
import { createTestClock } from '../../../../../shared/testing/testClock.ts';

const untilAborted = (signal: AbortSignal | null | undefined) =>
  new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason));
  });

it.each<[what: string, fetch: Fetch, error: typeof errors.JOSEError]>([
  ['no answer', (_url, init) => untilAborted(init?.signal), errors.JWKSTimeout],
  [
    'an answer that never ends',
    async (_url, init) => {
      const body = new ReadableStream({
        start: (controller) => void untilAborted(init?.signal).catch((reason) => controller.error(reason)),
      });
      return new Response(body);
    },
    errors.JOSEError,
  ],
])('a key endpoint with %s ends when the time-out is over by the clock', async (_what, fetch, error) => {
  const clock = createTestClock();
  let outcome: unknown = 'waiting';
  const fetched = fetchKeys('https://login.example/keys', { timeoutMs: 5_000, fetch, clock }).catch(
    (failure: unknown) => {
      outcome = failure;
    },
  );
  clock.advance(4_999);
  await new Promise((resolve) => setImmediate(resolve));
  expect(outcome).toBe('waiting');
  clock.advance(1);
  await fetched;
  expect(outcome).toBeInstanceOf(error);
});

it("the platform's time ends no fetch that the clock still allows", async () => {
  const fetch: Fetch = async (_url, init) => {
    await new Promise((resolve) => setTimeout(resolve, 50));
    init?.signal?.throwIfAborted();
    return Response.json({ keys: [] });
  };
  const keys = await fetchKeys('https://login.example/keys', {
    timeoutMs: 1,
    fetch,
    clock: createTestClock(),
  });
  expect(keys.size).toBe(0);
});
