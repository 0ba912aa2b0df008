/** Attacks on the ticket of a link: each has an exact answer, and stores nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Entra } from '../../dev/entra/startEntra.ts';
import { createLinkSealer } from '../../shared/adapters/entra/linkSealer.ts';
import { createFetchHandlers } from '../../shared/serve/fetchHandlers.ts';
import { createLocalApp } from '../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../shared/testing/testClock.ts';
import { createRequestLimits } from '../../shared/tokens/requestLimits.ts';
import { toUserId } from '../../shared/userId.ts';
import { control, journal, signIn } from '../support/entraClients.ts';
import {
  CALLBACK,
  COOKIE,
  createLinkBrowser,
  LINK_SETTINGS,
  OTHER_PAGE,
  PAGE,
  resultOf,
  startLinkEntra,
} from '../support/linkBrowser.ts';
import { ADELE, ADELES_ID, answerOf, BRUNO, stageLink } from './linkStage.ts';

let entra: Entra;
beforeAll(async () => {
  entra = await startLinkEntra();
});
afterAll(() => entra?.close());

const OPEN = 'https://api.example/api/connection/link';
const ticketIn = (url: string): string => new URL(url).searchParams.get('ticket') ?? '';
const withTicket = (ticket: string): string => `${OPEN}?ticket=${encodeURIComponent(ticket)}`;

/** The same text with one decoded byte of one segment flipped. */
function flipped(sealed: string, segment: number): string {
  const segments = sealed.split('.');
  const bytes = Buffer.from(segments[segment] ?? '', 'base64url');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  segments[segment] = bytes.toString('base64url');
  return segments.join('.');
}

describe('who may have a ticket', () => {
  it('is told by an access token alone: no cookie and no other site can ask', async () => {
    const { app } = await stageLink(entra);
    const sink = { info() {}, warn() {}, error() {} };
    const forged = await createFetchHandlers(app.stead, { sink }).link(
      new Request(OPEN, {
        method: 'POST',
        headers: { cookie: `${COOKIE}=x`, origin: 'https://evil.example', 'content-type': 'text/plain' },
        body: '{}',
      }),
    );
    expect(await answerOf(forged)).toBe('401 TOKEN_MISSING');
    expect(await app.accounts.read(ADELES_ID)).not.toHaveProperty('link');
  });

  it('is nobody without a connection', async () => {
    const { browser, app, accessToken } = await stageLink(entra);
    const brunos = await signIn(entra, 'bruno');
    expect(await answerOf(await browser.ask(brunos.accessToken))).toBe('409 NOT_CONNECTED');
    expect(await app.accounts.read(toUserId(BRUNO))).toBeUndefined();
    await app.connection.delete(accessToken);
    expect(await answerOf(await browser.ask(accessToken))).toBe('409 NOT_CONNECTED');
    expect(await app.tokenCache.read(ADELES_ID)).toBeUndefined();
  });

  it('is nobody where the settings have no redirect URI', async () => {
    const app = createLocalApp(entra);
    const { accessToken } = await signIn(entra, 'adele');
    const browser = createLinkBrowser(app.stead);
    expect(await answerOf(await browser.ask(accessToken))).toBe('404 LINK_OFF');
    expect(await answerOf(await browser.open(withTicket('x')))).toBe('404 LINK_OFF');
    expect(await answerOf(await browser.callBack(`${CALLBACK}?code=x&state=y`))).toBe('404 LINK_OFF');
  });

  it('is limited, like the one who connects and disconnects', async () => {
    const { app, accessToken } = await stageLink(entra, {
      limits: createRequestLimits(createShiftedClock()),
    });
    const browser = createLinkBrowser(app.stead);
    const answers: string[] = [];
    for (let times = 0; times < 5; times += 1) answers.push(await answerOf(await browser.ask(accessToken)));
    expect(answers.at(-1)).toBe('429 TOO_MANY_REQUESTS');
  });
});

describe('the page to which a link returns', () => {
  it.each([
    ['https://evil.example/'],
    ['https://page.example.evil.example/'],
    ['https://page.example'],
    ['https://PAGE.example/'],
    ['https://page.example/settings'],
    ['https://page.example/settings?tab=2&x=1'],
    ['https://page.example/settings?tab=2#x'],
    ['https://page.example/../settings?tab=2'],
    ['https://user@page.example/'],
    ['http://page.example/'],
    ['//page.example/'],
    ['/'],
    [''],
    ['javascript:alert(1)'],
    ['https://page.example/\r\nSet-Cookie: x=1'],
  ])('is not %j', async (returnUrl) => {
    const { browser, accessToken, unchanged } = await stageLink(entra);
    expect(await unchanged(() => browser.ask(accessToken, { returnUrl }))).toBe('400 REQUEST_MALFORMED');
  });

  it.each([
    ['[]'],
    ['"x"'],
    ['null'],
    ['{"returnUrl":1}'],
    ['{"tasks":"read-profile"}'],
    ['{"tasks":[1]}'],
    ['{"tasks":["no-such-task"]}'],
    [`{"tasks":${JSON.stringify(Array(21).fill('x'))}}`],
    ['{"returnUrl":["https://page.example/"]}'],
    ['{'],
    ['returnUrl=x'],
  ])('is not read from the body %s', async (body) => {
    const { browser, accessToken, unchanged } = await stageLink(entra);
    expect(await unchanged(() => browser.ask(accessToken, body))).toBe('400 REQUEST_MALFORMED');
  });

  it('is one of the settings, and nothing of a later request changes it', async () => {
    const { browser, accessToken } = await stageLink(entra);
    const url = await browser.ticketFor(accessToken, { returnUrl: OTHER_PAGE });
    const opened = await browser.open(
      `${url}&returnUrl=https://evil.example/&redirect_uri=https://evil.example/`,
    );
    const back = await browser.signIn(opened, 'adele');
    back.searchParams.set('returnUrl', 'https://evil.example/');
    const answer = await browser.callBack(back, {
      headers: { host: 'evil.example', origin: 'https://evil.example' },
    });
    expect(answer.headers.get('location')).toBe('https://page.example/settings?tab=2&link=linked');
  });

  it('is no longer one that the settings have dropped since', async () => {
    const { app, browser, accessToken, unchanged } = await stageLink(entra);
    const url = await browser.ticketFor(accessToken, { returnUrl: OTHER_PAGE });
    const later = createLocalApp(entra, {
      accounts: app.accounts,
      tokenCache: app.tokenCache,
      settings: { ...LINK_SETTINGS, LINK_RETURN_URLS: PAGE },
    });
    expect(await unchanged(() => createLinkBrowser(later.stead).open(url))).toBe('400 LINK_TICKET');
  });

  it('and the address of the ticket come from the settings, not from a host that a caller names', async () => {
    const { browser, accessToken } = await stageLink(entra);
    expect(await browser.ticketFor(accessToken)).toMatch(
      /^https:\/\/api\.example\/api\/connection\/link\?ticket=/,
    );
  });
});

describe('a ticket', () => {
  it('shows nobody whose it is', async () => {
    const { browser, accessToken } = await stageLink(entra);
    const ticket = ticketIn(await browser.ticketFor(accessToken));
    const header = Buffer.from(ticket.split('.')[0] ?? '', 'base64url').toString();
    expect(Object.keys(JSON.parse(header) as object).sort()).toEqual(['alg', 'enc', 'kid']);
    for (const secret of [ADELE.oid, ADELE.tid, ADELE.upn]) {
      expect(ticket).not.toContain(Buffer.from(secret).toString('base64url').slice(0, 12));
    }
  });

  it('opens only as it was sealed', async () => {
    const { app, browser, accessToken, unchanged } = await stageLink(entra);
    const ticket = ticketIn(await browser.ticketFor(accessToken));
    const content = await app.stead.services.linkSealer.open('ticket', ticket);
    const foreign = createLinkSealer([{ kid: 'test', secret: new Uint8Array(32).fill(8) }]);
    const unknown = createLinkSealer([{ kid: 'other', secret: new Uint8Array(32).fill(7) }]);
    const forged = [
      '',
      'x',
      ticket.slice(0, -1),
      `${ticket}A`,
      ...[0, 2, 3, 4].map((segment) => flipped(ticket, segment)),
      await foreign.seal('ticket', content ?? {}),
      await unknown.seal('ticket', content ?? {}),
      await app.stead.services.linkSealer.seal('cookie', content ?? {}),
      await app.stead.services.linkSealer.seal('ticket', {}),
      'x'.repeat(100_000),
    ];
    for (const one of forged) {
      expect(await unchanged(() => browser.open(withTicket(one)))).toBe('400 LINK_TICKET');
    }
    expect(await unchanged(() => browser.open(OPEN))).toBe('400 LINK_TICKET');
    expect(browser.cookie).toBeUndefined();
    expect(await answerOf(await browser.open(withTicket(ticket)))).toBe('303 entra');
  });

  it('is good once, in whichever browser it comes first', async () => {
    const { app, browser, accessToken, unchanged } = await stageLink(entra);
    const url = await browser.ticketFor(accessToken);
    expect(await answerOf(await browser.open(url))).toBe('303 entra');
    expect(await unchanged(() => createLinkBrowser(app.stead).open(url))).toBe('303 used');
    expect(await unchanged(() => browser.open(url))).toBe('303 used');
  });

  it('is good once, however many requests come at the same time, at two instances', async () => {
    const { app, accessToken } = await stageLink(entra);
    const other = createLocalApp(entra, {
      accounts: app.accounts,
      tokenCache: app.tokenCache,
      settings: LINK_SETTINGS,
    });
    const url = await createLinkBrowser(app.stead).ticketFor(accessToken);
    const browsers = [app, other, app, other].map(({ stead }) => createLinkBrowser(stead));
    const answers = await Promise.all(browsers.map(async (one) => answerOf(await one.open(url))));
    expect(answers.sort()).toEqual(['303 entra', '303 used', '303 used', '303 used']);
  });

  it('ends after a minute', async () => {
    const { app, browser, accessToken, unchanged } = await stageLink(entra);
    const url = await browser.ticketFor(accessToken);
    app.clock.aheadMs += 60_000;
    expect(await unchanged(() => browser.open(url))).toBe('303 expired');
  });

  it('ends when the user asks for another one', async () => {
    const { browser, accessToken, unchanged } = await stageLink(entra);
    const first = await browser.ticketFor(accessToken);
    const second = await browser.ticketFor(accessToken);
    expect(await unchanged(() => browser.open(first))).toBe('303 used');
    expect(await answerOf(await browser.open(second))).toBe('303 entra');
  });

  it('ends with the connection, also if the user connects again', async () => {
    const { app, browser, accessToken } = await stageLink(entra);
    const url = await browser.ticketFor(accessToken);
    await app.connection.delete(accessToken);
    expect(await answerOf(await browser.open(url))).toBe('303 ended');
    await app.connection.put(accessToken);
    expect(await answerOf(await browser.open(url))).toBe('303 ended');
    expect(await app.tokenCache.read(ADELES_ID)).toBeUndefined();
  });

  it.each([
    ['HEAD', { method: 'HEAD' }, '405 no code'],
    ['a prefetch', { headers: { 'sec-purpose': 'prefetch' } }, '403 LINK_NAVIGATION'],
    ['a prerender', { headers: { 'sec-purpose': 'prefetch;prerender' } }, '403 LINK_NAVIGATION'],
    ['an older prefetch', { headers: { purpose: 'prefetch' } }, '403 LINK_NAVIGATION'],
    ['a preview', { headers: { 'x-purpose': 'preview' } }, '403 LINK_NAVIGATION'],
    [
      'a frame',
      { headers: { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' } },
      '403 LINK_NAVIGATION',
    ],
    [
      'an image',
      { headers: { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' } },
      '403 LINK_NAVIGATION',
    ],
    ['a script', { headers: { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' } }, '403 LINK_NAVIGATION'],
  ])('is not spent by %s', async (_what, init, answer) => {
    const { browser, accessToken, unchanged } = await stageLink(entra);
    const url = await browser.ticketFor(accessToken);
    expect((await unchanged(() => browser.open(url, init))).split(' ')[0]).toBe(answer.split(' ')[0]);
    expect(browser.cookie).toBeUndefined();
    const headers = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    expect(await answerOf(await browser.open(url, { headers }))).toBe('303 entra');
  });

  it('sets a cookie that no script, no other site and no other host gets', async () => {
    const { browser, accessToken } = await stageLink(entra);
    const opened = await browser.open(await browser.ticketFor(accessToken));
    const [pair = '', ...attributes] = (opened.headers.get('set-cookie') ?? '').split('; ');
    expect(pair.startsWith('__Host-stead-link=')).toBe(true);
    expect(attributes.sort()).toEqual(['HttpOnly', 'Max-Age=600', 'Path=/', 'SameSite=Lax', 'Secure']);
    expect(opened.headers.get('referrer-policy')).toBe('no-referrer');
    expect(opened.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  it('of Adele brings nothing to a browser in which Bruno signs in', async () => {
    const { app, browser, accessToken, unchanged, hasCode } = await stageLink(entra);
    await control(entra, 'DELETE', '/requests');
    const opened = await browser.open(await browser.ticketFor(accessToken));
    const back = await browser.signIn(opened, 'bruno');
    expect(await unchanged(() => browser.callBack(back))).toBe('303 other-user');
    expect(await hasCode()).toBe(false);
    expect(await app.tokenCache.read(toUserId(BRUNO))).toBeUndefined();
    expect(resultOf(await browser.callBack(back))).toBeNull();
    expect((await journal(entra)).filter(({ grant }) => grant === 'authorization_code')).toHaveLength(1);
  });
});
