import { type ParseArgsOptionsConfig, parseArgs } from 'node:util';
import { UsageError } from './benchmark.ts';

/** @throws {UsageError} an option that is not among these, or anything else. */
export function readOptions<const O extends ParseArgsOptionsConfig>(args: string[], options: O) {
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const known = Object.keys(options).map((name) => `--${name}`);
    throw new UsageError(`${error.message} There are: ${[...known, '--json'].join(', ')}.`);
  }
}

/** @throws {UsageError} */
export function readCount(option: string, value: string): number {
  if (!/^[1-9]\d{0,6}$/.test(value)) {
    throw new UsageError(`${option}: "${value}" is not a whole number from 1 to 9999999.`);
  }
  return Number(value);
}
