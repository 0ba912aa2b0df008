import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { systemClock, withTimeout as withTimeoutOf } from '../../../shared/clock.ts';

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });

const withTimeout = withTimeoutOf.bind(undefined, systemClock) as <T>(
  ms: number,
  operation: (signal: AbortSignal) => Promise<T>,
  callers?: AbortSignal,
) => Promise<T>;

describe('withTimeout', () => {
  it('gives what the operation gives', async () => {
    expect(await withTimeout(1_000, async () => 'done', undefined)).toBe('done');
  });

  it('ends an operation that takes too long', async () => {
    await expect(withTimeout(5, untilAborted, undefined)).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it("ends with the caller's signal, and for the caller's reason", async () => {
    const callers = new AbortController();
    const ended = withTimeout(60_000, untilAborted, callers.signal);
    callers.abort(new Error('the run is over'));
    await expect(ended).rejects.toThrow('the run is over');
  });

  it('ends at once with a signal that was ended before', async () => {
    const over = AbortSignal.abort(new Error('the run is over'));
    await expect(withTimeout(60_000, untilAborted, over)).rejects.toThrow('the run is over');
  });

  it("leaves nothing on the caller's signal, however the operation ends", async () => {
    const { signal } = new AbortController();
    await withTimeout(60_000, async () => {}, signal);
    await withTimeout(5, untilAborted, signal).catch(() => {});
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('leaves no timer behind', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const before = timers();
    await Promise.all(Array.from({ length: 20 }, () => withTimeout(60_000, async () => {}, undefined)));
    expect(timers()).toBeLessThanOrEqual(before);
  });
});
