import { PlainError } from '../../ops/cli/errors.ts';
import type { LogLevel } from './coreTypes.ts';

const LEVELS: readonly string[] = [
  'trace',
  'debug',
  'information',
  'warning',
  'error',
  'critical',
  'none',
] satisfies LogLevel[];

let minimum = LEVELS.indexOf('information');

/**
 * Sets the lowest level that is written, as `logging.logLevel.default` of host.json does; case does not matter.
 * @throws PlainError when there is no such level.
 */
export function setMinimumLevel(level: string): void {
  const index = LEVELS.indexOf(level.toLowerCase());
  if (index < 0) throw new PlainError(`"${level}" is no log level: use one of ${LEVELS.join(', ')}.`);
  minimum = index;
}

/** Writes one line, `[ISO time] level source message`, to stdout. `source` is a function's name or `host`. */
export function writeLog(level: LogLevel, source: string, message: string): void {
  if (LEVELS.indexOf(level) < minimum) return;
  // A message must not be able to forge a second line.
  const line = message.trimEnd().replaceAll(/\r\n|\r|\n/g, '\\n');
  process.stdout.write(`[${new Date().toISOString()}] ${level} ${source} ${line}\n`);
}
