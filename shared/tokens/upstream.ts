import type { UpstreamReference } from '../errors.ts';
import { isGuid } from '../userId.ts';

/** Whose call it was, and its ids; the code comes with the failure. */
export type UpstreamIds = Omit<UpstreamReference, 'code'>;

/** A gateway may send anything in their place, so only what looks like an id or a time is taken. */
export function upstreamIds(
  service: UpstreamReference['service'],
  sent: { [Id in keyof Omit<UpstreamIds, 'service'>]?: unknown },
): UpstreamIds {
  const ids: UpstreamIds = { service };
  for (const name of ['correlationId', 'traceId', 'requestId'] as const) {
    const id = sent[name];
    if (isGuid(id)) ids[name] = id;
  }
  const timestamp = isoTime(sent.timestamp);
  if (timestamp !== undefined) ids.timestamp = timestamp;
  return ids;
}

/** Entra's `2026-11-20 09:00:00Z`, which is ISO 8601 but for the space, or a date of HTTP (RFC 9110 §5.6.7). */
const TIME =
  /^(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,7})?Z|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)$/;

function isoTime(value: unknown): string | undefined {
  if (typeof value !== 'string' || !TIME.test(value)) return undefined;
  const time = new Date(value.replace(/^(\S{10}) (?=\d\d:)/, '$1T'));
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
