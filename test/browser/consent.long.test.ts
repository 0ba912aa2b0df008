/** Consent as people meet it in a tenant in which nobody has consented to anything. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, DEMO_USERS, type DemoUser, TENANT_ID } from '../../dev/entra/directory.ts';
import { signInWithCode } from '../../dev/entra/signIn.ts';
import { launchBrowser } from '../../dev/launchBrowser.ts';
import { type Platform, startPlatform } from '../../dev/platform.ts';
import type { Connection, Problem } from '../../shared/wire.ts';
import { acceptConsent, DUE_AT_ONCE, passSettling, screenshot } from '../support/browser.ts';
import { control } from '../support/entraClients.ts';

/** Chiara is the administrator of the three. */
const [ADELE, BRUNO, CHIARA] = DEMO_USERS;

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform(DUE_AT_ONCE);
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});
beforeEach(async () => {
  for (const context of browser.contexts()) await context.close();
  await control(platform.entra, 'DELETE', `/tenants/${TENANT_ID}/consent`);
  for (const user of DEMO_USERS) await control(platform.entra, 'DELETE', `/users/${user.name}/consent`);
  await control(platform.entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: true });
  await control(platform.entra, 'PUT', '/consent', { delaySeconds: 0 });
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const pick = (page: Page, user: DemoUser) => page.getByRole('button', { name: user.displayName }).click();

/** How often the page left for the directory, and what it asked for there. */
async function openPage(): Promise<{ page: Page; left: URLSearchParams[] }> {
  const page = await (await browser.newContext()).newPage();
  await page.clock.install();
  const left: URLSearchParams[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (request.isNavigationRequest() && url.pathname.endsWith('/oauth2/v2.0/authorize')) {
      left.push(url.searchParams);
    }
  });
  await page.goto(platform.webOrigin);
  return { page, left };
}

async function getAs(path: string, user: DemoUser, scope: string): Promise<Response> {
  const { accessToken } = await signInWithCode({
    origin: platform.entra.origin,
    user: user.name,
    spaOrigin: platform.webOrigin,
    scope,
  });
  return fetch(`${platform.host.origin}/api/${path}`, {
    headers: { Authorization: `Bearer ${accessToken}` },
  });
}

describe('the first user of a tenant', () => {
  it('meets one consent page, and then sees their profile', async () => {
    const { page, left } = await openPage();
    await button(page, 'Sign in').click();
    await pick(page, ADELE);
    await page.getByText('Microsoft Graph: User.Read').waitFor();
    await screenshot(page, 'consent-first');
    await acceptConsent(page);
    await heading(page, ADELE.displayName).waitFor();
    expect(left.map((query) => [query.get('scope')?.split(' ')[0], query.get('prompt')])).toEqual([
      [`api://${API_CLIENT_ID}/.default`, null],
    ]);
  });

  it('is not asked for anything twice when the consent takes effect late', async () => {
    await control(platform.entra, 'PUT', '/consent', { delaySeconds: 600 });
    const { page, left } = await openPage();
    await button(page, 'Sign in').click();
    await pick(page, ADELE);
    await acceptConsent(page);
    await page.getByText('Setting things up').first().waitFor();
    await control(platform.entra, 'PUT', '/consent', { delaySeconds: 0 });
    await heading(page, ADELE.displayName).waitFor();
    expect(left.length).toBe(1);
  });

  it('would be refused with the scope of the API alone, which asks consent for no more than that', async () => {
    const response = await getAs('profile', BRUNO, `api://${API_CLIENT_ID}/access_as_user`);
    expect(response.status).toBe(401);
    const problem = (await response.json()) as Problem;
    expect(problem).toMatchObject({ code: 'CONSENT_REQUIRED', upstream: { code: 'AADSTS65001' } });
  });
});

describe('a consent that was withdrawn while the person was away', () => {
  it('is noted by the worker, and healed by one click and one consent page', async () => {
    const { page, left } = await openPage();
    await button(page, 'Sign in').click();
    await pick(page, BRUNO);
    await acceptConsent(page);
    await heading(page, BRUNO.displayName).waitFor();
    await control(platform.entra, 'DELETE', `/users/${BRUNO.name}/consent`);
    await expect
      .poll(
        async () => {
          await platform.host.run('refreshWorker');
          await page.evaluate('dispatchEvent(new Event("online"))');
          return page.getByRole('main').innerText();
        },
        { timeout: 20_000, interval: 1_000 },
      )
      .toContain('A permission is missing.');
    await passSettling(page);
    await button(page, 'Give permission').click();
    await acceptConsent(page);
    await heading(page, BRUNO.displayName).waitFor();
    await heading(page, 'All set again').waitFor();
    // By the link, which asks for the permission by name.
    expect(left.map((query) => query.get('prompt'))).toEqual([null, null]);
    expect(left.at(-1)?.get('scope')).toContain('https://graph.microsoft.com/User.Read');
    await page.getByText('You stay connected now.').waitFor();
  });
});

describe('a user who may not consent', () => {
  it('gets a link for the administrator, whose consent heals with one click and no page', async () => {
    await control(platform.entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: false });
    const { page, left } = await openPage();
    await button(page, 'Sign in').click();
    await pick(page, ADELE);
    await page.getByRole('button', { name: /return to the application/i }).click();
    await heading(page, 'You were not signed in').waitFor();
    const link = await page.locator('.admin-link code').innerText();
    expect(new URL(link).searchParams.get('client_id')).not.toBe(API_CLIENT_ID);
    await screenshot(page, 'consent-admin-link');

    const admin = await (await browser.newContext()).newPage();
    await admin.goto(link);
    await pick(admin, CHIARA);
    await acceptConsent(admin);
    await heading(admin, 'Your organisation says that the permission is given').waitFor();
    await screenshot(admin, 'consent-admin-landing');

    await button(page, 'Sign in').click();
    await heading(page, ADELE.displayName).waitFor();
    expect(left.map((query) => query.get('prompt'))).toEqual([null, null]);
  });

  it('is healed without any prompt when the administrator consents while the page is open', async () => {
    const { page, left } = await openPage();
    await button(page, 'Sign in').click();
    await pick(page, ADELE);
    await acceptConsent(page);
    await heading(page, ADELE.displayName).waitFor();
    await control(platform.entra, 'DELETE', `/users/${ADELE.name}/consent?client=${API_CLIENT_ID}`);
    const asked = async () => {
      const { failure } = (await (
        await getAs('connection', ADELE, `api://${API_CLIENT_ID}/access_as_user`)
      ).json()) as Connection;
      // The history may hold another test's.
      return failure?.kind;
    };
    await expect
      .poll(
        async () => {
          await platform.host.run('refreshWorker');
          return asked();
        },
        { timeout: 20_000, interval: 1_000 },
      )
      .toBe('consent');
    // MSAL compares whole seconds, so the token of the visit may serve one more visit.
    const refused = heading(page, 'Stead needs your permission');
    await expect
      .poll(
        async () => {
          await page.reload();
          await refused.or(heading(page, ADELE.displayName)).waitFor();
          return refused.count();
        },
        { timeout: 20_000 },
      )
      .toBe(1);
    await control(platform.entra, 'PUT', `/tenants/${TENANT_ID}/consent`, { usersMayConsent: false });
    const url = `${platform.entra.origin}/${TENANT_ID}/v2.0/adminconsent?${new URLSearchParams({
      client_id: left[0]?.get('client_id') ?? '',
      scope: `api://${API_CLIENT_ID}/.default`,
      redirect_uri: `${platform.webOrigin}/admin.html`,
      state: 'any',
    })}`;
    const admin = await (await browser.newContext()).newPage();
    await admin.goto(url);
    await pick(admin, CHIARA);
    await acceptConsent(admin);
    await heading(admin, 'Your organisation says that the permission is given').waitFor();
    await button(page, 'Give permission').click();
    await heading(page, ADELE.displayName).waitFor();
    expect(left.length).toBe(1);
  });
});
