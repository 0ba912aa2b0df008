import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../../shared/wire.ts';
import { msToNextRead } from '../../../../spa/src/connection/usePolling.ts';

const NOW = new Date('2031-05-06T07:08:09Z');
const connection = (nextCheckInMs?: number): Connection => ({
  state: 'active',
  history: [],
  ...(nextCheckInMs !== undefined && { nextCheckAt: new Date(NOW.getTime() + nextCheckInMs).toISOString() }),
});

describe('msToNextRead', () => {
  it.each([
    { what: 'nothing is known', known: undefined },
    { what: 'no check is planned', known: connection() },
    { what: 'the next check is far away', known: connection(3_600_000) },
    { what: 'the next check was long ago', known: connection(-3_600_000) },
    { what: 'the time of the next check cannot be read', known: { ...connection(), nextCheckAt: 'soon' } },
  ])('is half a minute when $what', ({ known }) => {
    expect(msToNextRead(known, 0, NOW)).toBe(30_000);
  });

  it('is until shortly after the next check if that comes sooner', () => {
    expect(msToNextRead(connection(10_000), 0, NOW)).toBe(15_000);
    expect(msToNextRead(connection(24_000), 0, NOW)).toBe(29_000);
    expect(msToNextRead(connection(26_000), 0, NOW)).toBe(30_000);
  });

  it('is never less than five seconds', () => {
    for (let at = -10_000; at < 60_000; at += 250) {
      expect(msToNextRead(connection(at), 0, NOW)).toBeGreaterThanOrEqual(5_000);
    }
  });

  it('doubles with every failure up to five minutes, whatever is planned', () => {
    const waits = [1, 2, 3, 4, 5, 6, 50].map((failures) => msToNextRead(connection(10_000), failures, NOW));
    expect(waits).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000, 300_000]);
  });
});
