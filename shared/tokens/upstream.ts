import type { UpstreamReference } from '../errors.ts';
import { isGuid } from '../userId.ts';

/** The service that answered, and its ids of the call. The code comes from the failure. */
export type UpstreamIds = Omit<UpstreamReference, 'code'>;

/** Keeps only what has the form of an id or a time, because a gateway may send anything in their place. */
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

/** Entra's `2026-11-20 09:00:00Z`, which is ISO 8601 except for the space, or a date of HTTP (RFC 9110 §5.6.7). */
const TIME =
  /^(?:\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:\.\d{1,7})?Z|\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT)$/;

function isoTime(value: unknown): string | undefined {
  if (typeof value !== 'string' || !TIME.test(value)) return undefined;
  const time = new Date(value.replace(/^(\S{10}) (?=\d\d:)/, '$1T'));
  return Number.isNaN(time.getTime()) ? undefined : time.toISOString();
}
