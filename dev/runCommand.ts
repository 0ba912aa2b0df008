import type { ParseArgsOptionsConfig } from 'node:util';
import { ConfigError } from '../shared/errors.ts';
import { PortTakenError } from './azurite.ts';
import { HostError } from './host/hostError.ts';
import { asksForHelp, readArguments, UsageError } from './readArguments.ts';

/** An error whose message is enough: it says what to do, so the terminal shows it without a stack. */
export class PlainError extends Error {
  override readonly name: string = 'PlainError';
}

export type Command<O> = {
  /** The text for `--help`, which also follows the error about a wrong command line. */
  usage: string;
  options: O;
};

type Values<O extends ParseArgsOptionsConfig> = ReturnType<typeof readArguments<O>>['values'];

const PLAIN = [PlainError, ConfigError, HostError, PortTakenError];

/**
 * Runs a command of this project with the command line of this process, and sets the exit code: the result of `run`, 0
 * for `--help`, 2 for a wrong command line (a `UsageError`), and 1 for every other error.
 */
export async function runCommand<const O extends ParseArgsOptionsConfig>(
  { usage, options }: Command<O>,
  run: (values: Values<O>) => Promise<number>,
): Promise<void> {
  try {
    const args = process.argv.slice(2);
    if (asksForHelp(args)) process.stdout.write(usage);
    else process.exitCode = await run(readArguments(args, options).values);
  } catch (error) {
    if (error instanceof UsageError) {
      process.stderr.write(`${error.message}\n\n${usage}`);
      process.exitCode = 2;
      return;
    }
    const plain = PLAIN.some((kind) => error instanceof kind);
    process.stderr.write(`${error instanceof Error ? (plain ? error.message : error.stack) : error}\n`);
    process.exitCode = 1;
  }
}
