const DAY_SECONDS = 86_400;
/** What senders may write (RFC 9110 §5.6.7). Date.parse alone takes "-5" and "abc 12" for dates of 2001. */
const HTTP_DATE = /^[A-Z]{3}.* GMT$/i;

/** RFC 9110 knows whole seconds alone; Graph sends fractions (https://learn.microsoft.com/graph/throttling). */
const SECONDS = /^\d+(?:\.\d+)?$/;

/**
 * Seconds from either form of Retry-After (RFC 9110 §10.2.3), rounded up, at most a day; undefined for an absent
 * or unreadable header.
 */
export function readRetryAfter(header: string | null, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  const date = HTTP_DATE.test(text) ? Date.parse(text) : Number.NaN;
  const seconds = SECONDS.test(text) ? Number(text) : (date - now.getTime()) / 1_000;
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(Math.ceil(seconds), 0), DAY_SECONDS);
}
