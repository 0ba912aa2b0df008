import { describe, expect, it } from 'vitest';
import { type Environment, faultsOf, read } from './someSettings.ts';

describe('the webhook of the notices', () => {
  const SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;
  const OTHER = `whsec_${Buffer.alloc(64, 8).toString('base64')}`;
  const webhook = (different: Environment = {}) => ({
    NOTICE_WEBHOOK_URL: 'https://receiver.example/hook?key=1',
    NOTICE_WEBHOOK_SECRET: SECRET,
    ...different,
  });

  it('is absent without an address', () => {
    expect(read()).not.toHaveProperty('noticeWebhook');
    expect(read({ NOTICE_PAGE_URL: 'https://app.example/' })).not.toHaveProperty('noticeWebhook');
  });

  it('is not off without a word because its address is misspelt', () => {
    expect(faultsOf({ NOTICE_WEBHOOK_SECRET: SECRET })).toMatchObject([
      { setting: 'NOTICE_WEBHOOK_URL', problem: 'is missing, and NOTICE_WEBHOOK_SECRET is for it' },
    ]);
  });

  it('has its address, its secrets and the address of the page', () => {
    expect(read(webhook()).noticeWebhook).toEqual({
      url: 'https://receiver.example/hook?key=1',
      secrets: [new Uint8Array(24).fill(7)],
    });
    const both = webhook({
      NOTICE_WEBHOOK_SECRET: `${OTHER} ${SECRET}`,
      NOTICE_PAGE_URL: 'https://app.example/me#connection',
    });
    expect(read(both).noticeWebhook).toMatchObject({
      secrets: [new Uint8Array(64).fill(8), new Uint8Array(24).fill(7)],
      link: 'https://app.example/me#connection',
    });
  });

  it.each([
    'http://localhost:8080/hook',
    'http://127.0.0.1/',
    'http://[::1]:1/',
  ])('may be without TLS on this machine alone: %s', (url) => {
    expect(read(webhook({ NOTICE_WEBHOOK_URL: url })).noticeWebhook).toMatchObject({ url });
  });

  it.each([
    ['receiver.example', 'is not a URL'],
    ['file:///etc/passwd', 'is not a URL'],
    ['http://receiver.example/', 'is an address without TLS'],
    ['http://localhost.example/', 'is an address without TLS'],
    ['https://name:word@receiver.example/', 'has a user name or a password'],
  ])('is refused, and so is the page: %s', (url, problem) => {
    for (const setting of ['NOTICE_WEBHOOK_URL', 'NOTICE_PAGE_URL'] as const) {
      const faults = faultsOf(webhook({ [setting]: url }));
      expect(faults).toMatchObject([{ setting, problem }]);
      expect(JSON.stringify(faults)).not.toContain('word@');
    }
  });

  it.each([
    ['', 'is missing, and NOTICE_WEBHOOK_URL needs it'],
    [SECRET.slice(6), 'has a part that is not a secret'],
    ['whsec_', 'has a part that is not a secret'],
    ['whsec_not-base64!', 'has a part that is not a secret'],
    [`whsec_${Buffer.alloc(23, 7).toString('base64')}`, 'has a part that is not a secret'],
    [`whsec_${Buffer.alloc(65, 7).toString('base64')}`, 'has a part that is not a secret'],
    [`${SECRET} other`, 'has a part that is not a secret'],
    [`${SECRET},${OTHER}`, 'has a part that is not a secret'],
  ])('is refused with the secret %j, which the fault does not repeat', (secret, problem) => {
    const faults = faultsOf(webhook({ NOTICE_WEBHOOK_SECRET: secret }));
    expect(faults).toMatchObject([{ setting: 'NOTICE_WEBHOOK_SECRET', problem }]);
    if (secret.length > 8) expect(JSON.stringify(faults)).not.toContain(secret.slice(6, 20));
  });
});
