/** No refusal may loop: whatever the directory says, the page stops sending the person there. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { launchBrowser } from '../../../dev/launchBrowser.ts';
import { pickAccount } from '../../../dev/pickAccount.ts';
import { type Platform, startPlatform } from '../../../dev/platform.ts';
import { passSettling } from '../../support/browser.ts';
import { control } from '../../support/entraClients.ts';
import { type PageUnderTest, startPageUnderTest } from './pageUnderTest.ts';
import { countLeaving, EXAMPLES, expectSignInEnds, MOST_REDIRECTS, offer } from './refusedSignIn.ts';

const [ADELE] = DEMO_USERS;

describe('a refusal of the exchange', () => {
  let platform: Platform;
  let page: Page;
  let left: () => number;
  let close: () => Promise<void>;

  beforeAll(async () => {
    // MSAL takes a token's last 300 seconds for expired already: each visit exchanges anew.
    platform = await startPlatform({ timers: false, lifetimes: { graphAccessToken: 301 } });
    const browser = await launchBrowser();
    close = () => browser.close();
    page = await (await browser.newContext()).newPage();
    await page.clock.install();
    left = countLeaving(page);
    await page.goto(platform.webOrigin);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await pickAccount(page, ADELE.displayName);
    await page.getByRole('heading', { name: ADELE.displayName }).waitFor();
  }, 90_000);
  afterAll(async () => {
    await close?.();
    await platform?.stop();
  });
  afterEach(() => control(platform.entra, 'DELETE', `/users/${ADELE.name}/fault`));

  it.each(EXAMPLES)('with AADSTS%i ends', async (errorNo) => {
    const suberror = errorNo === 65001 ? { suberror: 'consent_required' } : {};
    const refusal = { kind: 'error', error: 'invalid_grant', errorNo, ...suberror };
    await control(platform.entra, 'PUT', `/users/${ADELE.name}/fault`, refusal);
    await page.evaluate("sessionStorage.removeItem('stead.redirects')");
    const profile = page.getByRole('heading', { name: ADELE.displayName });
    await expect
      .poll(
        async () => {
          await page.reload();
          await profile.or(refusals(page)).first().waitFor();
          return profile.count();
        },
        { message: 'profiles by the token that she has just got', timeout: 20_000 },
      )
      .toBe(0);
    const before = left();
    // For a consent, one link comes before the sign-ins.
    const most = MOST_REDIRECTS + (errorNo === 65001 ? 1 : 0);
    for (let click = 0; click <= most; click += 1) {
      await settled(page);
      if ((await offer(page).count()) === 0) break;
      const leaves = page.waitForEvent('framenavigated', (frame) => frame === page.mainFrame());
      await offer(page).first().click();
      await leaves;
      await returnTo(page, platform.webOrigin);
    }
    await settled(page);
    expect(left() - before).toBeGreaterThan(0);
    expect(left() - before).toBeLessThanOrEqual(most);
    expect(await offer(page).count()).toBe(0);
    await page.getByRole('heading', { name: 'Tell your administrator' }).first().waitFor();
    const details = await page.locator('.notice dl').first().innerText();
    expect(details).toContain(`AADSTS${errorNo}`);
    expect(details).toMatch(/Directory correlation id\s+[\da-f-]{36}/);
    expect(details).toMatch(/Directory time\s+\d/);
  });
});

const refusals = (page: Page) =>
  page.getByRole('heading', { name: /sign in again|your permission|Tell your/ });

/** Lets the page come to rest before a refusal: nothing is under way any more. */
async function settled(page: Page): Promise<void> {
  await expect
    .poll(
      async () => {
        const shown = await page.getByRole('main').innerText();
        if (shown.includes('Setting things up')) await passSettling(page);
        return /Reading your|Setting things up|One moment/.test(shown) ? 0 : refusals(page).count();
      },
      { timeout: 20_000 },
    )
    .toBeGreaterThan(0);
}

/** Through whatever page of the directory came first, if any did, back to the page itself. */
async function returnTo(page: Page, origin: string): Promise<void> {
  if (new URL(page.url()).origin !== origin) {
    const go = page.getByRole('button', { name: new RegExp(`${ADELE.displayName}|^Accept$`) }).first();
    await Promise.race([go.waitFor(), page.waitForURL(`${origin}/`)]);
    if (await go.isVisible()) await go.click();
  }
  await page.waitForURL(`${origin}/`);
}

describe('a refusal at the sign-in itself', () => {
  let app: PageUnderTest;

  beforeAll(async () => {
    app = await startPageUnderTest();
  });
  afterAll(() => app?.close());

  it.each(EXAMPLES)('with AADSTS%i ends, and names what an administrator needs', (errorNo) =>
    expectSignInEnds(app, errorNo));
});
