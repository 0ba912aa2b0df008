import { type Clock, systemClock } from '../clock.ts';

export type TestClock = Clock & {
  /** Moves the time forward by `ms` milliseconds, and calls the functions that become due, in the order of their times. */
  advance(ms: number): void;
};

/**
 * Creates a clock that moves only when `advance` is called, so tests need not wait. Its ids count from
 * `00000000-0000-4000-8000-000000000001`: they are the same in each run, and two clocks give the same ids.
 * @param options.startAt the first time; default: 20 November 2026, 09:00 UTC
 * @param options.random returns numbers in [0, 1); default: always 0
 */
export function createTestClock(options: { startAt?: Date; random?: () => number } = {}): TestClock {
  const { startAt = new Date('2026-11-20T09:00:00Z'), random = () => 0 } = options;
  const timers = new Set<{ at: number; act: () => void }>();
  let at = startAt.getTime();
  let ids = 0;

  function after(ms: number, act: () => void): () => void {
    const timer = { at: at + ms, act };
    timers.add(timer);
    return () => void timers.delete(timer);
  }

  function nextUntil(end: number) {
    const due = [...timers].filter((timer) => timer.at <= end);
    return due.sort((one, other) => one.at - other.at)[0];
  }

  return {
    now: () => new Date(at),
    elapsed: () => at - startAt.getTime(),
    after,
    timeout(ms) {
      const ending = new AbortController();
      after(ms, () => ending.abort(new DOMException('It took too long.', 'TimeoutError')));
      return ending.signal;
    },
    newId() {
      ids += 1;
      return `00000000-0000-4000-8000-${ids.toString(16).padStart(12, '0')}`;
    },
    random,
    advance(ms) {
      const end = at + ms;
      for (let timer = nextUntil(end); timer !== undefined; timer = nextUntil(end)) {
        timers.delete(timer);
        at = Math.max(at, timer.at);
        timer.act();
      }
      at = end;
    },
  };
}

export type ShiftedClock = Clock & {
  /**
   * How far `now` is ahead of the platform's time, in milliseconds. Default 0. If it grows, time passes: `elapsed` moves as far.
   * If it shrinks, the clock was set back, and `elapsed` stays.
   */
  aheadMs: number;
};

/**
 * Creates the platform's clock with another time of day, for tests with services that need real time to answer.
 * @param more members that replace those of the platform's clock
 */
export function createShiftedClock(more: Partial<Clock> = {}): ShiftedClock {
  let aheadMs = 0;
  let passedMs = 0;
  return {
    ...systemClock,
    now: () => new Date(systemClock.now().getTime() + aheadMs),
    elapsed: () => systemClock.elapsed() + passedMs,
    ...more,
    get aheadMs() {
      return aheadMs;
    },
    set aheadMs(ms) {
      passedMs += Math.max(0, ms - aheadMs);
      aheadMs = ms;
    },
  };
}
