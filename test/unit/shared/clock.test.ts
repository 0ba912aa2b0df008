import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import { sleep, systemClock, withTimeout as withTimeoutOf } from '../../../shared/clock.ts';
import { createTestClock } from '../../../shared/testing/testClock.ts';

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

/** A test clock that counts the timers that are neither over nor cancelled. */
function countingClock() {
  const clock = createTestClock();
  const timers = new Set<symbol>();
  return {
    ...clock,
    timers,
    after(ms: number, act: () => void) {
      const timer = Symbol();
      timers.add(timer);
      const cancel = clock.after(ms, () => {
        timers.delete(timer);
        act();
      });
      return () => {
        timers.delete(timer);
        cancel();
      };
    },
  };
}

describe('sleep', () => {
  it('resolves when its time has come, and leaves no listener behind', async () => {
    const clock = countingClock();
    const { signal } = new AbortController();
    const slept = sleep(clock, 60_000, signal);
    clock.advance(59_999);
    expect(clock.timers.size).toBe(1);
    clock.advance(1);
    await slept;
    expect(clock.timers.size).toBe(0);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it("ends early with the signal, for the signal's reason, and leaves no timer and no listener behind", async () => {
    const clock = countingClock();
    const ending = new AbortController();
    const slept = sleep(clock, 60_000, ending.signal);
    ending.abort(new Error('the run is over'));
    await expect(slept).rejects.toThrow('the run is over');
    expect(clock.timers.size).toBe(0);
    expect(getEventListeners(ending.signal, 'abort')).toEqual([]);
  });

  it('does not begin with a signal that was ended before', async () => {
    const clock = countingClock();
    const over = AbortSignal.abort(new Error('the run is over'));
    const slept = sleep(clock, 60_000, over);
    expect(clock.timers.size).toBe(0);
    await expect(slept).rejects.toThrow('the run is over');
    expect(getEventListeners(over, 'abort')).toEqual([]);
  });
});

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
