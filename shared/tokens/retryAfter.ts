const DAY_SECONDS = 86_400;
/** The form of a date in a header (RFC 9110 §5.6.7). `Date.parse` alone would read "-5" and "abc 12" as dates in 2001. */
const HTTP_DATE = /^[A-Z]{3}.* GMT$/i;

/** RFC 9110 allows only whole seconds, but Graph sends fractions (https://learn.microsoft.com/graph/throttling). */
const SECONDS = /^\d+(?:\.\d+)?$/;

/**
 * Reads either form of a `Retry-After` header (RFC 9110 §10.2.3).
 * @returns seconds, rounded up, at most a day; undefined if the header is absent or unreadable
 */
export function readRetryAfter(header: string | null, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  const date = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  const seconds = SECONDS.test(text) ? Number(text) : (date - now.getTime()) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), DAY_SECONDS);
}
