import { describe, expect, it } from 'vitest';
import { sleep, withTimeout } from '../../../../shared/clock.ts';
import { createShiftedClock, createTestClock, type TestClock } from '../../../../shared/testing/testClock.ts';

describe('a test clock', () => {
  it('stands still until it is moved', () => {
    const clock = createTestClock({ startAt: new Date('2026-01-01T00:00:00Z') });
    expect(clock.now()).toEqual(new Date('2026-01-01T00:00:00Z'));
    clock.advance(1_500);
    expect(clock.now()).toEqual(new Date('2026-01-01T00:00:01.500Z'));
    expect(clock.elapsed()).toBe(1_500);
  });

  it('calls what is due in its order, at its time, and what that adds', () => {
    const clock = createTestClock();
    const called: [name: string, at: number][] = [];
    const call = (name: string) => () => void called.push([name, clock.elapsed()]);
    clock.after(30, call('last'));
    clock.after(10, () => {
      call('first')();
      clock.after(5, call('added'));
    });
    clock.after(20, call('cancelled'))();
    clock.after(31, call('later'));
    clock.advance(30);
    expect(called).toEqual([
      ['first', 10],
      ['added', 15],
      ['last', 30],
    ]);
  });

  it('ends signals and sleeps when their time has come, and no time passes for them', async () => {
    const clock = createTestClock();
    const signal = clock.timeout(60_000);
    const slept = sleep(clock, 60_000);
    const ended = withTimeout(
      clock,
      60_000,
      (ending) =>
        new Promise<never>((_, reject) => ending.addEventListener('abort', () => reject(ending.reason))),
    );
    clock.advance(59_999);
    expect(signal.aborted).toBe(false);
    clock.advance(1);
    expect(signal.reason).toMatchObject({ name: 'TimeoutError' });
    await slept;
    await expect(ended).rejects.toMatchObject({ name: 'TimeoutError' });
  });

  it('draws what it is given', () => {
    expect(createTestClock().random()).toBe(0);
    expect(createTestClock({ random: () => 0.5 }).random()).toBe(0.5);
  });

  it('gives ids that have the form of a UUID, differ within the clock and are the same in each run', () => {
    const idsOf = (clock: TestClock) => Array.from({ length: 300 }, () => clock.newId());
    const ids = idsOf(createTestClock());
    expect(ids[0]).toBe('00000000-0000-4000-8000-000000000001');
    for (const id of ids)
      expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(new Set(ids).size).toBe(ids.length);
    expect(idsOf(createTestClock())).toEqual(ids);
  });
});

describe('a shifted clock', () => {
  it('is as far ahead as it is told, and goes on', () => {
    const clock = createShiftedClock();
    const before = Date.now();
    clock.aheadMs = 3_600_000;
    expect(clock.now().getTime() - before).toBeGreaterThanOrEqual(3_600_000);
    expect(clock.now().getTime() - before).toBeLessThan(3_660_000);
  });
});
