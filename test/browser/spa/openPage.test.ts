/** What goes wrong while somebody has the page open: it says so, keeps what it shows, and offers the way on. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../dev/entra/lifetimes.ts';
import { control } from '../../support/entraClients.ts';
import { connections } from './connections.ts';
import { keptConnection, type PageUnderTest, problem, startPageUnderTest } from './pageUnderTest.ts';

const [ADELE] = DEMO_USERS;

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
const away = (page: Page) => page.getByRole('region', { name: 'While you were away' });
const badge = (page: Page, name: string) => away(page).getByText(name, { exact: true });

async function openSignedIn(state = 'Working'): Promise<Page> {
  const page = await app.open();
  await app.signIn(page);
  await badge(page, state).waitFor();
  return page;
}

describe('a change that the service does not make', () => {
  const active = keptConnection(connections.active());
  const disconnected = keptConnection(connections.disconnected());

  it.each([
    {
      what: 'disconnecting',
      before: { answer: active, state: 'Working' },
      buttons: ['Disconnect…', 'Disconnect'],
      says: 'You may still be connected',
    },
    {
      what: 'reconnecting',
      before: { answer: disconnected, state: 'Disconnected' },
      buttons: ['Reconnect'],
      says: 'You are not connected',
    },
  ])('is not said to be done: $what', async ({ before, buttons, says }) => {
    app.answer({ connection: before.answer });
    const page = await openSignedIn(before.state);
    app.answer({ connection: problem('UNAVAILABLE', 503) });
    for (const name of buttons) await button(page, name).click();
    const alert = away(page).getByRole('alert');
    await alert.waitFor();
    expect(await alert.innerText()).toContain(says);
    expect(await badge(page, before.state).count()).toBe(1);

    app.answer({ connection: before.answer });
    await button(page, 'Ask again').click();
    await alert.waitFor({ state: 'detached' });
    expect(await badge(page, before.state).count()).toBe(1);
  });
});

describe('a sign-in that ends', () => {
  it('leaves what is shown where it is, and takes one click to begin anew', async () => {
    // To MSAL both tokens have ended when they arrive.
    await control(app.entra, 'PUT', '/lifetimes', { accessToken: 299, spaRefreshToken: 1 });
    const page = await openSignedIn();
    await control(app.entra, 'PUT', '/lifetimes', DEFAULT_LIFETIMES);
    await page.context().clearCookies();
    await page.waitForTimeout(1_500);
    await page.evaluate('dispatchEvent(new Event("online"))');
    await heading(page, 'Please sign in again').waitFor();
    expect(await heading(page, ADELE.displayName).count()).toBe(1);
    expect(await badge(page, 'Working').count()).toBe(1);
    await button(page, 'Sign in again').click();
    await page.getByRole('button', { name: ADELE.displayName }).click();
    await badge(page, 'Working').waitFor();
    expect(await heading(page, 'Please sign in again').count()).toBe(0);
  });
});

describe('a refusal of the worker that mended itself', () => {
  it('is gone after one click, without a sign-in and without losing the profile', async () => {
    app.answer({ connection: keptConnection(connections.needsUser()) });
    const page = await openSignedIn('Waiting for you');
    await heading(page, 'Stead needs you').waitFor();
    app.answer({ connection: keptConnection(connections.active()) });
    await button(page, 'Sign in again').click();
    await badge(page, 'Working').waitFor();
    expect(page.url()).toBe(`${app.origin}/`);
    expect(await heading(page, 'Stead needs you').count()).toBe(0);
    expect(await page.evaluate('document.activeElement !== document.body')).toBe(true);
  });
});
