import { fetchKeepingProblems, logScanFolder } from './logScanKeep.ts';

/** The platform's `fetch`, which also keeps the error answers that it brings for the log scan. */
export const keepingFetch = fetchKeepingProblems(logScanFolder(), globalThis.fetch);
