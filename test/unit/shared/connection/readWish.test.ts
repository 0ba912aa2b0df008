import { describe, expect, it } from 'vitest';
import { readWish } from '../../../../shared/connection/readWish.ts';
import { RequestMalformedError } from '../../../../shared/errors.ts';

const until = (time: string) => ({ wish: 'pause', until: new Date(time) });

describe('the body of PUT /api/connection', () => {
  it.each([
    undefined,
    {},
    { tasksPausedUntil: undefined },
    { user: 'another' },
    JSON.parse('{"__proto__":{"tasksPausedUntil":null}}'),
  ])('connects: %j', (sent) => {
    expect(readWish(sent)).toEqual({ wish: 'connect' });
  });

  it('ends a pause with null', () => {
    expect(readWish({ tasksPausedUntil: null })).toEqual({ wish: 'pause', until: null });
  });

  it.each([
    ['2027-01-31T08:00:00Z', '2027-01-31T08:00:00.000Z'],
    ['2027-01-31T08:00Z', '2027-01-31T08:00:00.000Z'],
    ['2027-01-31T08:00:00.1239Z', '2027-01-31T08:00:00.123Z'],
    ['2027-01-31T08:00:00+14:00', '2027-01-30T18:00:00.000Z'],
    ['2028-02-29T23:30:00-01:00', '2028-03-01T00:30:00.000Z'],
    ['0001-01-01T00:00:00Z', '0001-01-01T00:00:00.000Z'],
  ])('pauses until %s', (sent, time) => {
    expect(readWish({ tasksPausedUntil: sent })).toEqual(until(time));
  });

  it.each([
    ...[
      '2027-01-31',
      '2027-01-31T08:00:00',
      '2027-01-31 08:00:00Z',
      '2027-01-31T08:00:00z',
      ' 2027-01-31T08:00:00Z',
    ],
    ...['2027-02-29T08:00:00Z', '2027-04-31T08:00:00Z', '2027-13-01T08:00:00Z', '2027-00-10T08:00:00Z'],
    ...['2027-01-31T24:00:00Z', '2027-01-31T08:60:00Z', '2027-01-31T08:00:60Z', '2027-01-31T08:00:00+24:00'],
    ...['+002027-01-31T08:00:00Z', '2027-W04-7T08:00Z', 'P1D', 'tomorrow', '', '1801468800000'],
    ...[1_801_468_800_000, 0, true, false, [], ['2027-01-31T08:00:00Z'], {}, { until: null }],
  ])('refuses %j as a time', (tasksPausedUntil) => {
    expect(() => readWish({ tasksPausedUntil })).toThrow(RequestMalformedError);
    expect(() => readWish({ tasksPausedUntil })).toThrow(/time with its offset, such as 2027/);
  });

  it.each([null, 'text', 7, true, []])('refuses %j, which is no object', (sent) => {
    expect(() => readWish(sent)).toThrow(/JSON object/);
  });

  it('says nothing of what was sent', () => {
    const secret = 'a-secret-text';
    expect(() => readWish({ tasksPausedUntil: secret })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    );
  });
});
