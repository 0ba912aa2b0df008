import { describe, expect, it } from 'vitest';
import { createTestClock } from '../../../../shared/testing/testClock.ts';
import { createNoticeGate } from '../../../../shared/tokens/noticeGate.ts';
import { clockOf } from '../../../support/clockOf.ts';

const MINUTE = 60_000;
const START = new Date('2026-11-20T08:00:00Z');

function gateAt(start = START) {
  let now = start;
  const gate = createNoticeGate(clockOf(() => now));
  return {
    ...gate,
    later: (ms: number) => {
      now = new Date(now.getTime() + ms);
    },
    /** Minutes until it opens; undefined if it let one in. */
    enters: () => {
      const until = gate.enter();
      return until && (until.getTime() - now.getTime()) / MINUTE;
    },
  };
}

describe('the turn at the gate', () => {
  function full() {
    const clock = createTestClock();
    const gate = createNoticeGate(clock);
    for (let n = 0; n < 8; n += 1) gate.enter();
    return { gate, clock };
  }
  const twoTurns = ({ gate }: ReturnType<typeof full>) => [1, 2].map((n) => gate.turn()?.then(() => n));

  it('is no wait while there is room', () => {
    const { gate } = full();
    gate.leave('accepted', 'notice');
    expect(gate.turn()).toBeUndefined();
  });

  it('is no wait again after one was in vain, until a notice is taken', async () => {
    const at = full();
    const turns = twoTurns(at);
    at.clock.advance(1_000);
    expect(await Promise.all(turns)).toEqual([1, 2]);
    expect(at.gate.turn()).toBeUndefined();
    at.gate.leave('accepted', 'notice');
    at.gate.enter();
    expect(at.gate.turn()).toBeDefined();
  });

  it('comes when one delivery ends, for one that waits', async () => {
    const at = full();
    const turns = twoTurns(at);
    at.gate.leave('accepted', 'notice');
    expect(await Promise.race([...turns].reverse())).toBe(1);
    expect(at.gate.enter()).toBeUndefined();
    expect(await Promise.race([turns[1], Promise.resolve('waits')])).toBe('waits');
  });

  it('ends for all when a delivery fails', async () => {
    const at = full();
    const turns = twoTurns(at);
    at.gate.leave('failed', 'notice');
    expect(await Promise.all(turns)).toEqual([1, 2]);
    expect(at.gate.turn()).toBeUndefined();
  });
});

describe('the gate of the notices', () => {
  it('lets eight in at once', () => {
    const gate = gateAt();
    expect(Array.from({ length: 9 }, gate.enters)).toEqual([...Array(8).fill(undefined), 1]);
    gate.leave('accepted', 'notice');
    expect(gate.enters()).toBeUndefined();
  });

  it('stays shut after each failure for twice as long, and then lets one in', () => {
    const gate = gateAt();
    const pauses: (number | undefined)[] = [];
    for (let failure = 0; failure < 9; failure += 1) {
      expect(gate.enters()).toBeUndefined();
      if (failure > 0) expect(gate.enters()).toBe(1);
      gate.leave('failed', `notice ${failure}`);
      const pause = gate.enters() ?? 0;
      pauses.push(pause);
      gate.later(pause * MINUTE);
    }
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  it('is open again for eight once one was accepted', () => {
    const gate = gateAt();
    gate.enter();
    gate.leave('failed', 'notice');
    gate.later(MINUTE);
    gate.enter();
    gate.leave('accepted', 'notice');
    expect(Array.from({ length: 9 }, gate.enters)).toEqual([...Array(8).fill(undefined), 1]);
    gate.leave('failed', 'notice');
    expect(gate.enters()).toBe(1);
  });

  it('counts those that failed together as one', () => {
    const gate = gateAt();
    for (let n = 0; n < 8; n += 1) gate.enter();
    for (let n = 0; n < 8; n += 1) gate.leave('failed', `notice ${n}`);
    expect(gate.enters()).toBe(1);
  });

  it('stays shut for no more than a minute for one notice that never succeeds', () => {
    const gate = gateAt();
    for (let n = 0; n < 9; n += 1) {
      expect(gate.enters()).toBeUndefined();
      gate.leave('failed', 'one');
      expect(gate.enters()).toBe(1);
      gate.later(MINUTE);
    }
    expect(gate.enters()).toBeUndefined();
    gate.leave('failed', 'another');
    expect(gate.enters()).toBe(2);
  });

  it('stays shut for as long as the receiver asks, an hour at most', () => {
    for (const [asked, minutes] of [
      [600, 10],
      [86_400, 60],
      [1, 1],
    ] as const) {
      const gate = gateAt();
      expect(gate.enters()).toBeUndefined();
      gate.leave('failed', 'notice', asked);
      expect(gate.enters()).toBe(minutes);
    }
  });

  it('heeds each of several receivers that fail together', () => {
    const gate = gateAt();
    for (let n = 0; n < 3; n += 1) gate.enter();
    gate.leave('failed', 'one');
    gate.leave('failed', 'two', 600);
    gate.leave('failed', 'three', 120);
    expect(gate.enters()).toBe(10);
  });

  it('takes a try that the end of a run broke off for neither', () => {
    const gate = gateAt();
    gate.enter();
    gate.leave('failed', 'one');
    gate.later(MINUTE);
    gate.enter();
    gate.leave('unknown', 'two');
    expect([gate.enters(), gate.enters()]).toEqual([undefined, 1]);
    gate.leave('failed', 'three');
    expect(gate.enters()).toBe(2);
  });

  it('opens if a clock that was ahead goes back, and pauses again after the next failure', () => {
    const gate = gateAt();
    gate.enter();
    gate.leave('failed', 'notice');
    gate.later(-24 * 60 * MINUTE);
    expect(gate.enters()).toBeUndefined();
    gate.leave('failed', 'another');
    expect(gate.enters()).toBe(2);
  });
});
