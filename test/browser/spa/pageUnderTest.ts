/** The built page at the stand-in directory, before an API that answers what a test wants. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { getRequestListener } from '@hono/node-server';
import { type Context, Hono } from 'hono';
import { cors } from 'hono/cors';
import { decodeJwt } from 'jose';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import {
  ALL_USERS,
  API_CLIENT_ID,
  API_SCOPE_NAME,
  DEMO_USERS,
  type DemoUser,
  SPA_CLIENT_ID,
} from '../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { freePorts } from '../../../dev/freePorts.ts';
import { launchBrowser } from '../../../dev/launchBrowser.ts';
import { pickAccount } from '../../../dev/pickAccount.ts';
import { startWeb } from '../../../dev/web.ts';
import type { Connection, ConnectionChange, Problem, ProblemCode, Profile } from '../../../shared/wire.ts';
import { localAuthority } from '../../support/entraClients.ts';

const [ADELE] = DEMO_USERS;
export const PAGE_ROOT = fileURLToPath(new URL('../../../dist/spa', import.meta.url));

type Answer = (c: Context) => Response | Promise<Response>;
/** Of each route of the API; `connection` answers all of its methods. */
export type Answers = { profile: Answer; photo: Answer; connection: Answer };

export type PageUnderTest = {
  origin: string;
  entra: Entra;
  browser: Browser;
  /** What the API answers from now on; what is left out stays as it is. */
  answer(answers: Partial<Answers>): void;
  /** The API of a person of whom all is well, as it is at the start. */
  answerWell(): void;
  /** The page in a browser profile of its own. */
  open(options?: BrowserContextOptions): Promise<Page>;
  /** From the page that offers it to the page that comes back; who it is need not be shown yet. */
  signIn(page: Page, user?: DemoUser): Promise<void>;
  /**
   * Resolves when the page has asked for the connection again after the visit, as it does by itself. A test that changes an
   * answer earlier does not know which of the two requests gets it.
   */
  settled(): Promise<void>;
  close(): Promise<void>;
};

/**
 * For all tests of a file: the page is started before them, all is well before each of them, and the browser profiles of each
 * are closed after it.
 */
export function pageForTests(): PageUnderTest {
  const app = {} as PageUnderTest;
  beforeAll(async () => void Object.assign(app, await startPageUnderTest()));
  afterAll(() => app.close?.());
  beforeEach(() => app.answerWell());
  afterEach(async () => {
    for (const context of app.browser.contexts()) await context.close();
  });
  return app;
}

export async function startPageUnderTest(): Promise<PageUnderTest> {
  const [port = 0] = await freePorts(1);
  const origin = `http://localhost:${port}`;
  const answers = allIsWell();
  /** What was read and answered since the last sign-in began. */
  let read: (keyof Answers)[] = [];
  const api = await startApi(origin, answers, (route) => read.push(route));
  const entra = await startEntra({ port: 0, spaOrigins: [origin] });
  const config = {
    clientId: SPA_CLIENT_ID,
    ...localAuthority(entra.origin),
    apiScope: `api://${API_CLIENT_ID}/${API_SCOPE_NAME}`,
    apiBaseUrl: api.origin,
    localDemo: true,
  };
  const web = await startWeb({ port, root: PAGE_ROOT, config });
  const browser = await launchBrowser();
  return {
    origin,
    entra,
    browser,
    answer: (some) => void Object.assign(answers, some),
    answerWell: () => void Object.assign(answers, allIsWell()),
    open: async (options = {}) => {
      const context = await browser.newContext(options);
      const page = await context.newPage();
      await page.goto(origin);
      return page;
    },
    signIn: async (page, user = ADELE) => {
      read = [];
      await page.getByRole('button', { name: 'Sign in' }).click();
      await pickAccount(page, user.displayName);
      await page.waitForURL(`${origin}/`);
    },
    settled: () =>
      expect
        .poll(() => read.includes('profile') && read.lastIndexOf('connection') > read.lastIndexOf('profile'))
        .toBe(true),
    close: async () => {
      await browser.close();
      await Promise.all([web.close(), entra.close(), api.close()]);
    },
  };
}

const allIsWell = (): Answers => ({
  profile: bearersProfile,
  photo: (c) => c.body(null, 204),
  connection: keptConnection({ state: 'active', history: [] }),
});

const ENDED: readonly Connection['state'][] = ['disconnected', 'none', 'not-connected'];

/** A connection that can be asked for, paused, ended and begun again, as the functions do it. */
export function keptConnection(begun: Connection): Answer {
  let connection = begun;
  return async (c) => {
    const ended = ENDED.includes(connection.state);
    if (c.req.method === 'DELETE') {
      connection = { state: 'disconnected', history: [] };
      return c.body(null, 204);
    }
    if (c.req.method === 'PUT') {
      const sent = await c.req.text();
      if (sent === '') {
        if (ended) connection = { state: 'pending', history: [] };
      } else {
        if (ended) return problem('NOT_CONNECTED', 409)(c);
        const { tasksPausedUntil } = JSON.parse(sent) as ConnectionChange;
        const { tasksPausedUntil: _, ...others } = connection;
        connection = { ...others, ...(tasksPausedUntil && { tasksPausedUntil }) };
      }
    }
    return c.json(connection);
  };
}

/** The profile of whoever the access token is for. */
export function bearersProfile(c: Context): Response {
  const { oid } = decodeJwt((c.req.header('authorization') ?? '').replace(/^Bearer /, ''));
  const user = ALL_USERS.find((one) => one.oid === oid);
  if (user === undefined) return c.json({}, 500);
  const { jobTitle, department, mail, city, country } = user.profile;
  const known = { jobTitle, department, mail, city, country, userPrincipalName: user.upn };
  const profile: Profile = { id: user.oid, displayName: user.displayName };
  return c.json({ ...profile, ...Object.fromEntries(Object.entries(known).filter(([, value]) => value)) });
}

/** Problem details as the functions send them. */
export function problem(
  code: ProblemCode | 'OF_A_NEWER_SERVICE',
  status: number,
  more: Partial<Problem> = {},
  headers: Record<string, string> = {},
) {
  return (c: Context): Response =>
    c.body(
      JSON.stringify({
        type: 'about:blank',
        title: '',
        status,
        code,
        detail: '',
        correlationId: 'c0ffee',
        ...more,
      }),
      status as 400,
      { ...headers, 'Content-Type': 'application/problem+json' },
    );
}

async function startApi(allowedOrigin: string, answers: Answers, onRead: (route: keyof Answers) => void) {
  const app = new Hono();
  app.use(cors({ origin: allowedOrigin, exposeHeaders: ['WWW-Authenticate', 'Retry-After'] }));
  const route =
    (name: keyof Answers): Answer =>
    async (c) => {
      const answer = await answers[name](c);
      if (c.req.method === 'GET') onRead(name);
      return answer;
    };
  app.get('/api/profile', route('profile'));
  app.get('/api/profile/photo', route('photo'));
  app.all('/api/connection', route('connection'));
  const server = createServer(getRequestListener(app.fetch)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://localhost:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
