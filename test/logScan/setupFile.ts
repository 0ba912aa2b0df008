/** In every test file: keeps the error answers that `fetch` brings, for the log scan. */
import { fetchKeepingProblems, logScanFolder } from '../support/logScanKeep.ts';

globalThis.fetch = fetchKeepingProblems(logScanFolder(), globalThis.fetch);
