/** A task with `consent: 'link'` in a real browser: the page's button, the directory's question, and what the page says after. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, API_SCOPE_NAME, DEMO_USERS, SPA_CLIENT_ID } from '../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../dev/entra/startEntra.ts';
import { freePorts } from '../../dev/freePorts.ts';
import { launchBrowser } from '../../dev/launchBrowser.ts';
import { pickAccount } from '../../dev/pickAccount.ts';
import { startWeb, type Web } from '../../dev/web.ts';
import { profile } from '../../functions/profile/profile.ts';
import { graph } from '../../shared/adapters/graph/graphApi.ts';
import { readProfile } from '../../shared/graphTasks/readProfile.ts';
import { createFetchHandlers } from '../../shared/serve/fetchHandlers.ts';
import { createLocalApp, type LocalApp } from '../../shared/testing/localApp.ts';
import { defineTask } from '../../shared/worker/defineTask.ts';
import { passSettling } from '../support/browser.ts';
import { control, localAuthority } from '../support/entraClients.ts';
import { expectFine, openThemed } from './spa/expectFine.ts';
import { PAGE_ROOT } from './spa/pageUnderTest.ts';

const [ADELE, BRUNO] = DEMO_USERS;
const HOUR = 3_600_000;
const listFiles = defineTask({
  name: 'list-files',
  title: 'List of files',
  api: graph,
  scopes: ['Files.Read'],
  consent: 'link',
  run: ({ graph: client }) => client.api('/me/drive/root/children').get() as Promise<undefined>,
});

let entra: Entra;
let app: LocalApp;
let api: Server;
let web: Web;
let browser: Browser;
beforeAll(async () => {
  const [webPort = 0, apiPort = 0] = await freePorts(2);
  const [webOrigin, apiOrigin] = [`http://localhost:${webPort}`, `http://localhost:${apiPort}`];
  const callback = `${apiOrigin}/api/connection/link/callback`;
  entra = await startEntra({
    port: 0,
    spaOrigins: [webOrigin],
    apiRedirectUris: [callback],
    // To MSAL, such a token has expired when it is issued, so each check asks for another one.
    lifetimes: { graphAccessToken: 299 },
  });
  app = createLocalApp(entra, {
    tasks: [readProfile, listFiles],
    settings: { LINK_REDIRECT_URI: callback, LINK_RETURN_URLS: `${webOrigin}/` },
  });
  api = await serve(app, webOrigin, apiPort);
  web = await startWeb({
    port: webPort,
    root: PAGE_ROOT,
    config: {
      clientId: SPA_CLIENT_ID,
      ...localAuthority(entra.origin),
      apiScope: `api://${API_CLIENT_ID}/${API_SCOPE_NAME}`,
      apiBaseUrl: apiOrigin,
    },
  });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await web?.close();
  api?.close();
  api?.closeAllConnections();
  await entra?.close();
});

/** The routes of the functions, by the library's own handlers. */
async function serve({ stead }: LocalApp, pageOrigin: string, port: number): Promise<Server> {
  const keepNoLine = () => {};
  const { asUser, connection, link, linkCallback } = createFetchHandlers(stead, {
    sink: { info: keepNoLine, warn: keepNoLine, error: keepNoLine },
  });
  const own = asUser(profile);
  const routes = new Hono();
  routes.use(cors({ origin: pageOrigin, exposeHeaders: ['WWW-Authenticate', 'Retry-After'] }));
  routes.get('/api/profile', (c) => own(c.req.raw));
  routes.get('/api/profile/photo', (c) => c.body(null, 204));
  routes.all('/api/connection', (c) => connection(c.req.raw));
  routes.on(['GET', 'POST'], '/api/connection/link', (c) => link(c.req.raw));
  routes.get('/api/connection/link/callback', (c) => linkCallback(c.req.raw));
  const server = createServer(getRequestListener(routes.fetch)).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

/** Clicks the button of the task, and answers what the directory asks. Resolves to the permissions that it was asked for. */
async function turnOn(page: Page, answer: 'Accept' | 'Cancel'): Promise<string[]> {
  const asked = page.waitForRequest((request) => {
    const { origin, pathname } = new URL(request.url());
    return request.isNavigationRequest() && origin === entra.origin && pathname.endsWith('/authorize');
  });
  await page.getByRole('button', { name: 'Turn on “List of files”' }).click();
  const scopes = new URL((await asked).url()).searchParams.get('scope') ?? '';
  const account = page.getByRole('button', { name: ADELE.displayName });
  const choice = page.getByRole('button', { name: answer, exact: true });
  await account.or(choice).first().waitFor();
  if (await account.isVisible()) await account.click();
  await choice.click();
  await page.getByRole('heading', { name: 'Your choices' }).waitFor();
  return scopes.split(' ');
}

describe('a task that a person turns on', () => {
  it('is offered, asked for by its permission, and then done; a no changes nothing', async () => {
    const page = await openThemed(browser, 'light');
    await page.goto(web.origin);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await pickAccount(page, ADELE.displayName);
    const offered = page.getByRole('region', { name: 'More that can be done for you' });
    await offered.waitFor();

    expect(await turnOn(page, 'Cancel')).toContain('https://graph.microsoft.com/Files.Read');
    await page.getByText('You said no, and nothing was changed.').waitFor();
    await offered.waitFor();

    expect(await turnOn(page, 'Accept')).toContain('https://graph.microsoft.com/Files.Read');
    await page.getByText('“List of files” is turned on.').waitFor();
    expect(await offered.count()).toBe(0);
    expect(page.url()).toBe(`${web.origin}/`);
    await page.getByText('See your files').waitFor();

    app.clock.aheadMs += HOUR;
    await app.sweep();
    await page.reload();
    await page.getByText('List of files').waitFor();
    await expectFine(page, 'turned-on');
    await page.context().close();
  });
});

describe('a page that is no known client of the API', () => {
  const registered = (knownClientApplications: string[]) =>
    control(entra, 'PUT', `/applications/${API_CLIENT_ID}`, { knownClientApplications });

  it('gets the consent of a newcomer by a link, and each task by its name', async () => {
    await registered([]);
    const page = await openThemed(browser, 'light');
    await page.clock.install();
    await page.goto(web.origin);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await pickAccount(page, BRUNO.displayName);
    await page.getByText('Setting things up').first().waitFor();
    await passSettling(page);
    await page.getByRole('button', { name: 'Give permission' }).click();
    await page.getByText('Microsoft Graph: User.Read').waitFor();
    await page.getByRole('button', { name: 'Accept', exact: true }).click();
    await page.getByText('You stay connected now.').waitFor();
    await page.getByRole('heading', { name: BRUNO.displayName }).waitFor();
    await page.getByRole('button', { name: 'Turn on “List of files”' }).waitFor();
    expect(await page.getByText('Tell your administrator').count()).toBe(0);
    await page.context().close();
    await registered([SPA_CLIENT_ID]);
  });
});
