import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { writeLog } from './hostLog.ts';

/** When a timer ran and will run: ISO 8601, UTC. `Last` is `NEVER` until the first run. */
export type ScheduleStatus = { Last: string; Next: string; LastUpdated: string };

/** .NET's DateTime.MinValue, which the real host sends. */
export const NEVER = '0001-01-01T00:00:00';

export type TimerStatusStore = {
  read(name: string): ScheduleStatus | undefined;
  write(name: string, status: ScheduleStatus): void;
};

/**
 * Keeps the status of all timers of one app in a JSON file. An unreadable file counts as empty, and the log says so.
 */
export function openTimerStatusFile(file: string): TimerStatusStore {
  const readAll = (): Map<string, ScheduleStatus> => {
    try {
      return new Map(Object.entries(JSON.parse(readFileSync(file, 'utf8'))));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        writeLog('warning', 'host', `${file} cannot be read, so no timer is past due: ${error}`);
      return new Map();
    }
  };
  const all = readAll();
  return {
    read(name) {
      const status = all.get(name);
      const times = [status?.Last, status?.Next, status?.LastUpdated];
      return times.some((time) => Number.isNaN(Date.parse(time ?? ''))) ? undefined : status;
    },
    write(name, status) {
      all.set(name, status);
      mkdirSync(path.dirname(file), { recursive: true });
      // A host that is killed while it writes must not leave half a file.
      writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(all), null, 2));
      renameSync(`${file}.new`, file);
    },
  };
}
