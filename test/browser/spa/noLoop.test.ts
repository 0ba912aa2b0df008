/** No refusal may loop: whatever the directory says, the page stops sending the person there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { type Platform, ROOT, startPlatform } from '../../../dev/platform.ts';
import { FAILURES } from '../../../shared/tokens/failures.ts';
import { launchBrowser, pickAccount } from '../../support/browser.ts';
import { control } from '../../support/entraClients.ts';
import { type PageUnderTest, startPageUnderTest } from './pageUnderTest.ts';

const [ADELE] = DEMO_USERS;
const UNKNOWN = 9_876_543;
/** Refusals of people by policies, assignments and consents. */
const OF_PEOPLE = [53003, 50105, 50057, 50020, 50076, 50173, 700082, 65001, 65004, 90094];
/** What the stand-in itself can say. */
const OF_STAND_IN = readdirSync(join(ROOT, 'dev/entra')).flatMap((file) =>
  [...readFileSync(join(ROOT, 'dev/entra', file), 'utf8').matchAll(/EntraError\(\s*'\w+',\s*(\d{5,8})/g)].map(
    ([, number]) => Number(number),
  ),
);
const OF_TABLE = FAILURES.flatMap(({ numbers = [] }) => numbers);
const NUMBERS = [...new Set([...OF_PEOPLE, ...OF_STAND_IN, ...OF_TABLE, UNKNOWN])].toSorted(
  (one, other) => one - other,
);
const MOST_REDIRECTS = 2;

/** Counts how often the page leaves for the directory. */
function countLeaving(page: Page): () => number {
  let left = 0;
  page.on('request', (request) => {
    if (!request.isNavigationRequest() || request.frame() !== page.mainFrame()) return;
    if (new URL(request.url()).pathname.endsWith('/oauth2/v2.0/authorize')) left += 1;
  });
  return () => left;
}

const OFFERS = /^(?:Sign in|Sign in again|Give permission)$/;
const offer = (page: Page) => page.getByRole('main').getByRole('button', { name: OFFERS });

describe('a refusal of the exchange', () => {
  let platform: Platform;
  let page: Page;
  let left: () => number;
  let close: () => Promise<void>;

  beforeAll(async () => {
    // MSAL takes a token's last 300 seconds for expired already: each visit exchanges anew.
    platform = await startPlatform({ lifetimes: { graphAccessToken: 301 } });
    const browser = await launchBrowser();
    close = () => browser.close();
    page = await (await browser.newContext()).newPage();
    left = countLeaving(page);
    await page.goto(platform.webOrigin);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await pickAccount(page, ADELE.displayName);
    await page.getByRole('heading', { name: ADELE.displayName }).waitFor();
    // Until then what she has just got is used.
    await page.waitForTimeout(1_500);
  }, 90_000);
  afterAll(async () => {
    await close?.();
    await platform?.stop();
  });
  afterEach(() => control(platform.entra, 'DELETE', `/users/${ADELE.name}/fault`));

  // One of each answer that leads to the directory: the ladder knows their codes, and no number.
  it.each([53003, UNKNOWN, 65001])('with AADSTS%i ends', { timeout: 150_000 }, async (errorNo) => {
    const suberror = errorNo === 65001 ? { suberror: 'consent_required' } : {};
    const refusal = { kind: 'error', error: 'invalid_grant', errorNo, ...suberror };
    await control(platform.entra, 'PUT', `/users/${ADELE.name}/fault`, refusal);
    await page.evaluate("sessionStorage.removeItem('stead.redirects')");
    await page.reload();
    const before = left();
    for (let click = 0; click <= MOST_REDIRECTS; click += 1) {
      await page
        .getByRole('heading', { name: /sign in again|your permission|Tell your/ })
        .first()
        .waitFor({ timeout: 45_000 });
      await settled(page);
      if ((await offer(page).count()) === 0) break;
      await offer(page).first().click();
      await leaveAndReturn(page, platform.webOrigin);
    }
    await settled(page);
    expect(left() - before).toBeGreaterThan(0);
    expect(left() - before).toBeLessThanOrEqual(MOST_REDIRECTS);
    expect(await offer(page).count()).toBe(0);
    await page.getByRole('heading', { name: 'Tell your administrator' }).first().waitFor();
    const details = await page.locator('.notice dl').first().innerText();
    expect(details).toContain(`AADSTS${errorNo}`);
    expect(details).toMatch(/Directory correlation id\s+[\da-f-]{36}/);
    expect(details).toMatch(/Directory time\s+\d/);
  });
});

async function settled(page: Page): Promise<void> {
  await expect
    .poll(
      async () =>
        (await page.getByRole('main').innerText()).match(/Reading your|Setting things up|One moment/),
      {
        timeout: 45_000,
      },
    )
    .toBeNull();
}

/** Through whatever page of the directory comes first, back to the page itself. */
async function leaveAndReturn(page: Page, origin: string): Promise<void> {
  await page.waitForURL((url) => url.origin !== origin, { timeout: 3_000 }).catch(() => undefined);
  if (new URL(page.url()).origin !== origin) {
    const go = page.getByRole('button', { name: new RegExp(`${ADELE.displayName}|^Accept$`) }).first();
    await Promise.race([go.click({ timeout: 5_000 }).catch(() => undefined), page.waitForURL(`${origin}/`)]);
  }
  await page.waitForURL(`${origin}/`);
}

describe('a refusal at the sign-in itself', () => {
  let app: PageUnderTest;

  beforeAll(async () => {
    app = await startPageUnderTest();
  });
  afterAll(() => app?.close());

  it.each(NUMBERS)('with AADSTS%i ends, and names what an administrator needs', async (errorNo) => {
    const page = await app.open();
    const left = countLeaving(page);
    // What the directory answers to every request for a page: the application is sent back with the refusal.
    await page.route('**/oauth2/v2.0/authorize?*', async (route) => {
      const query = new URL(route.request().url()).searchParams;
      const refusal = new URLSearchParams({
        error: 'access_denied',
        error_description: `AADSTS${errorNo}: Refused. Trace ID: 2b6a6b57-8c2e-4f43-8f77-0a6d7b3b1c00 Correlation ID: 8f2f0dd3-17a6-4a0f-9a63-3d2a2c8e5f10 Timestamp: 2031-05-06 07:08:09Z`,
        state: query.get('state') ?? '',
      });
      await route.fulfill({ status: 302, headers: { location: `${query.get('redirect_uri')}#${refusal}` } });
    });
    for (let click = 0; click <= MOST_REDIRECTS; click += 1) {
      await page
        .getByRole('heading', { name: /Sign in once|You were not signed in|Tell your/ })
        .first()
        .waitFor();
      if ((await offer(page).count()) === 0) break;
      await offer(page).first().click();
      await page.getByRole('heading', { name: /You were not signed in|Tell your/ }).waitFor();
    }
    expect(left()).toBe(MOST_REDIRECTS);
    expect(await offer(page).count()).toBe(0);
    const shown = await page.getByRole('main').innerText();
    for (const text of [
      'Tell your administrator',
      `AADSTS${errorNo}`,
      '8f2f0dd3-17a6-4a0f-9a63-3d2a2c8e5f10',
      '2031-05-06 07:08:09Z',
      '/v2.0/adminconsent?',
    ]) {
      expect(shown).toContain(text);
    }
    await page.context().close();
  });
});
