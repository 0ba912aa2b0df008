/** Sign-ins that end while the page is open. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS, type DemoUser } from '../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../dev/entra/lifetimes.ts';
import { control } from '../../support/entraClients.ts';
import { type PageUnderTest, startPageUnderTest } from './pageUnderTest.ts';

const [ADELE, BRUNO] = DEMO_USERS;

let app: PageUnderTest;

beforeAll(async () => {
  app = await startPageUnderTest();
});
afterAll(() => app?.close());
beforeEach(() => app.answerWell());
afterEach(async () => {
  for (const context of app.browser.contexts()) await context.close();
  await control(app.entra, 'PUT', '/lifetimes', DEFAULT_LIFETIMES);
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const working = (page: Page) => page.getByText('Working', { exact: true });

async function signIn(page: Page, user: DemoUser): Promise<void> {
  await page.goto(app.origin);
  await button(page, 'Sign in').click();
  const picker = page.getByRole('button', { name: user.displayName });
  await picker.or(heading(page, user.displayName)).first().waitFor();
  if (await picker.isVisible()) await picker.click();
  await heading(page, user.displayName).waitFor();
  await working(page).waitFor();
}

describe('signing out in one tab', () => {
  it('takes the same person out of the others, and nothing of them is kept there', async () => {
    const page = await app.open();
    await signIn(page, ADELE);
    const other = await page.context().newPage();
    await signIn(other, ADELE);
    await button(page, 'Sign out').click();
    await button(other, 'Sign in').waitFor();
    const kept = await other.evaluate<string>('JSON.stringify({ ...sessionStorage, ...localStorage })');
    expect(kept).not.toContain(ADELE.oid);
  });
});

describe('a sign-in that is over while the page stands open', () => {
  it('leaves what is known on the page, and takes one click to begin anew', async () => {
    const page = await app.open();
    // To MSAL both tokens have ended when they arrive.
    await control(app.entra, 'PUT', '/lifetimes', { accessToken: 299, spaRefreshToken: 1 });
    await signIn(page, BRUNO);
    await control(app.entra, 'PUT', '/lifetimes', DEFAULT_LIFETIMES);
    await page.context().clearCookies();
    await page.waitForTimeout(1_500);
    await page.evaluate('dispatchEvent(new Event("online"))');
    await heading(page, 'Please sign in again').waitFor();
    await heading(page, BRUNO.displayName).waitFor();
    await button(page, 'Sign in again').click();
    await page.getByRole('button', { name: BRUNO.displayName }).click();
    await heading(page, BRUNO.displayName).waitFor();
    await working(page).waitFor();
    expect(await heading(page, 'Please sign in again').count()).toBe(0);
  });
});
