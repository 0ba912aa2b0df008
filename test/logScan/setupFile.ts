/** In every test file: keeps the error answers that `fetch` brings, for the log scan. */
import { logScanFolder } from '../support/logScanFolder.ts';
import { fetchKeepingProblems } from '../support/logScanProblems.ts';

globalThis.fetch = fetchKeepingProblems(logScanFolder(), globalThis.fetch);
