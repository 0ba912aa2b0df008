/** Readers of columns. A person or a later version may have written anything, so what makes no sense counts as absent. */

/** A column that is a time. */
export const timeIn = (value: unknown): Date | undefined => (value instanceof Date ? value : undefined);

/** A column that is JSON. */
export function jsonIn(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : undefined;
  } catch {
    return undefined;
  }
}

/** A whole number from 1. */
export const countOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : undefined;

/** A text that is not empty. An empty column is `''`. */
export const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** What JSON has for a date. `Date` itself would read almost any text, `1` included. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
/** Stead is younger, and no account lives so long: a time outside of this was not written by Stead. */
export const EARLIEST = new Date('2020-01-01T00:00:00Z');
const LATEST = new Date('2200-01-01T00:00:00Z');

/** A time that Stead can have written: a column's `Date`, or the text that JSON has for a date. */
export function timeOf(value: unknown): Date | undefined {
  const text = textOf(value);
  if (!(value instanceof Date) && (text === undefined || !ISO_TIME.test(text))) return undefined;
  const time = new Date(value as Date | string);
  if (!(time >= EARLIEST && time < LATEST)) return undefined;
  // A Date would read the 31st of February as the 3rd of March.
  const isReal =
    text === undefined || isInEveryMonth(text) || time.toISOString().startsWith(text.slice(0, 19));
  return isReal ? time : undefined;
}

/** Of a time whose other parts a `Date` has accepted. A history has many times, and writing each one again is dear. */
const isInEveryMonth = (text: string): boolean => text.slice(8, 10) <= '28' && text.slice(11, 13) < '24';

/** Whether it is one of the names of a table. */
export const isKeyOf = <K extends string>(record: Record<K, true>, key: unknown): key is K =>
  typeof key === 'string' && Object.hasOwn(record, key);
