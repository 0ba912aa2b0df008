import { describe, expect, it } from 'vitest';
import { PlainError } from '../../../ops/cli/errors.ts';
import { csvRecords } from '../../../ops/csvRecords.ts';

describe('csvRecords', () => {
  it.each<[string, string[][]]>([
    ['', []],
    ['a,b', [['a', 'b']]],
    [
      'a,b\r\n1,2\r\n',
      [
        ['a', 'b'],
        ['1', '2'],
      ],
    ],
    [
      'a,b\n"1,""x"",\n2",\n\n,""',
      [
        ['a', 'b'],
        ['1,"x",\n2', ''],
        ['', ''],
      ],
    ],
    ['a\n1\n', [['a'], ['1']]],
  ])('reads %j', (text, records) => expect(csvRecords(text)).toEqual(records));

  it.each([
    ['a quote that is not closed', 'a,b\n1,"2\n3,4', /Row 1 .* cut off/],
    ['a quote within a cell', 'a,b\n1,2"3"\n', /Row 1 .* damaged/],
    ['a row that is too short', 'a,b\n1,2\n3\n', /Row 2 .* fewer/],
    ['a row that is too long', 'a,b\n1,2,3', /Row 1 .* more/],
  ])('refuses %s', (_what, text, message) => {
    expect(() => csvRecords(text)).toThrow(PlainError);
    expect(() => csvRecords(text)).toThrow(message);
  });
});
