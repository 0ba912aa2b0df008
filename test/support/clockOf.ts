import type { Clock } from '../../shared/clock.ts';
import { createTestClock } from '../../shared/testing/testClock.ts';

/** A clock that tells the time that the test keeps, and draws 0 unless the test draws something else. */
export const clockOf = (now: () => Date, more: Partial<Clock> = {}): Clock => ({
  ...createTestClock(),
  now,
  ...more,
});
