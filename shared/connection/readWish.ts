import { RequestMalformedError } from '../errors.ts';
import { isRecord } from '../isRecord.ts';

/** What a user asks for by `PUT /api/connection`: to be connected, or a pause of their tasks (`until` null: its end). */
export type Wish = { wish: 'connect' } | { wish: 'pause'; until: Date | null };

/** RFC 3339's profile of ISO 8601. A time without an offset would mean another instant in each place. */
const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

/**
 * Reads the body of `PUT /api/connection`. Earlier releases read no body, so other members are ignored, as they did.
 * @param sent the JSON; undefined if there is no body
 * @throws {RequestMalformedError} it is something else. The message has nothing of what was sent.
 */
export function readWish(sent: unknown): Wish {
  if (sent === undefined) return { wish: 'connect' };
  if (!isRecord(sent)) throw new RequestMalformedError('Send a JSON object, or no body to connect.');
  const { tasksPausedUntil } = sent;
  if (tasksPausedUntil === undefined) return { wish: 'connect' };
  if (tasksPausedUntil === null) return { wish: 'pause', until: null };
  const until = typeof tasksPausedUntil === 'string' ? readInstant(tasksPausedUntil) : undefined;
  if (until !== undefined) return { wish: 'pause', until };
  throw new RequestMalformedError(
    'tasksPausedUntil is neither null nor a time with its offset, such as 2027-01-31T08:00:00Z.',
  );
}

function readInstant(text: string): Date | undefined {
  const [, year, month, day] = INSTANT.exec(text) ?? [];
  if (year === undefined) return undefined;
  // A Date would read the 31st of February as the 3rd of March.
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day)) return undefined;
  return new Date(text);
}
