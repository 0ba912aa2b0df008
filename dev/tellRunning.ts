import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RUNNING_FILE } from '../ops/cli/runningPlatform.ts';

/**
 * Writes down where the storage of this process is, so that `npm run stead` finds it.
 * @returns takes it back
 */
export function tellRunning(folder: string, TokenStore: string): () => void {
  const file = join(folder, RUNNING_FILE);
  writeFileSync(file, `${JSON.stringify({ pid: process.pid, TokenStore })}\n`, { mode: 0o600 });
  return () => rmSync(file, { force: true });
}
