import { describe, expect, it } from 'vitest';
import type { Connection } from '../../../shared/wire.ts';
import { msToNextAsk } from '../../../spa/src/nextAsk.ts';

const NOW = new Date('2030-01-01T12:00:00Z');

function withNextLook(inSeconds: number): Connection {
  const nextLook = new Date(NOW.getTime() + inSeconds * 1_000).toISOString();
  return { state: 'active', nextLook, history: [] };
}

describe('an open page asks again', () => {
  it.each([
    { what: 'after half a minute, when nothing is known', connection: undefined, seconds: 30 },
    { what: 'after half a minute, when nothing comes up', connection: withNextLook(3_600), seconds: 30 },
    { what: 'a little after a look that comes up', connection: withNextLook(10), seconds: 15 },
    { what: 'a little later, when a look is due', connection: withNextLook(0), seconds: 5 },
    { what: 'not every moment, when a look is late', connection: withNextLook(-4), seconds: 5 },
    { what: 'after half a minute, when a look is very late', connection: withNextLook(-60), seconds: 30 },
  ])('$what', ({ connection, seconds }) => {
    expect(msToNextAsk(connection, 0, NOW)).toBe(seconds * 1_000);
  });

  it('ever more slowly, as long as there is trouble, and at least every five minutes', () => {
    const waits = [1, 2, 3, 4, 5, 50].map((troubles) => msToNextAsk(withNextLook(10), troubles, NOW));
    expect(waits).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });
});
