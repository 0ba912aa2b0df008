import { describe, expect, it } from 'vitest';
import { createTimes } from '../../../../spa/src/words/times.ts';

const NOW = new Date('2030-01-01T12:00:00Z');
const ahead = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);
/** What stays in one line, and the narrow spaces of some locales, as ordinary spaces. */
const plain = (text: string) => text.replace(/[\u00a0\u202f]/g, ' ');

describe('a relative time', () => {
  const { relative } = createTimes('en', 'UTC');
  it.each([
    [0, 'now'],
    [-0.4, 'now'],
    [-1, '1 second ago'],
    [-59, '59 seconds ago'],
    [-60, '1 minute ago'],
    [-3_599, '59 minutes ago'],
    [-7_200, '2 hours ago'],
    [-86_400, 'yesterday'],
    [-400 * 86_400, '400 days ago'],
    [18, 'in 18 seconds'],
    [150, 'in 2 minutes'],
    [86_400, 'tomorrow'],
  ])('%d seconds from now is: %s', (seconds, text) => {
    expect(relative(ahead(seconds), NOW)).toBe(text);
  });

  it('is in the language of the reader', () => {
    expect(createTimes('de-AT', 'UTC').relative(ahead(-7_200), NOW)).toBe('vor 2 Stunden');
  });
});

describe('a time as a person says it', () => {
  it.each([
    ['en-GB', 'Europe/London', '2026-11-30T08:00:00Z', '2026-11-27T17:04:00Z', 'weekday', 'Friday 17:04'],
    [
      'en-US',
      'America/New_York',
      '2026-11-30T13:00:00Z',
      '2026-11-27T22:04:00Z',
      'weekday',
      'Friday 5:04 PM',
    ],
    ['de-DE', 'Europe/Berlin', '2026-11-30T08:00:00Z', '2026-11-27T16:04:00Z', 'weekday', 'Freitag 17:04'],
    ['de-DE', 'Europe/Berlin', '2026-11-30T08:00:00Z', '2026-11-29T16:04:00Z', 'yesterday', 'gestern 17:04'],
    ['en-GB', 'UTC', '2026-11-30T08:00:00Z', '2026-11-30T07:04:00Z', 'time', '07:04'],
    ['en-GB', 'UTC', '2026-11-30T08:00:00Z', '2026-12-01T07:04:00Z', 'tomorrow', 'tomorrow 07:04'],
    ['de-CH', 'UTC', '2026-11-30T08:00:00Z', '2026-12-06T07:04:00Z', 'weekday', 'Sonntag 07:04'],
    // A week later the name of the day would mean today.
    ['en-GB', 'UTC', '2026-11-30T08:00:00Z', '2026-12-07T07:04:00Z', 'date', '7 December 07:04'],
    ['de-AT', 'UTC', '2026-01-02T08:00:00Z', '2025-12-01T07:04:00Z', 'date', '1. Dezember 2025 07:04'],
    // The same two times are of one day in one zone, and of two days in another.
    [
      'en-GB',
      'Pacific/Kiritimati',
      '2026-11-30T11:00:00Z',
      '2026-11-30T09:30:00Z',
      'yesterday',
      'yesterday 23:30',
    ],
    ['en-GB', 'America/St_Johns', '2026-11-30T11:00:00Z', '2026-11-30T09:30:00Z', 'time', '06:00'],
    ['en-GB', 'Asia/Kolkata', '2026-11-30T20:00:00Z', '2026-11-30T18:00:00Z', 'yesterday', 'yesterday 23:30'],
    // The night in which Berlin has 25 hours, and the one with 23.
    ['de-DE', 'Europe/Berlin', '2026-10-25T22:30:00Z', '2026-10-24T22:30:00Z', 'time', '00:30'],
    ['de-DE', 'Europe/Berlin', '2026-03-29T21:30:00Z', '2026-03-28T22:30:00Z', 'yesterday', 'gestern 23:30'],
  ])('in %s and %s: of %s, %s is %s, "%s"', (locale, zone, now, at, how, text) => {
    const found = createTimes(locale, zone).when(new Date(at), new Date(now));
    expect({ ...found, text: plain(found.text) }).toEqual({ how, text });
  });

  it('keeps a time of day in one line', () => {
    const { text } = createTimes('en-US', 'UTC').when(ahead(-2 * 86_400), NOW);
    expect(text).toBe('Sunday 12:00\u00a0PM');
  });
});

describe('the heading of a day', () => {
  it.each([
    ['en-GB', 'UTC', -60, 'Today'],
    ['de-DE', 'UTC', -60, 'Heute'],
    ['de-DE', 'UTC', -86_400, 'Gestern'],
    ['en-GB', 'UTC', -5 * 86_400, 'Thursday, 27 December 2029'],
    ['en-US', 'UTC', -5 * 86_400, 'Thursday, December 27, 2029'],
    ['de-DE', 'UTC', -5 * 86_400, 'Donnerstag, 27. Dezember 2029'],
    ['en-GB', 'Pacific/Auckland', -14 * 3_600, 'Yesterday'],
  ])('in %s and %s, %d seconds from now, is %s', (locale, zone, seconds, text) => {
    expect(createTimes(locale, zone).day(ahead(seconds), NOW)).toBe(text);
  });
});

describe('a duration', () => {
  it.each([
    [0, '1 second', '1 Sekunde'],
    [45, '45 seconds', '45 Sekunden'],
    [60, '1 minute', '1 Minute'],
    [25 * 60, '25 minutes', '25 Minuten'],
    [119 * 60, '119 minutes', '119 Minuten'],
    [7_200, '2 hours', '2 Stunden'],
    [47 * 3_600, '47 hours', '47 Stunden'],
    [3 * 86_400, '3 days', '3 Tage'],
  ])('of %d seconds is in words', (seconds, english, german) => {
    expect(createTimes('en-GB').duration(seconds * 1_000)).toBe(english);
    expect(createTimes('de-DE').duration(seconds * 1_000)).toBe(german);
  });
});

describe('an exact time', () => {
  it('has the date and the seconds, in the zone of the reader', () => {
    const at = new Date('2026-11-28T08:12:03Z');
    expect(plain(createTimes('en-GB', 'Europe/Berlin').exact(at))).toBe(
      'Saturday, 28 November 2026 at 09:12:03',
    );
    expect(plain(createTimes('de-DE', 'Europe/Berlin').exact(at))).toBe(
      'Samstag, 28. November 2026 um 09:12:03',
    );
  });
});

describe('numbers and lists', () => {
  it('are as the language writes them', () => {
    expect(createTimes('en-GB').number(12_345)).toBe('12,345');
    expect(createTimes('de-DE').number(12_345)).toBe('12.345');
    expect(createTimes('en-GB').list(['one', 'two', 'three'])).toBe('one, two, three');
    expect(createTimes('de-DE').list(['eins', 'zwei'])).toBe('eins, zwei');
  });
});

describe('a time of day', () => {
  it.each([
    ['en-US', true, '5:04 PM'],
    ['en-GB', false, '17:04'],
    ['de-AT', false, '17:04'],
  ])('for %s has a day period or not, and needs room for it', (locale, hasDayPeriods, text) => {
    const times = createTimes(locale, 'UTC');
    expect(times.hasDayPeriods).toBe(hasDayPeriods);
    expect(plain(times.clock(new Date('2026-11-27T17:04:00Z')))).toBe(text);
  });
});
