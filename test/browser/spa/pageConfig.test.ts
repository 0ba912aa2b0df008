import type { Browser, Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../../dev/launchBrowser.ts';
import { startWeb, type Web } from '../../../dev/web.ts';
import { screenshot } from '../../support/browser.ts';
import { PAGE_ROOT } from './pageUnderTest.ts';

let web: Web;
let browser: Browser;

beforeAll(async () => {
  web = await startWeb({ port: 0, root: PAGE_ROOT, config: {} });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await web?.close();
});
afterEach(async () => {
  for (const context of browser.contexts()) await context.close();
});

/** The page, with settings that arrive as `answer` wants. */
async function openWith(answer: (route: Route) => Promise<void>): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.route('**/config.json', answer);
  await page.goto(web.origin);
  return page;
}

const faultOn = async (page: Page): Promise<string> => {
  await page.getByRole('heading', { name: 'This page cannot start' }).waitFor();
  await page.getByText('Details', { exact: true }).click();
  return page.getByRole('main').innerText();
};

describe('settings', () => {
  const right = {
    clientId: 'c8a05e50-0e99-4720-b92d-cd151a853e69',
    authority: 'https://login.example/tenant',
    apiScope: 'api://af5685ae-b7e6-47f9-8961-29fc23c2e59c/access_as_user',
    apiBaseUrl: 'https://api.example',
  };

  it.each([
    { body: '<!doctype html>', says: 'is not JSON' },
    { body: 'null', says: 'holds no JSON object' },
    { body: '{}', says: 'lacks clientId, authority, apiScope, apiBaseUrl' },
    { body: JSON.stringify({ ...right, clientId: '' }), says: 'lacks clientId' },
    {
      body: JSON.stringify({ ...right, authority: 'https://login.example/<tenant>' }),
      says: 'lacks authority',
    },
    { body: JSON.stringify({ ...right, authority: 'http://login.example' }), says: '"authority"' },
    { body: JSON.stringify({ ...right, apiScope: 'access_as_user' }), says: '"apiScope"' },
    { body: JSON.stringify({ ...right, apiBaseUrl: 'api.example' }), says: '"apiBaseUrl"' },
    { body: JSON.stringify({ ...right, apiBaseUrl: 'http://[::1]:7071' }), says: '"apiBaseUrl"' },
    {
      body: JSON.stringify({ ...right, apiBaseUrl: 'http://api.example' }),
      says: 'http is for localhost alone',
    },
    { body: JSON.stringify({ ...right, apiBaseUrl: 'http://localhost.example' }), says: '"apiBaseUrl"' },
    { body: JSON.stringify({ ...right, knownAuthorities: 'login.example' }), says: '"knownAuthorities"' },
    { body: JSON.stringify({ ...right, authorityMetadata: {} }), says: '"authorityMetadata"' },
    { body: JSON.stringify({ ...right, localDemo: 'yes' }), says: '"localDemo"' },
    { body: JSON.stringify({ ...right, appName: ' ' }), says: '"appName"' },
    { body: JSON.stringify({ ...right, appName: 'x'.repeat(41) }), says: '"appName"' },
    { body: JSON.stringify({ ...right, logo: '//elsewhere.example/logo.svg' }), says: '"logo"' },
    { body: JSON.stringify({ ...right, logo: 'https://elsewhere.example/logo.svg' }), says: '"logo"' },
  ])('that are wrong are named: $says', async ({ body, says }) => {
    const page = await openWith((route) => route.fulfill({ body }));
    expect(await faultOn(page)).toContain(says);
  });

  it('that are not there are asked for', async () => {
    const page = await openWith((route) => route.fulfill({ status: 404 }));
    expect(await faultOn(page)).toContain('Put one beside this page');
  });

  it('that cannot be read are explained too', async () => {
    const page = await openWith((route) => route.abort());
    expect(await faultOn(page)).toContain('does not answer');
    await screenshot(page, 'spa-cannot-start');
  });

  it('of a real tenant need four lines, and no stand-in', async () => {
    const page = await openWith((route) => route.fulfill({ body: JSON.stringify(right) }));
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    expect(await page.getByRole('main').innerText()).not.toContain('Local demo');
  });

  it('give the page the name and the picture of the application, and nobody reads another name', async () => {
    const logo = 'data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22/%3E';
    const look = { ...right, appName: 'Orchard', logo };
    const page = await openWith((route) => route.fulfill({ body: JSON.stringify(look) }));
    await page.getByRole('heading', { level: 1, name: 'Orchard' }).waitFor();
    expect(await page.title()).toBe('Orchard: works for you while you are away');
    expect(await page.locator('header img').getAttribute('src')).toBe(logo);
    expect(await page.locator('link[rel=icon]').getAttribute('href')).toBe(logo);
    expect(await page.locator('body').innerText()).not.toContain('Stead');
    await page.goto(`${web.origin}/admin.html?admin_consent=True`);
    await page.getByRole('heading', { level: 1, name: 'Orchard' }).waitFor();
    expect(await page.locator('body').innerText()).not.toContain('Stead');
  });

  it('name a picture that cannot be had, and the page shows none', async () => {
    const look = { ...right, logo: 'data:image/png;base64,AAAA' };
    const page = await openWith((route) => route.fulfill({ body: JSON.stringify(look) }));
    await page.getByRole('button', { name: 'Sign in' }).waitFor();
    await expect.poll(() => page.locator('header img').count()).toBe(0);
  });

  it('name an application with long words, which stay whole on the narrowest phone', async () => {
    const look = { ...right, appName: 'Verwaltungsassistenten' };
    const page = await openWith((route) => route.fulfill({ body: JSON.stringify(look) }));
    await page.setViewportSize({ width: 320, height: 640 });
    const name = page.getByRole('heading', { level: 1 });
    await name.waitFor();
    const lines = await page.evaluate<number>(`(() => {
      const range = document.createRange();
      range.selectNodeContents(document.querySelector('h1'));
      return range.getClientRects().length;
    })()`);
    expect(lines).toBe(1);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(320);
  });
});
