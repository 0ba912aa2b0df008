/** In every test file: keeps the error answers that `fetch` brings, for the log scan. */
import { keepingFetch } from '../support/keepingFetch.ts';

// The same one for all files of a worker, which may run many of them: one around another would keep each answer again.
globalThis.fetch = keepingFetch;
