/** The whole path, as two people see it: real MSAL in a real browser, the built functions, Azurite. */
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS, SPA_CLIENT_ID } from '../../dev/entra/directory.ts';
import { launchBrowser } from '../../dev/launchBrowser.ts';
import { pickAccount } from '../../dev/pickAccount.ts';
import { type Platform, ROOT, startPlatform } from '../../dev/platform.ts';
import { startWeb } from '../../dev/web.ts';
import { screenshot, signOut } from '../support/browser.ts';
import { control, journal } from '../support/entraClients.ts';

const [ADELE, BRUNO] = DEMO_USERS;
type DemoUser = (typeof DEMO_USERS)[number];

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform({ timers: false });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

/** A person with a browser of their own. */
async function person(): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await context.newPage();
  await page.goto(platform.webOrigin);
  return page;
}

async function signIn(page: Page, user: DemoUser): Promise<void> {
  await page.getByRole('button', { name: 'Sign in' }).click();
  await pickAccount(page, user.displayName);
  await page.getByRole('heading', { name: user.displayName }).waitFor();
}

describe('two people at two browsers', () => {
  it('each see their own profile, and after signing out none', async () => {
    const [adele, bruno] = [await person(), await person()];
    await Promise.all([signIn(adele, ADELE), signIn(bruno, BRUNO)]);
    expect(await adele.getByRole('main').innerText()).toContain('Harbour Pilot');
    expect(await adele.getByRole('main').innerText()).not.toContain('Crane Engineer');
    expect(await bruno.getByRole('main').innerText()).toContain('Crane Engineer');
    expect(await bruno.getByRole('main').innerText()).not.toContain('Harbour Pilot');
    await screenshot(adele, 'profile');

    await signOut(adele);
    await adele.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await adele.getByRole('main').innerText()).not.toContain(ADELE.displayName);
    await screenshot(adele, 'signed-out');
    await bruno.reload();
    await bruno.getByRole('heading', { name: BRUNO.displayName }).waitFor();
  });
});

describe('somebody whom the directory asks for more', () => {
  it('signs in again with one click, and is served', async () => {
    const page = await person();
    await signIn(page, BRUNO);
    await control(platform.entra, 'PUT', `/users/${BRUNO.name}/fault`, { kind: 'claims', at: 'graph' });
    await page.reload();
    await page.getByRole('heading', { name: 'Please sign in again' }).waitFor();
    await screenshot(page, 'sign-in-again');
    await page.getByRole('button', { name: 'Sign in again' }).click();
    const picker = page.getByRole('button', { name: BRUNO.displayName });
    const profile = page.getByRole('heading', { name: BRUNO.displayName });
    await picker.or(profile).first().waitFor();
    if (await picker.isVisible()) await picker.click();
    await profile.waitFor();
    await control(platform.entra, 'DELETE', `/users/${BRUNO.name}/fault`);
  });
});

describe('a sign-in that is a day old', () => {
  it('is renewed in a hidden frame, without the person', async () => {
    const page = await person();
    // To MSAL both tokens have ended when they arrive.
    await control(platform.entra, 'PUT', '/lifetimes', { accessToken: 299, spaRefreshToken: 1 });
    const asked: string[] = [];
    page.on('requestfinished', (request) => {
      const { pathname } = new URL(request.url());
      if (pathname.startsWith('/api/')) asked.push(pathname);
    });
    await signIn(page, BRUNO);
    // All that this load asks for: a token request that is under way when the page is loaded again gets no answer.
    const all = ['/api/connection', '/api/connection', '/api/profile', '/api/profile/photo'];
    await expect.poll(() => asked.toSorted(), { timeout: 20_000 }).toEqual(all);
    await control(platform.entra, 'DELETE', '/requests');
    await page.waitForTimeout(1_500);
    await page.reload();
    await page.getByRole('heading', { name: BRUNO.displayName }).waitFor();
    await control(platform.entra, 'PUT', '/lifetimes', { accessToken: 3_600, spaRefreshToken: 86_400 });
    // Not one by the refresh token, and none refused. Some may still be under way.
    await expect
      .poll(async () => {
        const entries = await journal(platform.entra);
        const grants = entries.filter(({ client, grant }) => client === SPA_CLIENT_ID && grant);
        return [...new Set(grants.map(({ grant, status }) => `${grant} ${status}`))];
      })
      .toEqual(['authorization_code 200']);
  });
});

describe('the page without its settings', () => {
  it.each([
    { config: { clientId: '<application id>' }, says: /lacks clientId, authority, apiScope, apiBaseUrl/ },
    { config: undefined, says: /There is no \/config.json/ },
  ])('says what to do: $says', async ({ config, says }) => {
    const web = await startWeb({ port: 0, root: join(ROOT, 'dist/spa'), config: config ?? {} });
    const context = await browser.newContext();
    const page = await context.newPage();
    if (config === undefined) await page.route('**/config.json', (route) => route.fulfill({ status: 404 }));
    await page.goto(web.origin);
    await page.getByRole('heading', { name: 'This page cannot start' }).waitFor();
    await page.getByText('Details', { exact: true }).click();
    expect(await page.getByRole('main').innerText()).toMatch(says);
    await context.close();
    await web.close();
  });
});

describe('the page', () => {
  it('says when a service is down, and asks again when told to', async () => {
    const page = await person();
    await signIn(page, ADELE);
    await control(platform.entra, 'PUT', '/fault', { kind: 'throttled', retryAfter: 1, at: 'graph' });
    await page.reload();
    await page.getByText('Your profile cannot be shown now.').waitFor();
    await control(platform.entra, 'DELETE', '/fault');
    await page.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('heading', { name: ADELE.displayName }).waitFor();
  });

  it.each([
    { name: 'dark-360', width: 360, colorScheme: 'dark' as const },
    { name: 'light-360', width: 360, colorScheme: 'light' as const },
    { name: 'dark-1280', width: 1280, colorScheme: 'dark' as const },
  ])('fits $name without a sideways scroll, and breaks no rule of its content security policy', async (look) => {
    const context = await browser.newContext({
      viewport: { width: look.width, height: 800 },
      colorScheme: look.colorScheme,
    });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    await page.goto(platform.webOrigin);
    await signIn(page, ADELE);
    await screenshot(page, look.name);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(look.width);
    expect(complaints).toEqual([]);
    await context.close();
  });
});
