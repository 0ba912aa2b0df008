/** Every state of the page: what the service answers, and what the page then says. */
import type { Page } from 'playwright-core';
import { claimsChallenge } from '../../../dev/entra/claimsChallenge.ts';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { drawPhoto } from '../../../dev/entra/photo.ts';
import type { When } from '../../../spa/src/words/times.ts';
import type { Words } from '../../../spa/src/words/words.ts';
import { connections, linkable } from './connections.ts';
import { type Answers, keptConnection, type PageUnderTest, problem } from './pageUnderTest.ts';

const [ADELE, , CHIARA, DANA] = DEMO_USERS;

/** A state of the page: how it comes about, and what must be read there. */
type State = {
  name: string;
  answers?: Partial<Answers>;
  /** What happens before the page is loaded. */
  before?: (page: Page) => Promise<unknown>;
  /** What happens on the page, once it shows the first of `says`. */
  after?: (page: Page, words: Words, app: PageUnderTest) => Promise<unknown>;
  says: (words: Words) => readonly string[];
  lacks?: (words: Words) => readonly string[];
  /** How many, where two parts of the page could say the same twice. */
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
/** Nobody has said at this browser that they do not want a link. */
const offerAgain = (page: Page) =>
  page.evaluate(
    "for (const key of Object.keys(localStorage)) if (key.startsWith('stead.stay-connected')) localStorage.removeItem(key)",
  );
const askAgain = (page: Page) => page.evaluate('dispatchEvent(new Event("online"))');

/** What a sentence says before and after what changes with the time. */
const partsOf = (sentence: (when: When) => string): string[] =>
  sentence({ how: 'weekday', text: '|' })
    .split('|')
    .map((part) => part.trim());
const working = (w: Words) => [w.regions.activity, w.choices.stop, 'Harbour Pilot'];

export const STATES: readonly State[] = [
  {
    name: 'loading',
    answers: { profile: never, connection: never },
    says: (w) => [w.profile.reading, w.state.reading],
  },
  {
    name: 'weekend',
    answers: {
      photo: (c) => c.body(drawPhoto(240), 200, { 'Content-Type': 'image/png' }),
      connection: keptConnection(connections.weekend()),
    },
    after: (page) => page.locator('img.photo').waitFor(),
    says: (w) => [
      w.state.well({ how: 'time', text: '|' }, '|').split('|').at(-1)?.replace('; ', '') ?? '',
      w.found['drive-changes']?.({ count: 3, text: '3' }) ?? '',
      w.found['inbox-digest']?.({ count: 12, text: '12' }) ?? '',
      w.state.goesOn,
      w.activity.trouble.transient,
      w.activity.troubleFor('|').split('|')[0] ?? '',
      'Geburtstage',
      w.choices.permissions['Files.Read'] ?? '',
      w.choices.permission('Team.Create'),
      w.choices.download,
      ...working(w),
    ],
    lacks: (w) => [w.technical.refreshed, w.state.partlyText],
    alerts: 0,
  },
  {
    name: 'unfolded',
    answers: { connection: keptConnection(connections.active()) },
    after: async (page, w) => {
      await page.locator('.profile > summary').click();
      await page.getByText(w.activity.technical, { exact: true }).click();
    },
    says: (w) => [
      w.activity.technical,
      w.technical.refreshed,
      w.technical['from-cache'],
      w.technical.taskDone('read-profile'),
      w.technical.taskFailed('count-unread-messages-of-every-folder'),
      'GRAPH_503',
      w.technical.failed['needs-user'],
      'AADSTS50076',
      w.technical.failed['cache-lost'],
      w.technical.failed.throttled,
      w.technical.failed.tenant,
      w.technical.failed.transient,
      w.technical.failed.misconfigured,
      w.technical.visit,
      w.profile.labels.department,
      ADELE.upn,
    ],
  },
  {
    name: 'linked',
    answers: { connection: keptConnection(connections.linked()) },
    says: (w) => [w.state.goesOnUntil('|').split('|').at(-1) ?? '', ...working(w)],
    lacks: (w) => [w.state.goesOn],
  },
  {
    name: 'linked-about',
    answers: {
      connection: keptConnection({
        ...connections.linked(),
        staysConnected: {
          until: new Date(Date.now() + 90 * 86_400_000 + 60_000).toISOString(),
          isEstimate: true,
        },
      }),
    },
    says: (w) => [w.state.goesOnAbout('90').split('90')[0] ?? '', ...working(w)],
    lacks: (w) => [w.state.goesOn],
  },
  {
    name: 'stay-connected',
    answers: { connection: keptConnection(linkable(connections.weekend())) },
    before: offerAgain,
    says: (w) => [
      w.stay.title,
      ...w.stay.text('90').split('90'),
      w.stay.button,
      w.stay.dismiss,
      ...working(w),
    ],
    lacks: (w) => [w.stay.later],
  },
  {
    name: 'stay-connected-later',
    answers: { connection: keptConnection(linkable(connections.weekend())) },
    before: offerAgain,
    after: (page, w) => page.getByRole('button', { name: w.stay.dismiss }).click(),
    says: (w) => [...working(w), w.stay.later],
    lacks: (w) => [w.stay.dismiss],
  },
  {
    name: 'tasks-to-turn-on',
    answers: {
      connection: keptConnection({
        ...connections.linked(),
        tasks: [
          { task: 'list-files', title: 'Files', isOn: false },
          { task: 'read-mail', title: 'Mail', isOn: true },
        ],
      }),
    },
    says: (w) => [w.stay.tasks, w.stay.turnOn('Files'), ...working(w)],
    lacks: (w) => [w.stay.turnOn('Mail')],
  },
  {
    name: 'newcomer',
    answers: { connection: keptConnection(connections.seen()) },
    says: (w) => [w.state.newcomer, w.activity.nothing, w.activity.begins, w.state.goesOn, ...working(w)],
  },
  {
    name: 'starting',
    answers: { connection: keptConnection(connections.pending()) },
    says: (w) => [w.state.starting, ...working(w)],
  },
  {
    name: 'waiting',
    answers: { connection: keptConnection(connections.waiting()) },
    says: (w) => [w.state.waitingText, ...partsOf(w.state.waiting), w.activity.troubleStill, ...working(w)],
    lacks: (w) => [w.state.goesOn],
    alerts: 0,
  },
  {
    name: 'throttled',
    answers: { connection: keptConnection(connections.throttled()) },
    says: (w) => [w.state.throttledText, ...working(w)],
    alerts: 0,
  },
  {
    name: 'blocked-by-organisation',
    answers: { connection: keptConnection(connections.blocked('tenant')) },
    says: (w) => [w.state.blockedTenant, w.details, ...working(w)],
    alerts: 1,
  },
  {
    name: 'blocked-by-service',
    answers: { connection: keptConnection(connections.blocked('misconfigured')) },
    says: (w) => [w.state.blockedService, ...working(w)],
    alerts: 1,
  },
  {
    name: 'partly',
    answers: { connection: keptConnection(connections.partly()) },
    says: (w) => [
      w.state.partlyConsent,
      w.tasks['inbox-digest'] ?? '',
      w.activity.failedConsent,
      w.details,
      ...working(w),
    ],
    alerts: 1,
  },
  {
    name: 'partly-for-a-while',
    answers: { connection: keptConnection(connections.partly({ code: 'GraphRefused:503' })) },
    says: (w) => [w.state.partlyText, w.tasks['inbox-digest'] ?? '', w.activity.failedStill, ...working(w)],
    alerts: 0,
  },
  {
    name: 'partly-until-a-sign-in',
    answers: {
      connection: keptConnection(connections.partly({ kind: 'needs-user', code: 'AADSTS50076' })),
    },
    says: (w) => [
      w.state.partlyUser,
      w.tasks['inbox-digest'] ?? '',
      w.activity.failedUser,
      w.details,
      ...working(w),
    ],
    lacks: (w) => [w.state.partlyText, w.activity.failedStill],
    alerts: 1,
  },
  {
    name: 'partly-in-two-ways',
    answers: { connection: keptConnection(connections.partlyInTwoWays()) },
    says: (w) => [
      `${w.state.partlyConsent}\n\n${w.tasks['inbox-digest']}\n`,
      `${w.state.partlyText}\n\n${w.tasks['drive-changes']}\n`,
      ...working(w),
    ],
    alerts: 1,
  },
  {
    name: 'without-a-mailbox',
    answers: { connection: keptConnection(connections.withoutMailbox()) },
    says: (w) => [w.activity.without(w.tasks['inbox-digest'] ?? ''), w.activity.withoutText, ...working(w)],
    lacks: (w) => [w.state.partlyText, w.activity.failedStill],
    alerts: 0,
  },
  {
    name: 'stopped',
    answers: { connection: keptConnection(connections.needsUser()) },
    says: (w) => [
      ...partsOf(w.state.stopped).filter(Boolean),
      w.state.stoppedText,
      w.signInAgain,
      ...working(w),
    ],
    lacks: (w) => [w.activity.next, w.state.goesOn],
    alerts: 1,
  },
  {
    name: 'stopped-while-paused',
    answers: { connection: keptConnection(connections.needsUserPaused()) },
    says: (w) => [
      ...partsOf(w.state.stopped).filter(Boolean),
      ...partsOf(w.state.stoppedPaused).filter(Boolean),
      w.signInAgain,
      ...working(w),
    ],
    lacks: (w) => [w.activity.next, w.choices.resume, w.choices.pauseDay, w.state.stoppedText],
    alerts: 1,
  },
  {
    name: 'stopped-by-consent',
    answers: { connection: keptConnection(connections.consentMissing()) },
    says: (w) => [w.state.stoppedConsent, w.givePermission, ...working(w)],
    lacks: (w) => [w.choices.allowed],
    alerts: 1,
  },
  {
    name: 'claims-required',
    answers: {
      profile: problem('CLAIMS_REQUIRED', 401, { claims: claimsChallenge(['two-factors']) }),
      connection: keptConnection(connections.needsUser()),
    },
    says: (w) => [w.refusal.signInAgain, w.refusal.problems.CLAIMS_REQUIRED, w.state.stoppedText],
    lacks: (w) => [w.state.goesOn, 'c0ffee'],
    alerts: 1,
  },
  {
    name: 'sign-in-required',
    answers: {
      profile: problem('SIGN_IN_REQUIRED', 401),
      connection: keptConnection(connections.active()),
    },
    says: (w) => [w.refusal.signInAgain, w.refusal.problems.SIGN_IN_REQUIRED],
    lacks: (w) => [
      w.state.stoppedText,
      w.state.goesOn,
      w.activity.next,
      // One of the tasks failed at its last run.
      w.activity.failedStill,
      w.choices.pauseDay,
      w.choices.pauseWeek,
    ],
    alerts: 1,
  },
  {
    name: 'consent-required',
    answers: {
      profile: problem('CONSENT_REQUIRED', 401, { scopes: ['User.Read'], upstream: UPSTREAM }),
      connection: keptConnection(connections.consentMissing()),
    },
    after: (page, w) => page.getByText(w.details, { exact: true }).first().click(),
    says: (w) => [
      w.refusal.permission,
      w.state.stoppedConsent,
      w.givePermission,
      w.detailNames.scopes,
      'User.Read',
      'c0ffee',
      UPSTREAM.traceId,
      w.copyDetails,
    ],
    lacks: (w) => [w.signInError.adminLink, w.state.stoppedText],
    alerts: 1,
  },
  {
    name: 'tell-your-administrator',
    answers: {
      profile: problem('CONSENT_REQUIRED', 401, { scopes: ['User.Read'], upstream: UPSTREAM }),
      connection: keptConnection(connections.consentMissing()),
    },
    before: (page) => note(page, { reason: 'CONSENT_REQUIRED', step: 'consent' }),
    says: (w) => [
      w.refusal.tellAdmin,
      'c0ffee',
      'AADSTS65001',
      UPSTREAM.correlationId,
      UPSTREAM.timestamp,
      w.copyDetails,
      w.tryAgain,
      '/v2.0/adminconsent?',
      w.copyLink,
    ],
    lacks: (w) => [w.givePermission],
    alerts: 1,
  },
  {
    name: 'ended',
    answers: { connection: keptConnection(connections.disconnected()) },
    says: (w) => [...partsOf(w.state.endedOn), w.state.endedText, w.choices.startAgain, 'Harbour Pilot'],
    lacks: (w) => [w.regions.activity, w.choices.stop, w.choices.download],
  },
  {
    name: 'none',
    answers: { connection: keptConnection(connections.none()) },
    says: (w) => [w.state.none, w.choices.start, 'Harbour Pilot'],
    lacks: (w) => [w.regions.activity, w.choices.stop, w.choices.startAgain],
  },
  {
    name: 'not-connected',
    answers: { connection: keptConnection(connections.notConnected()) },
    says: (w) => [w.state.notConnected, w.choices.start, 'Harbour Pilot'],
    lacks: (w) => [w.regions.activity, w.choices.stop, w.choices.startAgain, w.choices.pauseDay],
  },
  {
    name: 'paused',
    answers: { connection: keptConnection(connections.paused()) },
    says: (w) => [
      ...partsOf(w.state.paused).filter(Boolean),
      w.state.pausedText,
      w.choices.resume,
      ...working(w),
    ],
    lacks: (w) => [w.choices.pauseDay, w.activity.begins, w.activity.next],
  },
  {
    name: 'offline-profile',
    before: (page) => page.route('**/api/profile', (route) => route.abort()),
    says: (w) => [w.profile.hidden, w.tryAgain, w.state.newcomer],
    alerts: 0,
  },
  {
    name: 'offline-connection',
    before: (page) => page.route('**/api/connection', (route) => route.abort()),
    says: (w) => [w.refusal.noAnswer, w.tryAgain, 'Harbour Pilot'],
    lacks: (w) => [w.regions.activity],
    alerts: 1,
  },
  {
    name: 'offline',
    before: (page) => page.route('**/api/**', (route) => route.abort()),
    says: (w) => [w.refusal.noAnswer, w.tryAgain],
    lacks: (w) => ['Harbour Pilot', w.regions.activity],
    alerts: 1,
  },
  {
    name: 'profile-busy',
    answers: { profile: problem('UNAVAILABLE', 503, {}, { 'Retry-After': '3600' }) },
    says: (w) => [w.profile.hidden, w.tryAgainIn('|').split('|')[0] ?? '', w.state.newcomer],
    alerts: 0,
  },
  {
    name: 'connection-busy',
    answers: { connection: problem('INTERNAL', 500, {}, { 'Retry-After': '0' }) },
    says: (w) => [w.refusal.tryLater, w.refusal.problems.INTERNAL, 'Harbour Pilot'],
    alerts: 1,
  },
  {
    name: 'refused',
    answers: refuse('TENANT_FORBIDDEN', 403),
    says: (w) => [w.refusal.saidNo, w.refusal.problems.TENANT_FORBIDDEN],
    lacks: () => ['TENANT_FORBIDDEN'],
    alerts: 1,
  },
  {
    name: 'unexpected',
    answers: { profile: (c) => c.html('<p>Hello'), connection: (c) => c.json({}) },
    after: (page, w) => page.getByText(w.details, { exact: true }).click(),
    says: (w) => [w.refusal.unexpected, w.detailNames.status, '200'],
    alerts: 1,
  },
  {
    name: 'out-of-date',
    answers: { connection: keptConnection(connections.seen()) },
    after: async (page, w, app) => {
      app.answer({ connection: problem('UNAVAILABLE', 503) });
      await askAgain(page);
      await page.getByRole('button', { name: w.state.askAgain }).waitFor();
    },
    says: (w) => [w.state.newcomer, 'Harbour Pilot', w.state.outdated],
  },
  {
    name: 'link-came-back',
    answers: { connection: keptConnection(connections.linked()) },
    after: (page, _, app) => page.goto(`${app.origin}/?link=linked`),
    says: (w) => [w.stay.results.linked, w.close],
  },
  {
    name: 'link-only-claimed',
    after: (page, _, app) => page.goto(`${app.origin}/?link=linked`),
    says: (w) => [w.state.goesOn],
    lacks: (w) => [w.stay.results.linked],
  },
  {
    name: 'guest',
    answers: { profile: (c) => c.json(graphUser(DANA)) },
    after: (page) => page.locator('.profile > summary').click(),
    says: () => ['Dana Whitlock', 'DW', 'Auditor', 'dana_visitor.example#EXT#@harbour.example', 'Reykjavík'],
  },
  {
    name: 'nothing-known',
    answers: { profile: (c) => c.json({ id: CHIARA.oid, displayName: CHIARA.displayName }) },
    after: (page) => page.locator('.profile > summary').click(),
    says: (w) => ["Chiara D'Amico Lindqvist", 'CL', w.profile.nothing],
  },
  {
    name: 'dialog',
    answers: { connection: keptConnection(connections.seen()) },
    after: (page, w) => page.getByRole('button', { name: w.choices.stop }).click(),
    says: (w) => [w.state.newcomer, w.stop.title, w.stop.text, w.stop.permission, w.stop.cancel],
  },
];

/** What the service makes of a person's profile: what is not known is left out. */
function graphUser({ oid, displayName, profile }: (typeof DEMO_USERS)[number]) {
  const known = Object.entries(profile).filter(([, value]) => value !== null);
  return { id: oid, displayName, ...Object.fromEntries(known) };
}
