import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSchedule } from '../../../../dev/host/schedule.ts';

/** A Thursday. */
const START = new Date('2026-01-01T00:00:00Z');

function occurrences(expression: string, count: number): string[] {
  const schedule = parseSchedule(expression);
  const found: string[] = [];
  for (let at = schedule.next(START); at && found.length < count; at = schedule.next(at))
    found.push(at.toISOString().replace(/\.000Z$/, ''));
  return found;
}

describe('parseSchedule', () => {
  it.each([
    ['0 */5 * * * *', ['2026-01-01T00:05:00', '2026-01-01T00:10:00']],
    ['0 0 * * * *', ['2026-01-01T01:00:00', '2026-01-01T02:00:00']],
    ['0 0 */2 * * *', ['2026-01-01T02:00:00', '2026-01-01T04:00:00']],
    ['0 0 9-17 * * *', ['2026-01-01T09:00:00', '2026-01-01T10:00:00']],
    ['0 30 9 * * *', ['2026-01-01T09:30:00', '2026-01-02T09:30:00']],
    ['0 30 9 * * 1-5', ['2026-01-01T09:30:00', '2026-01-02T09:30:00', '2026-01-05T09:30:00']],
    ['0 30 9 * Jan Mon', ['2026-01-05T09:30:00', '2026-01-12T09:30:00']],
    ['0 0 0 * * SUN', ['2026-01-04T00:00:00', '2026-01-11T00:00:00']],
    ['0 5/15 * * * *', ['2026-01-01T00:05:00', '2026-01-01T00:20:00']],
    ['*/10 * * * * *', ['2026-01-01T00:00:10', '2026-01-01T00:00:20']],
    ['15,45 0 0 * * *', ['2026-01-01T00:00:15', '2026-01-01T00:00:45', '2026-01-02T00:00:15']],
    ['0 0 0 29 2 *', ['2028-02-29T00:00:00', '2032-02-29T00:00:00']],
    [' 0  0 1 * * * ', ['2026-01-01T01:00:00']],
    ['30 2 * * *', ['2026-01-01T02:30:00', '2026-01-02T02:30:00']],
    ['01:30:00', ['2026-01-01T01:30:00', '2026-01-01T03:00:00']],
    ['00:00:20', ['2026-01-01T00:00:20', '2026-01-01T00:00:40']],
    ['1.00:00:00', ['2026-01-02T00:00:00', '2026-01-03T00:00:00']],
  ])('%j occurs at %j', (expression, expected) => {
    expect(occurrences(expression, expected.length)).toEqual(expected);
  });

  it('takes day of month AND day of week: Friday the 13th, not Fridays and 13ths', () => {
    expect(occurrences('0 0 0 13 * 5', 4)).toEqual([
      '2026-02-13T00:00:00',
      '2026-03-13T00:00:00',
      '2026-11-13T00:00:00',
      '2027-08-13T00:00:00',
    ]);
  });

  it.each([
    '',
    'every day',
    '* * * *',
    '* * * * * * *',
    '60 * * * * *',
    '0 0 24 * * *',
    '0 0 0 0 * *',
    '0 0 0 * 13 *',
    '0 0 0 * * 7',
    '0 0 0 ? * 1',
    '0 0 0 L * *',
    '0 0 0 * * 5#2',
    '0 0 0 * Foo *',
    '0 */0 * * * *',
    '0 0 0 30 2 *',
    '@daily',
    '24:00:00',
    '00:60:00',
    '00:00:00',
    '1:2:3',
  ])('refuses %j and quotes it', (expression) => {
    expect(() => parseSchedule(expression)).toThrow(`"${expression}"`);
  });

  it.each([
    ['0 * * * * *', true],
    ['0 0 2 * * *', true],
    ['30 2 * * *', true],
    ['00:01:00', true],
    ['*/30 * * * * *', false],
    ['0,30 0 0 * * *', false],
    ['00:00:59', false],
  ])('%j is monitored: %s', (expression, monitored) => {
    expect(parseSchedule(expression).monitored).toBe(monitored);
  });

  it('occurs later than any instant it is asked about, on a whole second that its fields name', () => {
    const number = (max: number) => fc.integer({ min: 0, max });
    fc.assert(
      fc.property(
        number(59),
        number(59),
        number(23),
        fc.date({ min: START, max: new Date('2030-01-01'), noInvalidDate: true }),
        (s, m, h, after) => {
          const next = parseSchedule(`${s} ${m} ${h} * * *`).next(after);
          expect(next?.getTime()).toBeGreaterThan(after.getTime());
          expect(next?.toISOString()).toContain(
            `T${[h, m, s].map((n) => String(n).padStart(2, '0')).join(':')}.000Z`,
          );
          expect((next?.getTime() ?? 0) - after.getTime()).toBeLessThanOrEqual(86_400_000);
        },
      ),
      { numRuns: 50 },
    );
  });
});
