/** Every state of the page, narrow and wide: what it says, how it fits, whether everybody can use it. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { claimsChallenge } from '../../../dev/entra/claimsChallenge.ts';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { drawPhoto } from '../../../dev/entra/photo.ts';
import { connections } from './connections.ts';
import { expectFine, openThemed, type Theme } from './expectFine.ts';
import {
  type Answers,
  keptConnection,
  type PageUnderTest,
  problem,
  startPageUnderTest,
} from './pageUnderTest.ts';
import { expectDiscreet, type Watched, watchPage } from './watchPage.ts';

const [ADELE, , CHIARA, DANA] = DEMO_USERS;

type State = {
  name: string;
  answers?: Partial<Answers>;
  /** What happens before the page is loaded. */
  before?: (page: Page) => Promise<unknown>;
  /** What happens on the page, once it shows the first of `says`. */
  after?: (page: Page) => Promise<unknown>;
  says: readonly string[];
  lacks?: readonly string[];
  /** How many, where the two panels could say the same twice. */
  alerts?: number;
};

const refuse = (code: Parameters<typeof problem>[0], status: number) => ({
  profile: problem(code, status),
  connection: problem(code, status),
});
const never = () => new Promise<Response>(() => {});
const UPSTREAM = {
  service: 'entra',
  code: 'AADSTS65001',
  correlationId: '8f2f0dd3-17a6-4a0f-9a63-3d2a2c8e5f10',
  traceId: '2b6a6b57-8c2e-4f43-8f77-0a6d7b3b1c00',
  timestamp: '2031-05-06T07:08:09Z',
} as const;
/** A redirect that the tab remembers to have been of no use. */
const note = (page: Page, attempt: object) =>
  page.evaluate(
    `sessionStorage.setItem('stead.redirects', JSON.stringify([{ ...${JSON.stringify(attempt)}, at: Date.now() }]))`,
  );
const askAgain = (page: Page) => page.evaluate('dispatchEvent(new Event("online"))');

const STATES: readonly State[] = [
  {
    name: 'loading',
    answers: { profile: never, connection: never },
    says: ['Reading your profile…', 'Reading what happened…'],
  },
  {
    name: 'active',
    answers: {
      photo: (c) => c.body(drawPhoto(240), 200, { 'Content-Type': 'image/png' }),
      connection: keptConnection(connections.active()),
    },
    after: (page) => page.locator('img.photo').waitFor(),
    says: [
      'Working',
      'Next check at',
      'Token refreshed',
      'Token still valid',
      'Task “read-profile” done',
      'Task “count-unread-messages-of-every-folder” failed',
      'GRAPH_503',
      'Refused: you are needed',
      'AADSTS50076',
      'The connection was lost',
      'Asked to wait',
      'Your organisation said no',
      'No answer',
      'Postponed',
      'You were here',
      'Disconnect…',
    ],
  },
  {
    name: 'empty-timeline',
    answers: { connection: keptConnection(connections.seen()) },
    says: ['Working', 'Nothing has happened yet'],
  },
  {
    name: 'pending',
    answers: { connection: keptConnection(connections.pending()) },
    says: ['Starting', 'Stead is setting up your connection'],
  },
  {
    name: 'needs-user',
    answers: { connection: keptConnection(connections.needsUser()) },
    says: ['Stead needs you', 'Sign in again', 'Harbour Pilot', 'Waiting for you', 'Refused: you are needed'],
    lacks: ['Next check'],
  },
  {
    name: 'claims-required',
    answers: {
      profile: problem('CLAIMS_REQUIRED', 401, { claims: claimsChallenge(['two-factors']) }),
      connection: keptConnection(connections.needsUser()),
    },
    says: ['Please sign in again', 'one more step', 'c0ffee', 'Waiting for you'],
    lacks: ['Stead needs you'],
  },
  {
    name: 'sign-in-required',
    answers: {
      profile: problem('SIGN_IN_REQUIRED', 401),
      connection: keptConnection(connections.needsUser()),
    },
    says: ['Please sign in again', 'is no longer enough', 'Waiting for you'],
  },
  {
    name: 'consent-required',
    answers: {
      profile: problem('CONSENT_REQUIRED', 401, { scopes: ['User.Read'], upstream: UPSTREAM }),
      connection: keptConnection(connections.consentMissing()),
    },
    says: ['Stead needs your permission', 'Give permission', 'Details', 'a permission is missing'],
    lacks: ['administrator can give it', 'Stead needs your permission again'],
  },
  {
    name: 'consent-missing-since',
    answers: { connection: keptConnection(connections.consentMissing()) },
    says: ['Stead needs your permission again', 'Give permission', 'Harbour Pilot', 'Waiting for you'],
  },
  {
    name: 'tell-your-administrator',
    answers: {
      profile: problem('CONSENT_REQUIRED', 401, { scopes: ['User.Read'], upstream: UPSTREAM }),
      connection: keptConnection(connections.consentMissing()),
    },
    before: (page) => note(page, { reason: 'CONSENT_REQUIRED', step: 'consent' }),
    says: [
      'Tell your administrator',
      'c0ffee',
      'AADSTS65001',
      UPSTREAM.correlationId,
      UPSTREAM.timestamp,
      'Copy details',
      'Try again',
      '/v2.0/adminconsent?',
      'Copy link',
    ],
    lacks: ['Give permission'],
  },
  {
    name: 'disconnected',
    answers: { connection: keptConnection(connections.disconnected()) },
    says: ['Disconnected', 'Stead keeps only that you disconnected', 'Reconnect', 'Harbour Pilot'],
    lacks: ['You were here', 'Disconnect…'],
  },
  {
    name: 'none',
    answers: { connection: keptConnection(connections.none()) },
    says: ['Not connected', 'keeps nothing about you yet'],
    lacks: ['Nothing has happened yet', 'Disconnect…', 'Reconnect'],
  },
  {
    name: 'not-connected',
    answers: { connection: keptConnection(connections.notConnected()) },
    says: ['Not connected', 'keeps nothing about you', 'Connect', 'Harbour Pilot'],
    lacks: ['Nothing has happened yet', 'Disconnect…', 'Reconnect', 'Pause'],
  },
  {
    name: 'paused',
    answers: { connection: keptConnection(connections.paused()) },
    says: ['Working', 'Your tasks are paused until', 'Resume', 'Disconnect…'],
    lacks: ['Pause tasks'],
  },
  {
    name: 'offline-profile',
    before: (page) => page.route('**/api/profile', (route) => route.abort()),
    says: ['No answer', 'Try again', 'While you were away'],
  },
  {
    name: 'offline-connection',
    before: (page) => page.route('**/api/connection', (route) => route.abort()),
    says: ['No answer', 'Try again', 'Harbour Pilot'],
    lacks: ['While you were away'],
  },
  {
    name: 'offline',
    before: (page) => page.route('**/api/**', (route) => route.abort()),
    says: ['No answer', 'Try again'],
    lacks: ['Harbour Pilot', 'While you were away'],
    alerts: 1,
  },
  {
    name: 'profile-busy',
    answers: { profile: problem('UNAVAILABLE', 503, {}, { 'Retry-After': '3600' }) },
    says: ['Try again later', 'Nothing is lost', 'Try again in', 'Working'],
  },
  {
    name: 'connection-busy',
    answers: { connection: problem('INTERNAL', 500, {}, { 'Retry-After': '0' }) },
    says: ['Try again later', 'Something went wrong in the service', 'Harbour Pilot'],
  },
  {
    name: 'refused',
    answers: refuse('TENANT_FORBIDDEN', 403),
    says: ['The service said no', 'Your organisation is not served here'],
    alerts: 1,
  },
  {
    name: 'unexpected',
    answers: { profile: (c) => c.html('<p>Hello'), connection: (c) => c.json({}) },
    says: ['An unexpected answer', 'HTTP 200'],
    alerts: 1,
  },
  {
    name: 'out-of-date',
    answers: { connection: keptConnection(connections.seen()) },
    after: async (page) => {
      app.answer({ connection: problem('UNAVAILABLE', 503) });
      await askAgain(page);
      await page.getByRole('button', { name: 'Ask again' }).waitFor();
    },
    says: ['Working', 'Harbour Pilot', 'This may be out of date'],
  },
  {
    name: 'guest',
    answers: { profile: (c) => c.json(graphUser(DANA)) },
    says: ['Dana Whitlock', 'DW', 'Auditor', 'dana_visitor.example#EXT#@harbour.example', 'Reykjavík'],
  },
  {
    name: 'nothing-known',
    answers: { profile: (c) => c.json({ id: CHIARA.oid, displayName: CHIARA.displayName }) },
    says: ["Chiara D'Amico Lindqvist", 'CL', 'There is no profile data'],
  },
  {
    name: 'dialog',
    answers: { connection: keptConnection(connections.seen()) },
    after: (page) => page.getByRole('button', { name: 'Disconnect…' }).click(),
    says: ['Working', 'Disconnect?', 'the encrypted tokens that it uses', 'Stay connected'],
  },
];

/** What the service makes of a person's profile: what is not known is left out. */
function graphUser({ oid, displayName, profile }: (typeof DEMO_USERS)[number]) {
  const known = Object.entries(profile).filter(([, value]) => value !== null);
  return { id: oid, displayName, ...Object.fromEntries(known) };
}

let app: PageUnderTest;

const saysAll = (page: Page, texts: readonly string[]) =>
  expect
    .poll(
      async () => {
        const shown = await page.getByRole('main').innerText();
        return texts.filter((text) => !shown.includes(text));
      },
      { timeout: 10_000 },
    )
    .toEqual([]);

/** In one theme. The page does the same in both, so that one of them is enough for the first tier. */
export function describeStates(theme: Theme): void {
  beforeAll(async () => {
    app = await startPageUnderTest();
  });
  afterAll(() => app?.close());
  beforeEach(() => app.answerWell());

  describe(`in the ${theme}`, () => {
    let page: Page;
    let watched: Watched;

    beforeAll(async () => {
      page = await openThemed(app.browser, theme);
      watched = watchPage(page);
      await page.goto(app.origin);
      await app.signIn(page);
      await page.getByRole('heading', { name: ADELE.displayName }).waitFor();
    });
    // One page for all of them: what one has done to it must not meet the next.
    afterEach(() => page.unrouteAll({ behavior: 'ignoreErrors' }));
    afterAll(() => page?.context().close());

    it('welcome', async () => {
      const stranger = await openThemed(app.browser, theme);
      await stranger.goto(app.origin);
      await saysAll(stranger, ['Sign in once, then go', 'Local demo: no real account']);
      await expectFine(stranger, `welcome-${theme}`);
      await stranger.context().close();
    });

    it.each([
      [
        '?admin_consent=True&tenant=somewhere&state=any',
        'given',
        'The directory says that the permission is given',
      ],
      ['?error=access_denied&error_description=AADSTS65004%3A', 'declined', 'The permission was not given'],
      ['', 'bare', 'This page is for administrators'],
    ])('admin landing %s', async (search, name, says) => {
      const stranger = await openThemed(app.browser, theme);
      await stranger.goto(`${app.origin}/admin.html${search}`);
      await saysAll(stranger, [says, 'ALLOWED_TENANTS']);
      expect(await stranger.content()).not.toContain('somewhere');
      await expectFine(stranger, `admin-${name}-${theme}`);
      await stranger.context().close();
    });

    it.each(STATES)('$name', async ({ name, answers, before, after, says, lacks = [], alerts }) => {
      if (answers) app.answer(answers);
      await before?.(page);
      await page.reload();
      await saysAll(page, says.slice(0, 1));
      await after?.(page);
      await saysAll(page, says);
      for (const text of lacks) {
        await expect.poll(() => page.getByRole('main').innerText()).not.toContain(text);
      }
      if (alerts !== undefined) await expect.poll(() => page.getByRole('alert').count()).toBe(alerts);
      await expectFine(page, `${name}-${theme}`);
      expect(watched.secrets.size, 'tokens that were seen to arrive').toBe(6);
      await expectDiscreet(page, watched);
    });
  });
}
