/** One person in several tabs, and a sign-in that has grown old. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { DEMO_USERS, type DemoUser } from '../../../dev/entra/directory.ts';
import { comingBack, screenshot, signOut } from '../../support/browser.ts';
import { control } from '../../support/entraClients.ts';
import { connections } from './connections.ts';
import { keptConnection, pageForTests } from './pageUnderTest.ts';
import { expectDiscreet, watchPage } from './watchPage.ts';

const [ADELE, BRUNO] = DEMO_USERS;

const app = pageForTests();

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const shows = (page: Page, user: DemoUser) => page.getByRole('heading', { name: user.displayName }).waitFor();

/** Two tabs of one browser, each signed in. */
async function twoTabs(second: DemoUser): Promise<[Page, Page]> {
  const one = await app.open();
  await app.signIn(one);
  await shows(one, ADELE);
  const other = await one.context().newPage();
  await other.goto(app.origin);
  if (second === ADELE) {
    await button(other, 'Sign in').click();
  } else {
    // Without the directory's session the picker is shown again.
    await one.context().clearCookies();
    await app.signIn(other, second);
  }
  await shows(other, second);
  return [one, other];
}

describe('two tabs of one person', () => {
  it('both show that they stopped in one, and that they started again', async () => {
    app.answer({ connection: keptConnection(connections.active()) });
    const [one, other] = await twoTabs(ADELE);
    await button(one, 'Stop…').click();
    await button(one, 'Stop').click();
    await button(one, 'Start again').waitFor();
    await button(other, 'Start again').click();
    await other.getByRole('heading', { name: 'Stead is getting ready for you' }).waitFor();
    await one.getByRole('heading', { name: 'Stead is getting ready for you' }).waitFor();
  });

  it('are both signed out by one', async () => {
    const [one, other] = await twoTabs(ADELE);
    await comingBack(other, () => signOut(one));
    await button(one, 'Sign in').waitFor();
    await button(other, 'Sign in').waitFor();
    expect(await other.content()).not.toContain(ADELE.displayName);
    expect(await other.evaluate<string>('JSON.stringify({ ...sessionStorage })')).not.toContain(ADELE.oid);
  });
});

describe('two tabs of two people', () => {
  it('are signed out each on its own', async () => {
    const [one, other] = await twoTabs(BRUNO);
    await signOut(one);
    await button(one, 'Sign in').waitFor();
    await shows(other, BRUNO);
    expect(await button(other, 'Sign out').count()).toBe(1);
  });
});

describe('a sign-in that nothing can renew', () => {
  it('is said once, and one click mends it', async () => {
    const page = await app.open();
    // To MSAL both tokens have ended when they arrive.
    await control(app.entra, 'PUT', '/lifetimes', { accessToken: 299, spaRefreshToken: 1 });
    await app.signIn(page);
    await shows(page, ADELE);
    await page.waitForTimeout(1_500);
    // Days later the directory does not know them either.
    await page.context().clearCookies();
    await page.reload();
    await page.getByRole('heading', { name: 'Please sign in again' }).waitFor();
    expect(await page.getByRole('alert').innerText()).toContain('This sign-in has ended.');
    expect(await page.getByRole('main').getByRole('button').allInnerTexts()).toEqual(['Sign in again']);
    await screenshot(page, 'session-over');
    await control(app.entra, 'PUT', '/lifetimes', { accessToken: 3_600, spaRefreshToken: 86_400 });
    await button(page, 'Sign in again').click();
    await page.getByRole('button', { name: ADELE.displayName }).click();
    await shows(page, ADELE);
  });
});

describe('what a tab keeps', () => {
  it('is in its session storage alone, and no token is where it can be read', async () => {
    const page = await app.open();
    const watched = watchPage(page);
    await app.signIn(page);
    await shows(page, ADELE);
    await expect.poll(() => watched.secrets.size).toBe(6);
    await expectDiscreet(page, watched);
    const [session, local] = await page.evaluate<string[]>(
      '[sessionStorage, localStorage].map((storage) => JSON.stringify({ ...storage }))',
    );
    expect([...watched.secrets].filter((secret) => session?.includes(secret)).length).toBeGreaterThan(0);
    expect(local).not.toContain(ADELE.oid);
    expect([...watched.secrets].filter((secret) => local?.includes(secret))).toEqual([]);
    expect(await page.evaluate('document.cookie')).toBe('');
    expect(await page.evaluate<unknown[]>('indexedDB.databases()')).toEqual([]);
  });
});
