import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { AccountInfo, PublicClientApplication } from '@azure/msal-browser';
import { build } from 'esbuild';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { DEMO_USERS, homeAccountId, SPA_CLIENT_ID, TENANT_ID } from '../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../dev/entra/lifetimes.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { launchBrowser } from '../../../dev/launchBrowser.ts';
import { pickAccount } from '../../../dev/pickAccount.ts';
import { comingBack } from '../../support/browser.ts';
import { API_DEFAULT, API_SCOPE, control, journal, localAuthority } from '../../support/entraClients.ts';

type PageWindow = { client: PublicClientApplication; signedIn?: AccountInfo; failure?: string };

let entra: Entra;
let web: Server;
let webOrigin: string;
let browser: Browser;
let page: Page;

const bundle = async (name: string): Promise<string> => {
  const entryPoints = [fileURLToPath(new URL(`./${name}.ts`, import.meta.url))];
  const { outputFiles } = await build({
    entryPoints,
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
  });
  return outputFiles[0]?.text ?? '';
};

const html = (script: string) => `<!doctype html><html lang="en"><title>Test page</title>${script}</html>`;

beforeAll(async () => {
  const files = new Map([
    ['/page.js', await bundle('page')],
    ['/redirect.js', await bundle('redirect')],
    ['/redirect.html', html('<script type="module" src="/redirect.js"></script>')],
  ]);
  web = createServer((request, response) => {
    const content = files.get(new URL(request.url ?? '/', 'http://localhost').pathname);
    response.setHeader('Content-Type', request.url?.endsWith('.js') ? 'text/javascript' : 'text/html');
    if (content === undefined) response.statusCode = 404;
    response.end(content);
  });
  await new Promise<void>((resolve) => web.listen(0, 'localhost', resolve));
  webOrigin = `http://localhost:${(web.address() as AddressInfo).port}`;
  entra = await startEntra({ port: 0, spaOrigins: [webOrigin] });
  const config = { clientId: SPA_CLIENT_ID, redirectUri: `${webOrigin}/`, ...localAuthority(entra.origin) };
  files.set(
    '/',
    html(
      `<script>globalThis.config = ${JSON.stringify(config)}</script><script type="module" src="/page.js"></script>`,
    ),
  );
  browser = await launchBrowser();
});

afterAll(async () => {
  await browser?.close();
  await entra?.close();
  await new Promise((resolve) => web.close(resolve));
});

beforeEach(async () => {
  page = await (await browser.newContext()).newPage();
  await page.goto(webOrigin);
});

afterEach(async () => {
  await page.context().close();
  await control(entra, 'PUT', '/lifetimes', DEFAULT_LIFETIMES);
  await control(entra, 'DELETE', '/users/adele/fault');
  await control(entra, 'DELETE', '/requests');
});

const clientIsReady = () => page.waitForFunction(() => 'client' in globalThis);

/** What MSAL does when it leaves the page for the authorization endpoint. */
async function leaveFor({
  claims,
  wanted = API_SCOPE,
}: {
  claims?: string;
  wanted?: string;
} = {}): Promise<void> {
  await clientIsReady();
  await page.evaluate(
    ([scope, demanded]) => {
      const { client } = globalThis as unknown as PageWindow;
      void client.acquireTokenRedirect({
        scopes: [scope],
        ...(demanded === undefined ? {} : { claims: demanded }),
      });
    },
    [wanted, claims] as const,
  );
  await page.waitForURL(`${entra.origin}/**`);
}

async function pick(displayName: string): Promise<AccountInfo | undefined> {
  await pickAccount(page, displayName);
  await page.waitForURL(`${webOrigin}/**`);
  await clientIsReady();
  return page.evaluate(() => (globalThis as unknown as PageWindow).signedIn);
}

const acquireSilently = (forceRefresh = false) =>
  page.evaluate(
    async ([scope, force, redirectUri]) => {
      const { client, signedIn } = globalThis as unknown as PageWindow;
      if (!signedIn) throw new Error('nobody is signed in');
      const request = { scopes: [scope], account: signedIn, forceRefresh: force, redirectUri };
      const { accessToken, fromCache } = await client.acquireTokenSilent(request);
      return { accessToken, fromCache };
    },
    [API_SCOPE, forceRefresh, `${webOrigin}/redirect.html`] as const,
  );

const tokenGrants = async () =>
  (await journal(entra)).filter((one) => one.endpoint === 'token').map((one) => one.grant);

it('signs in through the account picker and gets a token from the cache', async () => {
  await leaveFor();
  const account = await pick('Adele Brandt');
  expect(account).toMatchObject({
    username: 'adele@harbour.example',
    tenantId: TENANT_ID,
    homeAccountId: homeAccountId(DEMO_USERS[0]),
  });
  expect((await acquireSilently()).fromCache).toBe(true);
  expect(await tokenGrants()).toEqual(['authorization_code']);
});

it.each([
  { defaultBeside: false },
  { defaultBeside: true },
])('gets one token by one consent to .default, and serves the scope of the API from it, with %o', async (answers) => {
  await control(entra, 'PUT', '/answers', answers);
  await control(entra, 'DELETE', '/users/adele/consent');
  await leaveFor({ wanted: API_DEFAULT });
  await page.getByRole('button', { name: 'Adele Brandt' }).click();
  await page.getByRole('heading', { name: 'Permissions requested' }).waitFor();
  expect(await page.getByRole('listitem').allInnerTexts()).toEqual([
    expect.stringContaining('Microsoft Graph: User.Read'),
  ]);
  await page.getByRole('button', { name: 'Accept' }).click();
  await page.waitForURL(`${webOrigin}/**`);
  await clientIsReady();
  expect((await acquireSilently()).fromCache).toBe(true);
  expect(await tokenGrants()).toEqual(['authorization_code']);
});

it("tells a guest's home account from the guest's object in this tenant", async () => {
  const guest = DEMO_USERS[3];
  await leaveFor();
  expect(await pick('Dana Whitlock')).toMatchObject({
    homeAccountId: homeAccountId(guest),
    localAccountId: guest.oid,
    tenantId: TENANT_ID,
  });
});

it('refreshes across origins', async () => {
  await leaveFor();
  await pick('Bruno Okafor');
  const before = await acquireSilently();
  const after = await acquireSilently(true);
  expect(after.fromCache).toBe(false);
  expect(after.accessToken).not.toBe(before.accessToken);
  expect(await tokenGrants()).toEqual(['authorization_code', 'refresh_token']);
});

it('goes on through a hidden frame when the refresh token has reached its end', async () => {
  await control(entra, 'PUT', '/lifetimes', { spaRefreshToken: 1 });
  await leaveFor();
  await pick('Adele Brandt');
  expect((await acquireSilently(true)).fromCache).toBe(false);
  expect((await tokenGrants()).at(-1)).toBe('authorization_code');
});

it('asks the person again when a claims challenge is handed on, session or not', async () => {
  await leaveFor();
  await pick('Adele Brandt');
  const claims = JSON.stringify({ access_token: { polids: { essential: true, values: ['policy-1'] } } });
  await leaveFor({ claims });
  expect(await page.textContent('main')).toContain('second factor');
  await pick('Adele Brandt');
  const [, payload = ''] = (await acquireSilently()).accessToken.split('.');
  expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).toMatchObject({ polids: ['policy-1'] });
});

it('comes back with an error when the person cancels', async () => {
  await leaveFor();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.waitForURL(`${webOrigin}/**`);
  await clientIsReady();
  const failure = await page.evaluate(() => (globalThis as unknown as PageWindow).failure);
  expect(failure).toContain('access_denied: AADSTS65004');
});

it('signs out and comes back', async () => {
  await leaveFor();
  await pick('Adele Brandt');
  await control(entra, 'DELETE', '/requests');
  await comingBack(page, () =>
    page.evaluate((uri) => {
      const { client, signedIn } = globalThis as unknown as PageWindow;
      void client.logoutRedirect({ account: signedIn ?? null, postLogoutRedirectUri: uri });
    }, `${webOrigin}/`),
  );
  expect(await journal(entra)).toMatchObject([{ endpoint: 'logout', status: 302 }]);
  expect(new URL(page.url()).origin).toBe(webOrigin);
  await leaveFor();
  expect(await page.textContent('h1')).toBe('Pick an account');
});

it('lets the page steer the server', async () => {
  const answer = await page.evaluate(async (url) => {
    const headers = { 'Content-Type': 'application/json' };
    const response = await fetch(url, { method: 'PUT', headers, body: '{"kind":"throttled","at":"graph"}' });
    return response.json();
  }, `${entra.origin}/dev/users/adele/fault`);
  expect(answer).toEqual({ kind: 'throttled', at: 'graph' });
});
