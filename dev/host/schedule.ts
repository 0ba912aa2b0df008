import { Cron } from 'croner';
import { PlainError } from '../../ops/cli/errors.ts';

export type Schedule = {
  /** The first occurrence after an instant; undefined if there is none. */
  next(after: Date): Date | undefined;
  /** False for a schedule that can recur in less than a minute: the host keeps no status for it. */
  monitored: boolean;
};

// NCRONTAB knows neither Quartz's ? L W # nor nicknames nor 7 for Sunday; croner does.
const NUMBER = '\\d+';
const fieldOf = (value: string) => {
  const item = `(?:\\*|${value}(?:-${value})?)(?:/${NUMBER})?`;
  return new RegExp(`^${item}(?:,${item})*$`, 'i');
};
const PLAIN = fieldOf(NUMBER);
const MONTH = fieldOf(`(?:${NUMBER}|[a-z]{3})`);
const DAY_OF_WEEK = fieldOf('(?:[0-6]|[a-z]{3})');

const TIME_SPAN = /^(?:(\d+)\.)?(\d{1,2}):(\d{2})(?::(\d{2}))?$/;

/**
 * Reads a timer's schedule: NCRONTAB with six fields (`{second} {minute} {hour} {day} {month} {day of week}`) or
 * five (seconds are 0), in UTC, or a time span `[d.]hh:mm[:ss]` between two runs. When a day and a day of the week
 * are both given, both must match. Source: "NCRONTAB expressions" in Azure's docs, functions-bindings-timer.
 * @throws PlainError when the expression is neither or never occurs.
 */
export function parseSchedule(expression: string): Schedule {
  const text = expression.trim();
  return timeSpan(text) ?? ncrontab(text);
}

function timeSpan(text: string): Schedule | undefined {
  const match = TIME_SPAN.exec(text);
  if (!match) return undefined;
  const [days, hours, minutes, seconds] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
  ];
  const intervalMs = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000;
  if (hours > 23 || minutes > 59 || seconds > 59 || intervalMs === 0)
    throw new PlainError(`"${text}" is no time span: write hh:mm:ss, at most 23:59:59, or d.hh:mm:ss.`);
  return { next: (after) => new Date(after.getTime() + intervalMs), monitored: intervalMs >= 60_000 };
}

function ncrontab(text: string): Schedule {
  const fields = text.split(/\s+/);
  const [month, dayOfWeek] = fields.slice(-2);
  const wellFormed =
    (fields.length === 5 || fields.length === 6) &&
    fields.slice(0, -2).every((field) => PLAIN.test(field)) &&
    MONTH.test(month ?? '') &&
    DAY_OF_WEEK.test(dayOfWeek ?? '');
  if (!wellFormed)
    throw new PlainError(
      `"${text}" is no schedule: write six NCRONTAB fields, {second} {minute} {hour} {day} {month} {day of week}, or a time span hh:mm:ss.`,
    );
  let cron: Cron;
  try {
    cron = new Cron(fields.join(' '), {
      mode: '5-or-6-parts',
      domAndDow: true,
      // NCRONTAB reads 5/15 as 5-59/15.
      sloppyRanges: true,
      timezone: 'UTC',
    });
  } catch (error) {
    throw new PlainError(
      `"${text}" is no schedule: ${(error as Error).message.replace(/^CronPattern: /, '')}`,
    );
  }
  const occurrences = cron.nextRuns(5);
  if (occurrences.length === 0) throw new PlainError(`"${text}" never occurs.`);
  const gaps = occurrences.slice(1).map((at, i) => at.getTime() - (occurrences[i] ?? at).getTime());
  return {
    next: (after) => cron.nextRun(after) ?? undefined,
    monitored: gaps.every((gapMs) => gapMs >= 60_000),
  };
}
