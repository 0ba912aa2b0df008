const DAY_SECONDS = 86_400;

/**
 * Seconds from either form of Retry-After (RFC 9110 §10.2.3), rounded up, at most a day; undefined for an absent
 * or unreadable header.
 */
export function readRetryAfter(header: string | null, now: Date): number | undefined {
  const text = header?.trim() ?? '';
  if (text === '') return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - now.getTime()) / 1_000;
  return Number.isFinite(seconds) ? Math.min(Math.max(Math.ceil(seconds), 0), DAY_SECONDS) : undefined;
}
