import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord } from '../../shared/isRecord.ts';

/** The file in which `npm start` says, while it runs, where its storage is. */
export const RUNNING_FILE = 'running.json';

/**
 * The storage of the `npm start` that runs on this machine now; undefined if none does.
 * @param kept the folder that `npm start` keeps its data in
 */
export function readRunningPlatform(kept: string): { TokenStore: string } | undefined {
  try {
    const running: unknown = JSON.parse(readFileSync(join(kept, RUNNING_FILE), 'utf8'));
    if (!isRecord(running) || typeof running.TokenStore !== 'string' || typeof running.pid !== 'number')
      return undefined;
    // A file of a process that was killed says nothing. This throws if there is no such process.
    process.kill(running.pid, 0);
    return { TokenStore: running.TokenStore };
  } catch {
    return undefined;
  }
}
