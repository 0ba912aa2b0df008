/**
 * Keeps for the log scan what tests see: error answers, and lines of handlers that run inside a test. Hosts' own lines
 * are kept by `dev/host/spawnHost.ts`, in the same folder.
 */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../shared/wire.ts';

/** Names this run's folder; test workers, and the programs that tests start, inherit it. */
export const LOG_FOLDER_VARIABLE = 'STEAD_HOST_LOG_FOLDER';

/** @throws Error when the run has no log scan. */
export function logScanFolder(): string {
  const folder = process.env[LOG_FOLDER_VARIABLE];
  if (!folder) throw new Error(`${LOG_FOLDER_VARIABLE} is not set: test/logScan/globalSetup.ts did not run`);
  return folder;
}

/** Lines of a log that no host writes. */
export function keepLines(folder: string, lines: readonly string[]): void {
  appendFileSync(join(folder, `test-${process.pid}.log`), lines.map((line) => `${line}\n`).join(''));
}

export type ErrorAnswer = {
  /** The header WWW-Authenticate. */
  challenge: string | null;
  body: string;
};

/** An answer without the claims of a claims challenge, which the caller is meant to have. */
export function keepErrorAnswer(folder: string, { challenge, body }: ErrorAnswer): void {
  const asksForClaims = /error="insufficient_claims"/.test(challenge ?? '');
  keepLines(folder, [
    ...(challenge === null ? [] : [asksForClaims ? withoutEncodedClaims(challenge) : challenge]),
    asksForClaims ? withoutClaims(body) : body,
  ]);
}

/** The same `fetch`, which also keeps every answer that is problem details (RFC 9457). */
export function fetchKeepingProblems(
  folder: string,
  fetch: typeof globalThis.fetch,
): typeof globalThis.fetch {
  return async (input, init) => {
    const response = await fetch(input, init);
    if (response.headers.get('content-type')?.startsWith('application/problem+json')) {
      const challenge = response.headers.get('www-authenticate');
      keepErrorAnswer(folder, { challenge, body: await response.clone().text() });
    }
    return response;
  };
}

const withoutEncodedClaims = (challenge: string): string =>
  challenge.replace(/claims="[^"]*"/, 'claims="..."');

function withoutClaims(body: string): string {
  const { claims: _, ...problem } = JSON.parse(body) as Problem;
  return JSON.stringify(problem);
}
