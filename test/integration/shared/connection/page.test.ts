/** The library for pages over the real handlers: a browser's `fetch` says what a request is, and the service reads it. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEMO_USERS } from '../../../../dev/entra/directory.ts';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { createConnection } from '../../../../shared/browser/createConnection.ts';
import { createFetchHandlers } from '../../../../shared/serve/fetchHandlers.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { signIn } from '../../../support/entraClients.ts';
import {
  createLinkBrowser,
  LINK_SETTINGS,
  OTHER_PAGE,
  startLinkEntra,
} from '../../../support/linkBrowser.ts';

const API = 'https://api.example';
const SCOPE = 'api://11111111-2222-4333-8444-555555555555/access_as_user';
const [ADELE] = DEMO_USERS;
const readFiles = defineTask({
  name: 'read-files',
  api: graph,
  scopes: ['Files.Read'],
  consent: 'link',
  run: async () => {},
});

let entra: Entra;
beforeAll(async () => {
  entra = await startLinkEntra();
});
afterAll(() => entra?.close());

let page: ReturnType<typeof createConnection>;
let browser: ReturnType<typeof createLinkBrowser>;
beforeEach(async () => {
  const app = createLocalApp(entra, { tasks: [readFiles], settings: LINK_SETTINGS });
  const { accessToken } = await signIn(entra, 'adele');
  await app.getProfile(accessToken);
  browser = createLinkBrowser(app.stead);
  const keepNoLine = () => {};
  const { connection, link } = createFetchHandlers(app.stead, {
    sink: { info: keepNoLine, warn: keepNoLine, error: keepNoLine },
  });
  const real = globalThis.fetch;
  vi.stubGlobal('fetch', (...asked: Parameters<typeof fetch>) => {
    const request = new Request(...asked);
    if (!request.url.startsWith(API)) return real(...asked);
    return new URL(request.url).pathname.endsWith('/link') ? link(request) : connection(request);
  });
  const leave = async () => {};
  page = createConnection({
    apiBaseUrl: API,
    apiScope: SCOPE,
    account: {},
    msal: {
      acquireTokenSilent: async () => ({ accessToken }),
      acquireTokenRedirect: leave,
      loginRedirect: leave,
    },
  });
});
afterEach(() => vi.unstubAllGlobals());

/** The address of a link, and what the directory is then asked for. */
async function linkOf(request?: Parameters<typeof page.link>[0]) {
  const answer = await page.link(request);
  if (answer.state !== 'ready') throw new Error(JSON.stringify(answer));
  const opened = await browser.open(answer.value.url);
  const asked = new URL(opened.headers.get('location') ?? '').searchParams.get('scope') ?? '';
  const back = await browser.callBack(await browser.signIn(opened, ADELE.name));
  return { asked, location: back.headers.get('location') };
}

describe('a page of anybody', () => {
  it('sees, pauses, resumes, ends and renews the connection', async () => {
    expect(await page.status()).toMatchObject({ value: { state: 'active' } });
    const until = new Date(Date.now() + 86_400_000);
    expect(await page.pause({ until })).toMatchObject({ value: { tasksPausedUntil: until.toISOString() } });
    const resumed = await page.resume();
    expect(resumed).toMatchObject({ state: 'ready', value: { state: 'active' } });
    expect(resumed).not.toHaveProperty('value.tasksPausedUntil');
    expect(await page.disconnect()).toMatchObject({ value: { state: 'disconnected' } });
    expect(await page.status()).toMatchObject({ value: { state: 'disconnected' } });
    expect(await page.connect()).toMatchObject({ state: 'ready', value: { state: 'pending' } });
  });

  it('asks for a link, and the browser comes back linked', async () => {
    const { asked, location } = await linkOf();
    expect(asked).not.toContain('Files.Read');
    expect(location).toContain('link=linked');
  });

  it('turns a task on by a link, and says where the browser comes back to', async () => {
    const { asked, location } = await linkOf({ tasks: ['read-files'], returnUrl: OTHER_PAGE });
    expect(asked).toContain('https://graph.microsoft.com/Files.Read');
    expect(location).toBe(`${OTHER_PAGE}&link=linked`);
  });
});
