import { type Clock, systemClock } from '../../shared/clock.ts';
import { createTestClock } from '../../shared/testing/testClock.ts';

/**
 * A clock that tells the time that the test keeps, for the time of day and for durations, and draws 0, unless the test says
 * otherwise. Its timers are real.
 */
export const clockOf = (now: () => Date, more: Partial<Clock> = {}): Clock => ({
  ...createTestClock(),
  after: systemClock.after,
  timeout: systemClock.timeout,
  now,
  elapsed: () => now().getTime(),
  ...more,
});
