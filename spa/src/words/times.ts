/**
 * A time as a person says it. `how` tells a language which preposition it needs: `text` is a time of day, a day with a time of
 * day, or a date with a time of day.
 */
export type When = { how: 'time' | 'yesterday' | 'tomorrow' | 'weekday' | 'date'; text: string };

export type Times = ReturnType<typeof createTimes>;

const DAY_MS = 86_400_000;
/** From this distance on, the name of a weekday could mean two days. */
const WEEK_DAYS = 6;

/** A time of day stays in one line. */
const NO_BREAK = '\u00a0';

const STEPS = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
] as const;

/**
 * Writes times for one language and one time zone.
 * @param locale a BCP 47 tag, such as `de-AT`
 * @param timeZone an IANA name; the browser's own if left out
 */
export function createTimes(locale: string, timeZone?: string) {
  const format = (options: Intl.DateTimeFormatOptions, of = locale) =>
    new Intl.DateTimeFormat(of, { ...options, ...(timeZone !== undefined && { timeZone }) });
  const clocks = format({ timeStyle: 'short' });
  const weekdays = format({ weekday: 'long' });
  const dates = format({ day: 'numeric', month: 'long' });
  const datesWithYear = format({ day: 'numeric', month: 'long', year: 'numeric' });
  const exacts = format({ dateStyle: 'full', timeStyle: 'medium' });
  const relatives = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const lists = new Intl.ListFormat(locale, { type: 'unit', style: 'short' });
  const numbers = new Intl.NumberFormat(locale);
  const inParts = format({ year: 'numeric', month: 'numeric', day: 'numeric' }, 'en-u-ca-gregory-nu-latn');

  /** The day of a time in this zone, as a number of days, so that days can be compared. */
  const dayNumber = (at: Date): number => {
    const parts = Object.fromEntries(
      inParts.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
    );
    return Date.UTC(parts.year ?? 0, (parts.month ?? 1) - 1, parts.day ?? 1) / DAY_MS;
  };
  const yearOf = (at: Date) => new Date(dayNumber(at) * DAY_MS).getUTCFullYear();
  const dateText = (at: Date, now: Date): string =>
    (yearOf(at) === yearOf(now) ? dates : datesWithYear).format(at);
  const clockText = (at: Date): string => clocks.format(at).replace(/\s/g, NO_BREAK);

  return {
    dayNumber,
    /** The time of day. */
    clock: clockText,
    /** True if a time of day has "AM" or "PM", so that it needs more room. */
    hasDayPeriods: clocks.resolvedOptions().hour12 === true,
    /** The date, with the year if it is not this one. */
    date: dateText,
    /** Date and time to the second. */
    exact: (at: Date): string => exacts.format(at),
    /** Such as "17:04", "yesterday 17:04", "Friday 17:04" or "3 November 17:04". */
    when(at: Date, now: Date): When {
      const days = dayNumber(at) - dayNumber(now);
      const clock = clockText(at);
      if (days === 0) return { how: 'time', text: clock };
      if (Math.abs(days) === 1) {
        const how = days < 0 ? 'yesterday' : 'tomorrow';
        return { how, text: `${relatives.format(days, 'day')} ${clock}` };
      }
      if (Math.abs(days) <= WEEK_DAYS) return { how: 'weekday', text: `${weekdays.format(at)} ${clock}` };
      return { how: 'date', text: `${dateText(at, now)} ${clock}` };
    },
    /** The heading of a day: "Today", "Yesterday", or such as "Friday, 27 November". */
    day(at: Date, now: Date): string {
      const days = dayNumber(at) - dayNumber(now);
      const text =
        days === 0 || days === -1
          ? relatives.format(days, 'day')
          : `${weekdays.format(at)}, ${dateText(at, now)}`;
      return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
    },
    /** Such as "3 minutes ago" or "in 2 hours". */
    relative(at: Date, now: Date): string {
      const seconds = Math.round((at.getTime() - now.getTime()) / 1_000);
      const step = STEPS.find((one) => Math.abs(seconds) >= one.seconds);
      return step === undefined
        ? relatives.format(0, 'second')
        : relatives.format(Math.trunc(seconds / step.seconds), step.unit);
    },
    /** How long something took: in the largest unit of which there are at least two, or in minutes. */
    duration(ms: number): string {
      const seconds = Math.max(1, Math.round(ms / 1_000));
      const step =
        STEPS.find((one) => seconds >= 2 * one.seconds && one.unit !== 'second') ??
        (seconds >= 60 ? STEPS[2] : STEPS[3]);
      return new Intl.NumberFormat(locale, { style: 'unit', unit: step.unit, unitDisplay: 'long' }).format(
        Math.round(seconds / step.seconds),
      );
    },
    list: (texts: readonly string[]): string => lists.format(texts),
    number: (value: number): string => numbers.format(value),
  };
}
