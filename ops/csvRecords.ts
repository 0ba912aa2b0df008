import { PlainError } from './cli/errors.ts';

/** A cell, and what ends it: a comma, the end of a line, or the end of the text. Anything else is a fault. */
const CELL = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r?\n|$)|[\s\S]/g;

/**
 * Reads comma-separated values: a cell may be in quotes, and then it may hold commas, line ends and doubled quotes
 * (RFC 4180).
 * @returns the records, the header first, without empty lines
 * @throws {PlainError} the text ends within quotes, or a record has not as many cells as the header.
 */
export function csvRecords(text: string): string[][] {
  const records: string[][] = [];
  let record: string[] = [];
  for (const [, quoted, plain = '', end] of text.matchAll(CELL)) {
    if (end === undefined) throw new PlainError(`Row ${records.length} of the CSV is cut off or damaged.`);
    record.push(quoted?.replaceAll('""', '"') ?? plain);
    if (end === ',') continue;
    if (record.length > 1 || record[0] !== '') {
      if (record.length !== (records[0] ?? record).length) {
        throw new PlainError(`Row ${records.length} of the CSV has more or fewer cells than the header.`);
      }
      records.push(record);
    }
    record = [];
    if (end === '') break;
  }
  return records;
}
