import { ConfigError } from '../../shared/errors.ts';
import { PlainError, UsageError } from './errors.ts';
import { asksForHelp } from './readArguments.ts';

/**
 * Runs a command of this project with the command line of this process, and sets the exit code: the result of `run`, 0
 * for `--help`, 2 for a wrong command line (a `UsageError`), and 1 for every other error.
 * @param usage the text for `--help`, which also follows the error about a wrong command line
 */
export async function runCommand(
  usage: string,
  run: (args: readonly string[]) => Promise<number>,
): Promise<void> {
  for (const output of [process.stdout, process.stderr]) output.on('error', endIfClosed);
  try {
    const args = process.argv.slice(2);
    if (asksForHelp(args)) process.stdout.write(usage);
    else process.exitCode = await run(args);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage}`);
      process.exitCode = 2;
      return;
    }
    const plain = error instanceof PlainError || error instanceof ConfigError;
    process.stderr.write(`${error instanceof Error ? (plain ? error.message : error.stack) : error}\n`);
    process.exitCode = 1;
  }
}

/** The reader has closed the output, as `head` does: nobody is left to be told anything. */
function endIfClosed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit();
  throw error;
}
