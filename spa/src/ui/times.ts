import { useEffect, useState } from 'react';

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const absolute = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat('en', { timeStyle: 'short' });

const STEPS = [
  { unit: 'day', seconds: 86_400 },
  { unit: 'hour', seconds: 3_600 },
  { unit: 'minute', seconds: 60 },
  { unit: 'second', seconds: 1 },
] as const;

/** Such as "3 minutes ago" or "in 2 hours". */
export function relativeText(at: Date, now: Date): string {
  const seconds = Math.round((at.getTime() - now.getTime()) / 1_000);
  const step = STEPS.find((one) => Math.abs(seconds) >= one.seconds);
  return step === undefined ? 'now' : relative.format(Math.trunc(seconds / step.seconds), step.unit);
}

export const absoluteText = (at: Date): string => absolute.format(at);

/** The time of day, and the date too if it is not today. */
export const clockText = (at: Date, now: Date): string =>
  at.toDateString() === now.toDateString() ? clock.format(at) : absolute.format(at);

/** The current time. It renders its component again every `everyMs`, so that "3 minutes ago" stays true. */
export function useNow(everyMs: number): Date {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
