import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { createNoticeWebhook } from '../../../../../shared/adapters/webhook/noticeWebhook.ts';
import { readSecrets, type WebhookSettings } from '../../../../../shared/adapters/webhook/webhookSettings.ts';
import { NoticeFailedError } from '../../../../../shared/errors.ts';
import type { UserNotice } from '../../../../../shared/notices.ts';
import { clockOf } from '../../../../support/clockOf.ts';
import { USER } from '../../account/accounts.ts';

const secretOf = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
const OLD = secretOf(1);
const NEW = secretOf(2);
const SINCE = new Date('2026-11-20T08:15:30.123Z');
const NOTICE: UserNotice = {
  id: 'b4a1d0de-5f0f-4c36-9a6a-0d7d7e0f5a11',
  kind: 'needs-user',
  userId: USER,
  since: SINCE,
};

type Sent = { url: string; init: RequestInit; body: string; headers: Record<string, string> };

function webhookWith(
  answer: () => Response | Promise<Response> = () => new Response(null, { status: 204 }),
  different: Partial<WebhookSettings> = {},
) {
  const sent: Sent[] = [];
  const secrets = readSecrets(NEW);
  if (secrets === undefined) throw new Error('not a secret');
  const webhook = createNoticeWebhook(
    { url: 'https://receiver.example/hook?from=stead', secrets, ...different },
    {
      // `Webhook` compares the time with the platform's.
      clock: clockOf(() => new Date()),
      fetch: async (url, init = {}) => {
        const { body } = init;
        sent.push({
          url: String(url),
          init,
          body: String(body),
          headers: Object.fromEntries(new Headers(init.headers)),
        });
        return answer();
      },
    },
  );
  return { webhook, sent };
}

const { signal } = new AbortController();
const failureOf = (sending: Promise<void> | void) =>
  Promise.resolve(sending).then(
    () => expect.unreachable('it was delivered'),
    (error: unknown) => error as NoticeFailedError,
  );

describe('a notice by webhook', () => {
  it('has a signature that the library of Standard Webhooks accepts', async () => {
    const { webhook, sent } = webhookWith();
    await webhook.onNeedsUser(NOTICE, signal);
    const [{ body, headers }] = sent as [Sent];
    expect(headers).toMatchObject({ 'webhook-id': NOTICE.id, 'content-type': 'application/json' });
    expect(new Webhook(NEW).verify(body, headers)).toEqual(JSON.parse(body));
    expect(() => new Webhook(OLD).verify(body, headers)).toThrow();
    expect(() => new Webhook(NEW).verify(body.replace('needs', 'minds'), headers)).toThrow();
    expect(() => new Webhook(NEW).verify(body, { ...headers, 'webhook-id': 'other' })).toThrow();
  });

  it('has a signature by each secret, so that a receiver can change its secret', async () => {
    const secrets = readSecrets(`${NEW}  ${OLD}`);
    const { webhook, sent } = webhookWith(undefined, secrets && { secrets });
    await webhook.onRecovered(NOTICE, signal);
    const [{ body, headers }] = sent as [Sent];
    for (const secret of [OLD, NEW]) expect(() => new Webhook(secret).verify(body, headers)).not.toThrow();
    expect(() => new Webhook(secretOf(3)).verify(body, headers)).toThrow();
  });

  it.each([
    ['needs-user', 'onNeedsUser', 'connection.needs_user'],
    ['expiring', 'onExpiring', 'connection.expiring'],
    ['recovered', 'onRecovered', 'connection.recovered'],
  ] as const)('says what happened, and nothing of the user but the id: %s', async (kind, listener, type) => {
    const { webhook, sent } = webhookWith(undefined, { link: 'https://app.example/' });
    const endsAt =
      kind === 'expiring'
        ? { endsAt: new Date('2026-11-20T12:00:00Z'), isEstimate: true as const, keptBy: 'link' as const }
        : {};
    await webhook[listener]({ ...NOTICE, kind, ...endsAt }, signal);
    const since = SINCE.toISOString();
    expect(JSON.parse(sent[0]?.body ?? '')).toEqual({
      type,
      timestamp: since,
      data: {
        kind,
        userId: USER,
        since,
        link: 'https://app.example/',
        ...(kind === 'expiring' && { endsAt: '2026-11-20T12:00:00.000Z', isEstimate: true, keptBy: 'link' }),
      },
    });
  });

  it('goes by POST to the address of the settings, and follows no redirect', async () => {
    const { webhook, sent } = webhookWith();
    await webhook.onNeedsUser(NOTICE, signal);
    expect(sent[0]).toMatchObject({
      url: 'https://receiver.example/hook?from=stead',
      init: { method: 'POST', redirect: 'manual', signal },
    });
    expect(JSON.parse(sent[0]?.body ?? '').data).not.toHaveProperty('link');
  });

  it.each([200, 201, 202, 204, 299])('is delivered with status %i', async (status) => {
    const { webhook } = webhookWith(() => new Response(null, { status }));
    await expect(webhook.onNeedsUser(NOTICE, signal)).resolves.toBeUndefined();
  });

  it.each([
    [301, false],
    [308, false],
    [400, false],
    [401, false],
    [404, false],
    [410, true],
    [429, false],
    [500, false],
    [503, false],
  ])('is not delivered with status %i; for ever: %s', async (status, isFinal) => {
    const headers = { location: 'https://elsewhere.example/', 'retry-after': '120' };
    const { webhook, sent } = webhookWith(() => new Response('text of the receiver', { status, headers }));
    const error = await failureOf(webhook.onNeedsUser(NOTICE, signal));
    expect(error).toBeInstanceOf(NoticeFailedError);
    expect(error).toMatchObject({ code: `webhook_http_${status}`, isFinal, retryAfterSeconds: 120 });
    expect(sent).toHaveLength(1);
  });

  it('does not read the answer', async () => {
    let isCancelled = false;
    const endless = new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(1024)),
      cancel: () => {
        isCancelled = true;
      },
    });
    const { webhook } = webhookWith(() => new Response(endless, { status: 200 }));
    await webhook.onNeedsUser(NOTICE, signal);
    expect(isCancelled).toBe(true);
  });

  it('is not delivered to a receiver that cannot be reached', async () => {
    const { webhook } = webhookWith(() => Promise.reject(new TypeError('fetch failed')));
    expect(await failureOf(webhook.onNeedsUser(NOTICE, signal))).toMatchObject({
      code: 'webhook_unreachable',
      isFinal: false,
    });
  });

  it('says nothing of the secret in an error', async () => {
    const { webhook } = webhookWith(() => Promise.reject(new TypeError(`fetch failed ${NEW}`)));
    const error = await failureOf(webhook.onNeedsUser(NOTICE, signal));
    expect(`${error.message} ${error.code} ${error.stack}`).not.toContain(NEW.slice(6));
  });
});
