import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './errors.ts';

/** True if help is asked for, whatever the other arguments are. */
export const asksForHelp = (args: readonly string[]): boolean =>
  args.some((arg) => arg === '--help' || arg === '-h');

/**
 * Reads a command line, and refuses what it does not know. Only an option with `multiple` may have several values.
 * @param mostPositionals how many arguments without a dash are allowed.
 * @throws {UsageError} an unknown option, two values for one, a missing value, or an argument too many.
 */
export function readArguments<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
  mostPositionals = 0,
) {
  const { values, positionals, tokens } = parse(args, options);
  const surplus = positionals[mostPositionals];
  if (surplus !== undefined) throw new UsageError(`${JSON.stringify(surplus)} is one argument too many.`);
  const names = tokens.flatMap((token) =>
    token.kind === 'option' && token.value !== undefined && !options[token.name]?.multiple
      ? [token.name]
      : [],
  );
  const twice = names.find((name, at) => names.indexOf(name) < at);
  // The last would win, and the first would be taken for done.
  if (twice !== undefined) throw new UsageError(`--${twice} is given twice, and takes one value.`);
  return { values, positionals };
}

function parse<const O extends ParseArgsOptionsConfig>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, tokens: true });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    // The sentences after the first one are about file names that begin with a dash.
    const [problem] = error.message.split(/\.\s|\n/);
    throw new UsageError(`${problem?.replace(/\.$/, '')}.`);
  }
}
