/** Keeps the error answers that tests see, so that the log scan can read them. */
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Problem } from '../../shared/wire.ts';

export type ErrorAnswer = {
  /** The header WWW-Authenticate. */
  challenge: string | null;
  body: string;
};

/**
 * Writes what an error answer says into `folder`, for a test that gets answers by other ways than `fetch`.
 * The claims of a claims challenge are left out: the caller is meant to have them.
 */
export function keepErrorAnswer(folder: string, { challenge, body }: ErrorAnswer): void {
  const asksForClaims = challenge !== null && /error="insufficient_claims"/.test(challenge);
  const lines = asksForClaims
    ? [challenge.replace(/claims="[^"]*"/, 'claims="..."'), withoutClaims(body)]
    : [...(challenge === null ? [] : [challenge]), body];
  appendFileSync(join(folder, `problems-${process.pid}.log`), `${lines.join('\n')}\n`);
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
      const body = await response.clone().text();
      keepErrorAnswer(folder, { challenge, body });
    }
    return response;
  };
}

function withoutClaims(body: string): string {
  const { claims: _, ...problem } = JSON.parse(body) as Problem;
  return JSON.stringify(problem);
}
