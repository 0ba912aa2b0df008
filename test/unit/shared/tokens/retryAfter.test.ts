import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readRetryAfter } from '../../../../shared/tokens/retryAfter.ts';

const NOW = new Date('2026-03-01T12:00:00.400Z');

describe('readRetryAfter', () => {
  it.each<[string | null, number | undefined]>([
    ['0', 0],
    ['120', 120],
    [' 7 ', 7],
    ['1.5', 2],
    ['2.128', 3],
    ['2.0', 2],
    ['0.000', 0],
    ['86400', 86_400],
    ['86401', 86_400],
    ['9'.repeat(400), 86_400],
    ['Sun, 01 Mar 2026 12:00:30 GMT', 30],
    ['Sun, 01 Mar 2026 12:00:01 GMT', 1],
    ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['Sun, 01 Mar 2036 12:00:00 GMT', 86_400],
    ['Sunday, 01-Mar-26 12:01:00 GMT', 60],
    [null, undefined],
    ['', undefined],
    ['soon', undefined],
    ['-5', undefined],
    ['1.', undefined],
    ['.5', undefined],
    ['1,5', undefined],
    ['1.5.5', undefined],
    ['+5', undefined],
    ['1e3', undefined],
    ['5 seconds', undefined],
    ['abc 12', undefined],
    ['120, 240', undefined],
    ['Sun, 99 Mar 2026 12:00:30 GMT', undefined],
    ['01 Mar 2026 12:00:30 GMT', undefined],
    ['A, 01 Mar 2026 12:00:30 GMT', undefined],
    ['Sun, 01 Mar 2026 12:00:30 GMT+0100', undefined],
  ])('reads %j as %j seconds', (header, seconds) => {
    expect(readRetryAfter(header, NOW)).toBe(seconds);
  });

  it('gives undefined or whole seconds of a day for any text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.date().map(String), fc.integer().map(String)), (text) => {
        const seconds = readRetryAfter(text, NOW) ?? 0;
        expect(Number.isInteger(seconds)).toBe(true);
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(seconds).toBeLessThanOrEqual(86_400);
      }),
    );
  });

  it('never ends before the date that was given', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 80_000 }), (seconds) => {
        const date = new Date(Math.floor(NOW.getTime() / 1_000) * 1_000 + seconds * 1_000);
        const ends = NOW.getTime() + (readRetryAfter(date.toUTCString(), NOW) ?? Number.NaN) * 1_000;
        expect(ends).toBeGreaterThanOrEqual(date.getTime());
        expect(ends).toBeLessThanOrEqual(Math.max(date.getTime() + 1_000, NOW.getTime()));
      }),
    );
  });
});
