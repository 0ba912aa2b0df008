import { createHmac } from 'node:crypto';
import type { Fetch } from '../../api.ts';
import type { Clock } from '../../clock.ts';
import { NoticeFailedError } from '../../errors.ts';
import type { Notices, UserNotice } from '../../notices.ts';
import { readRetryAfter } from '../../tokens/retryAfter.ts';
import type { WebhookSettings } from './webhookSettings.ts';

const TYPES: Record<UserNotice['kind'], string> = {
  'needs-user': 'connection.needs_user',
  expiring: 'connection.expiring',
  recovered: 'connection.recovered',
};

/**
 * Sends notices by POST, as Standard Webhooks 1.0.0 describes (https://www.standardwebhooks.com). The answer's body is not
 * read, and redirects are not followed, because the signed content is for this receiver alone.
 */
export function createNoticeWebhook(
  { url, secrets, link }: WebhookSettings,
  { fetch, clock }: { fetch: Fetch; clock: Clock },
): Required<Notices> {
  async function send(notice: UserNotice, signal: AbortSignal): Promise<void> {
    const { id, ...told } = notice;
    const body = JSON.stringify({
      type: TYPES[told.kind],
      timestamp: told.since,
      data: { ...dataOf(told), ...(link !== undefined && { link }) },
    });
    const timestamp = Math.floor(clock.now().getTime() / 1_000);
    const headers = {
      'content-type': 'application/json',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
      'webhook-signature': secrets.map((secret) => sign(secret, `${id}.${timestamp}.${body}`)).join(' '),
    };
    let response: Response;
    try {
      response = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    } catch (cause) {
      throw new NoticeFailedError('webhook_unreachable', { cause });
    }
    // The connection is not kept for an answer of any length.
    await response.body?.cancel().catch(() => undefined);
    if (response.ok) return;
    const { status } = response;
    throw new NoticeFailedError(`webhook_http_${status}`, {
      isFinal: status === 410,
      retryAfterSeconds: readRetryAfter(response.headers.get('retry-after'), clock.now()),
    });
  }
  return { onNeedsUser: send, onExpiring: send, onRecovered: send };
}

/** Nothing else of a notice is sent, whatever it may have one day. */
const dataOf = ({ kind, userId, since, endsAt, isEstimate, keptBy }: Omit<UserNotice, 'id'>) => ({
  ...{ kind, userId, since },
  ...(endsAt && { endsAt }),
  ...(isEstimate && { isEstimate }),
  ...(keptBy && { keptBy }),
});

const sign = (secret: Uint8Array, content: string): string =>
  `v1,${createHmac('sha256', secret).update(content).digest('base64')}`;
