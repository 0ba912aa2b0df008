import type { LogEvent } from '../shared/log.ts';

/** Reads the log event at the end of a line of the host; undefined if there is none. */
export function readEvent(line: string): LogEvent | undefined {
  const at = line.indexOf('{"event":"');
  if (at < 0) return undefined;
  try {
    return JSON.parse(line.slice(at)) as LogEvent;
  } catch {
    return undefined;
  }
}
