/** Where this run's host lines and error answers are kept, as `dev/host/spawnHost.ts` reads it. */
export const LOG_FOLDER_VARIABLE = 'STEAD_HOST_LOG_FOLDER';

/** @throws Error when the run has no log scan. */
export function logScanFolder(): string {
  const folder = process.env[LOG_FOLDER_VARIABLE];
  if (!folder) throw new Error(`${LOG_FOLDER_VARIABLE} is not set: test/logScan/globalSetup.ts did not run`);
  return folder;
}
