import { readFileSync } from 'node:fs';
import { isRecord } from '../shared/isRecord.ts';
import { PlainError } from './cli/errors.ts';
import { csvRecords } from './csvRecords.ts';

/** One event of Stead in an export of the log. */
export type ExportedEvent = {
  /** Where the export has it, such as `line 12`. */
  where: string;
  /** When it was logged; undefined if the export does not say so in a form that can be read in one way only. */
  at: Date | undefined;
  event: Record<string, unknown>;
};

export type LogExport = {
  events: ExportedEvent[];
  /** How many lines or rows are something else. */
  others: number;
};

/** A line or row of the export: its time, and the text or the object that may be an event. */
type Row = { where: string; time: unknown; message: unknown };
/** What {@link rowOfObject} reads: also how many rows there must be, if the row says so. */
type CountedRow = Row & { rows?: unknown };

const AGAIN = 'Export it again: docs/runbook.md, "Failover to a copy that is behind".';
const TIME_COLUMNS: readonly string[] = ['timestamp', 'timegenerated'];
/** The column in which the runbook's query says how many rows there are. */
const COUNT_COLUMN = 'rows';
/** A line of the local host, or of Core Tools. */
const HOST_LINE = /^\[(\d{4}-\d\d-\d\dT[^\]\s]*)\]\s(.*)$/;
const EVENT = '{"event":"';
const FORMS =
  'JSON of "az monitor app-insights query" or "az monitor log-analytics query" (--output json), CSV with commas, JSON Lines, and the output of the local host or of "func start"';
/** A time with its offset. A time without one, or with the month in another place, could be read in two ways. */
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)$/;

/**
 * Reads an export of the log. It may be what `az monitor app-insights query` prints (`tables`), what
 * `az monitor log-analytics query` prints (an array of objects), the CSV of the Logs page, or lines: JSON Lines, or the
 * output of the local host.
 * @throws {PlainError} the file cannot be read, is cut off, or is none of these. Its text is not quoted.
 */
export function readLogExport(file: string): LogExport {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new PlainError(`${file} cannot be read: ${(error as Error).message}`);
  }
  try {
    return parseLogExport(decode(bytes));
  } catch (error) {
    throw error instanceof PlainError ? new PlainError(`${file}: ${error.message} ${AGAIN}`) : error;
  }
}

/** @throws {PlainError} the text is cut off, or is not an export of a log. */
export function parseLogExport(text: string): LogExport {
  if (text.trim() === '') throw new PlainError('The file is empty.');
  const events: ExportedEvent[] = [];
  let others = 0;
  for (const { where, time, message } of rowsIn(text)) {
    const event = eventIn(message, where);
    if (event === undefined) others += 1;
    else events.push({ where, at: readTime(time), event });
  }
  return { events, others };
}

/** Windows PowerShell redirects output as UTF-16. A byte order mark is left out. */
function decode(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? 'utf-16le' : 'utf-8').decode(bytes);
}

function rowsIn(text: string): Iterable<Row> {
  const first = text.trimStart().split(/\r?\n/, 1)[0] ?? '';
  if (first.startsWith('{') || (first.startsWith('[') && !HOST_LINE.test(first))) {
    const value = parseJson(text);
    if (value !== undefined) return rowsOfJson(value);
    if (!isRecord(parseJson(first))) throw new PlainError('The JSON is cut off or damaged.');
    return rowsOfLines(text);
  }
  const header = first.split(',').map(nameOfColumn);
  const isCsv = header.includes('message') || header.some((name) => TIME_COLUMNS.includes(name));
  if (!isCsv) return rowsOfLines(text);
  const [columns = [], ...rows] = csvRecords(text);
  return rowsOfTable(columns, rows);
}

function rowsOfJson(value: unknown): Iterable<Row> {
  if (Array.isArray(value)) return rowsOfObjects(value);
  if (isRecord(value) && value.error !== undefined) {
    throw new PlainError('The query did not give all rows (it has an "error"). Ask for a shorter time.');
  }
  if (isRecord(value) && Array.isArray(value.tables)) return value.tables.flatMap(rowsOfTableObject);
  return rowsOfObjects([value]);
}

function rowsOfTableObject(table: unknown): Row[] {
  const { columns, rows } = isRecord(table) ? table : {};
  if (!Array.isArray(columns) || !Array.isArray(rows)) {
    throw new PlainError('It has "tables", but not their columns and rows.');
  }
  const names = columns.map((column) => (isRecord(column) ? String(column.name) : ''));
  return rowsOfTable(names, rows);
}

function rowsOfTable(columns: readonly string[], rows: readonly unknown[]): Row[] {
  const names = columns.map(nameOfColumn);
  const time = names.findIndex((name) => TIME_COLUMNS.includes(name));
  const message = names.indexOf('message');
  if (time < 0 || message < 0) {
    throw new PlainError('It needs the columns "timestamp" (or "TimeGenerated") and "message".');
  }
  const cells = rows.map((row) => (Array.isArray(row) ? row : []));
  expectAll(cells.length, cells[0]?.[names.indexOf(COUNT_COLUMN)]);
  return cells.map((row, index) => ({
    where: `row ${index + 1}`,
    time: row[time],
    message: row[message],
  }));
}

function rowsOfObjects(values: readonly unknown[]): Row[] {
  return complete(values.map((value, index) => rowOfObject(value, `row ${index + 1}`)));
}

function rowsOfLines(text: string): Row[] {
  const lines = [...text.split(/\r?\n/).entries()].filter(([, line]) => line.trim() !== '');
  if (!lines.some(([, line]) => line.startsWith('{') || HOST_LINE.test(line))) {
    throw new PlainError(`The form of the file is not known. These are read: ${FORMS}.`);
  }
  return complete(lines.map(([index, line]) => rowOfLine(line, `line ${index + 1}`)));
}

function rowOfLine(line: string, where: string): CountedRow {
  const [, time, rest] = HOST_LINE.exec(line) ?? [];
  if (rest === undefined) return rowOfObject(line.startsWith('{') ? parseJson(line, where) : line, where);
  return { where, time, message: rest.slice(Math.max(0, rest.indexOf(EVENT))) };
}

/** @throws {PlainError} they say how many they are, and are not so many. */
function complete(rows: CountedRow[]): Row[] {
  const counted = rows.filter(({ rows: count }) => count !== undefined);
  expectAll(counted.length, counted[0]?.rows);
  return rows;
}

/** An object is an event itself, or it has the event as text in its `message`. */
function rowOfObject(value: unknown, where: string): CountedRow {
  if (!isRecord(value)) return { where, time: undefined, message: undefined };
  const named = new Map(Object.entries(value).map(([name, cell]) => [nameOfColumn(name), cell]));
  const time = TIME_COLUMNS.map((name) => named.get(name)).find((cell) => cell !== undefined);
  const message = typeof value.event === 'string' ? value : named.get('message');
  return { where, time, message, rows: named.get(COUNT_COLUMN) };
}

/** The portal writes `timestamp [UTC]`, a workspace `TimeGenerated` and `Message`. */
const nameOfColumn = (name: string): string =>
  name
    .replaceAll('"', '')
    .trim()
    .toLowerCase()
    .replace(/ \[utc\]$/, '');

/** The portal and the API of the logs leave out rows without an error if there are too many. */
function expectAll(has: number, count: unknown): void {
  const all = Number(count);
  if (count === undefined || all === has) return;
  throw new PlainError(`It has ${has} of ${Number.isNaN(all) ? 'an unknown number of' : all} rows.`);
}

function eventIn(message: unknown, where: string): Record<string, unknown> | undefined {
  if (isRecord(message)) return message;
  if (typeof message !== 'string' || !message.startsWith(EVENT)) return undefined;
  const event = parseJson(message, where);
  return isRecord(event) ? event : undefined;
}

/** @param where given if the text must be JSON: the error then names it */
function parseJson(text: string, where?: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (where === undefined) return undefined;
    throw new PlainError(`The event in ${where} is cut off or damaged.`);
  }
}

function readTime(time: unknown): Date | undefined {
  if (typeof time !== 'string' || !ISO_TIME.test(time)) return undefined;
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? undefined : new Date(ms);
}
