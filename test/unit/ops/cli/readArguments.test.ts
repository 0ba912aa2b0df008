import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../ops/cli/errors.ts';
import { asksForHelp, readArguments } from '../../../../ops/cli/readArguments.ts';

const OPTIONS = { pick: { type: 'string' }, json: { type: 'boolean', default: false } } as const;
const words = (line: string): string[] => line.split(' ').filter(Boolean);

describe('readArguments', () => {
  it.each<[string, object, string[]]>([
    ['', { json: false }, []],
    ['--json --json', { json: true }, []],
    ['one --pick=a', { json: false, pick: 'a' }, ['one']],
    ['--pick a -- --json', { json: false, pick: 'a' }, ['--json']],
  ])('reads "%s"', (line, values, positionals) => {
    const read = readArguments(words(line), OPTIONS, 1);
    expect({ ...read.values }).toEqual(values);
    expect(read.positionals).toEqual(positionals);
  });

  it('takes several values of an option that may have them', () => {
    const options = { pick: { type: 'string', multiple: true } } as const;
    expect({ ...readArguments(words('--pick a --pick=b'), options).values }).toEqual({ pick: ['a', 'b'] });
  });

  it.each([
    ['--prot 1', "Unknown option '--prot'."],
    ['-x', "Unknown option '-x'."],
    ['extra', '"extra" is one argument too many.'],
    ['--pick', "Option '--pick <value>' argument missing."],
    ['--pick --json', "Option '--pick' argument is ambiguous."],
    ['--json=yes', "Option '--json' does not take an argument."],
    ['--pick a --pick b', '--pick is given twice, and takes one value.'],
  ])('refuses "%s" with one line', (line, message) => {
    expect(() => readArguments(words(line), OPTIONS)).toThrow(new UsageError(message));
  });
});

describe('asksForHelp', () => {
  it.each(['--help', '-h', '--prot 1 --help', 'extra -h'])('sees it in "%s"', (line) => {
    expect(asksForHelp(words(line))).toBe(true);
  });
  it.each(['', 'help', '--helpful'])('sees none in "%s"', (line) => {
    expect(asksForHelp(words(line))).toBe(false);
  });
});
