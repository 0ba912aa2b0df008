import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { writeLog } from '../../../dev/host/hostLog.ts';
import { PlainError } from '../../../ops/cli/errors.ts';
import { parseLogExport, readLogExport } from '../../../ops/logExport.ts';

const USERS = ['0123456789abcdef', 'fedcba9876543210'];
const AT = '2026-11-20T09:15:00.123Z';
const EVENTS = USERS.map((user) => ({
  event: 'account.ended',
  user,
  as: 'disconnected',
  correlationId: 'x',
}));
const MESSAGES = EVENTS.map((event) => JSON.stringify(event));
/** What Application Insights has beside Stead's events. */
const OTHER = 'Executing \'Functions.connection\' (Reason="This, and that")';

const [FIRST, SECOND] = MESSAGES as [string, string];
const csvCell = (text: string) => `"${text.replaceAll('"', '""')}"`;
const lines = (...all: string[]) => `${all.join('\n')}\n`;

/** As `az monitor app-insights query` prints it: what the API answers. */
const tables = (rows: unknown[][], columns = ['timestamp', 'message', 'rows'], more: object = {}) =>
  JSON.stringify(
    {
      tables: [{ name: 'PrimaryResult', columns: columns.map((name) => ({ name, type: 'string' })), rows }],
      ...more,
    },
    undefined,
    2,
  );
/** As `az monitor log-analytics query` prints it: each cell is a text. */
const objects = (...rows: object[]) =>
  JSON.stringify(
    rows.map((row) => ({ TableName: 'PrimaryResult', ...row })),
    undefined,
    2,
  );

const forms: Record<string, string> = {
  'az monitor app-insights query': tables([
    [AT, FIRST, 3],
    [AT, OTHER, 3],
    [AT, SECOND, 3],
  ]),
  'az monitor log-analytics query': objects(
    { timestamp: AT, message: FIRST, rows: '3' },
    { timestamp: AT, message: OTHER, rows: '3' },
    { timestamp: AT, message: SECOND, rows: '3' },
  ),
  'a table of the workspace': objects(
    { TimeGenerated: AT, Message: FIRST },
    { TimeGenerated: AT, Message: 'None' },
    { TimeGenerated: AT, Message: SECOND },
  ),
  'the CSV of the Logs page': lines(
    'timestamp,message,rows',
    ...MESSAGES.map((message) => `${AT},${csvCell(message)},3`),
    `"${AT}",${csvCell(OTHER)},3`,
  ),
  'CSV with all columns': lines(
    '"timestamp [UTC]",severityLevel,message,itemCount',
    `${AT},1,${csvCell(OTHER)},1`,
    ...MESSAGES.map((message) => `${AT},1,${csvCell(message)},1`),
  ),
  'JSON Lines of rows': lines(
    ...[FIRST, OTHER, SECOND].map((message) => JSON.stringify({ timestamp: AT, message })),
  ),
  'JSON Lines with the number of rows': lines(
    ...[FIRST, OTHER, SECOND].map((message) => JSON.stringify({ timestamp: AT, message, rows: 3 })),
  ),
  'JSON Lines of events': lines(
    ...EVENTS.map((event) => JSON.stringify({ ...event, timestamp: AT })),
    JSON.stringify({ level: 'info', text: 'another program' }),
  ),
  'the output of Core Tools': lines(`[${AT}] ${FIRST}`, `[${AT}] ${OTHER}`, `[${AT}] ${SECOND}`),
};

describe('an export of the log', () => {
  it.each(Object.entries(forms))('may be %s', (_form, text) => {
    for (const same of [text, text.replaceAll('\n', '\r\n'), `\n${text}`]) {
      const { events, others } = parseLogExport(same);
      expect(events.map(({ event }) => event.user)).toEqual(USERS);
      expect(events.map(({ at }) => at)).toEqual([new Date(AT), new Date(AT)]);
      expect(others).toBe(1);
    }
  });

  it('may be the output of the local host', () => {
    const written: string[] = [];
    const write = vi
      .spyOn(process.stdout, 'write')
      .mockImplementation((text) => written.push(String(text)) > 0);
    const from = Date.now();
    for (const message of [FIRST, OTHER, SECOND]) writeLog('information', 'connection', message);
    write.mockRestore();
    const { events, others } = parseLogExport(written.join(''));
    expect(events.map(({ event }) => event)).toEqual(EVENTS);
    for (const { at } of events) expect(at?.getTime()).toBeGreaterThanOrEqual(from);
    expect(others).toBe(1);
  });

  it.each([
    ['2026-11-20T09:15:00Z', '2026-11-20T09:15:00.000Z'],
    ['2026-11-20T09:15:00.1234567Z', '2026-11-20T09:15:00.123Z'],
    ['2026-11-20T10:15:00.5+01:00', '2026-11-20T09:15:00.500Z'],
  ])('has times such as %s', (time, same) => {
    const { events } = parseLogExport(tables([[time, FIRST, 1]]));
    expect(events[0]?.at?.toISOString()).toBe(same);
  });

  it.each([
    '11/20/2026, 9:15:00.123 AM',
    '20.11.2026, 09:15:00.123',
    '2026-11-20 09:15:00.123',
    '2026-11-20T09:15:00.123',
    '2026-13-45T09:15:00Z',
    '2026-11-20',
    '',
    'None',
    1_795_166_100_000,
    null,
  ])('says where the time %j could be read in two ways, or in none', (time) => {
    const { events } = parseLogExport(
      tables([
        [AT, FIRST, 2],
        [time, SECOND, 2],
      ]),
    );
    expect(events.map(({ where, at }) => [where, at])).toEqual([
      ['row 1', new Date(AT)],
      ['row 2', undefined],
    ]);
  });

  it.each([
    ['lines', lines(FIRST, SECOND)],
    ['one line', FIRST],
    ['rows', objects({ message: FIRST }, { message: SECOND })],
  ])('says that it has no time: %s', (_what, text) => {
    for (const { at } of parseLogExport(text).events) expect(at).toBeUndefined();
    expect(parseLogExport(text).events.length).toBeGreaterThan(0);
  });

  it.each([
    ['no rows', tables([])],
    ['no rows', '[]'],
    ['no events', objects({ timestamp: AT, message: OTHER })],
    ['another JSON', '{"a":1}'],
  ])('may have no event: %s', (_what, text) => expect(parseLogExport(text).events).toEqual([]));

  it.each([
    ['is empty', '', /empty/],
    ['has only blanks', '\r\n \n', /empty/],
    ['is cut off: JSON', forms['az monitor app-insights query']?.slice(0, -20) ?? '', /JSON is cut off/],
    ['is cut off: an array', forms['az monitor log-analytics query']?.slice(0, -20) ?? '', /JSON is cut off/],
    [
      'is cut off: CSV',
      lines('timestamp,message', `${AT},${csvCell(FIRST)}`, `${AT},"{""event`),
      /Row 2 .* cut off/,
    ],
    ['is cut off: lines', `${forms['JSON Lines of rows']}{"timestamp":"20`, /event in line 4 is cut off/],
    [
      'is cut off: the output of a host',
      `[${AT}] ${FIRST}\n[${AT}] ${SECOND.slice(0, -9)}`,
      /line 2 is cut off/,
    ],
    ['has an event that is cut off', tables([[AT, FIRST.slice(0, -9), 1]]), /event in row 1 is cut off/],
    ['has less than all rows', tables([[AT, FIRST, 30_001]]), /1 of 30001 rows/],
    ['has less than all rows', objects({ timestamp: AT, message: FIRST, rows: '2' }), /1 of 2 rows/],
    ['has less than all rows', lines('timestamp,message,rows', `${AT},${csvCell(FIRST)},7`), /1 of 7 rows/],
    [
      'does not know how many rows',
      objects({ timestamp: AT, message: FIRST, rows: 'None' }),
      /an unknown number/,
    ],
    [
      'has less than all lines',
      (forms['JSON Lines with the number of rows'] ?? '').split('\n').slice(0, 2).join('\n'),
      /2 of 3 rows/,
    ],
    [
      'is CSV with semicolons',
      `timestamp;message;rows\n${AT};${csvCell(FIRST)};1\n`,
      /form .* CSV with commas/,
    ],
    ['has tabs', `timestamp\tmessage\trows\n${AT}\t${FIRST}\t1\n`, /form of the file is not known/],
    [
      'is YAML',
      `tables:\n- columns:\n  - name: timestamp\n  rows:\n  - - ${AT}\n    - '${FIRST}'\n`,
      /not known/,
    ],
    ['is another file', lines('# Notes', '', 'Nobody ended.'), /not known/],
    [
      'is a part of the answer',
      tables([[AT, FIRST, 1]], undefined, { error: { code: 'PartialError' } }),
      /all rows/,
    ],
    [
      'has no messages',
      tables([[AT, 1]], ['timestamp', 'severityLevel']),
      /columns "timestamp".* and "message"/,
    ],
    ['has no times', lines('message,level', `${csvCell(FIRST)},1`), /columns "timestamp"/],
    ['is damaged', '{"tables":[{"rows":7}]}', /columns and rows/],
  ])('is refused if it %s', (_why, text, message) => {
    expect(() => parseLogExport(text)).toThrow(PlainError);
    expect(() => parseLogExport(text)).toThrow(message);
    try {
      parseLogExport(text);
    } catch (error) {
      for (const user of USERS) expect(String(error)).not.toContain(user);
    }
  });
});

describe('the file of an export', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stead-export-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'ended.json');

  it.each<[string, BufferEncoding, string]>([
    ['UTF-8', 'utf8', ''],
    ['UTF-8 with a byte order mark', 'utf8', '\uFEFF'],
    ['the UTF-16 of Windows PowerShell', 'utf16le', '\uFEFF'],
  ])('may be %s', (_what, encoding, mark) => {
    for (const text of Object.values(forms)) {
      writeFileSync(file, `${mark}${text}`, encoding);
      expect(readLogExport(file).events).toHaveLength(2);
    }
  });

  it('is named in an error, with what to do', () => {
    writeFileSync(file, '{');
    expect(() => readLogExport(file)).toThrow(
      `${file}: The JSON is cut off or damaged. Export it again: docs/runbook.md`,
    );
    const missing = join(folder, 'missing.json');
    expect(() => readLogExport(missing)).toThrow(PlainError);
    expect(() => readLogExport(missing)).toThrow(`${missing} cannot be read: ENOENT`);
  });
});
