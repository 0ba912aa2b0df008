/** Ending a connection and beginning it again, with the keyboard, with trouble, and with another tab open. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { connections } from './connections.ts';
import { keptConnection, type PageUnderTest, problem, startPageUnderTest } from './pageUnderTest.ts';

const [ADELE] = DEMO_USERS;

let app: PageUnderTest;

beforeAll(async () => {
  app = await startPageUnderTest();
});
afterAll(() => app?.close());
beforeEach(() => {
  app.answerWell();
  app.answer({ connection: keptConnection(connections.active()) });
});
afterEach(async () => {
  for (const context of app.browser.contexts()) await context.close();
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const away = (page: Page) => page.getByRole('region', { name: 'While you were away' });
const badge = (page: Page, name: string) => away(page).getByText(name, { exact: true });
const focused = (page: Page) => page.evaluate<string>('document.activeElement.textContent');

async function signedIn(page: Page): Promise<Page> {
  await button(page, 'Sign in').click();
  await page.getByRole('button', { name: ADELE.displayName }).click();
  await badge(page, 'Working').waitFor();
  return page;
}

describe('disconnecting', () => {
  it('is asked about first: Escape keeps everything, and the keyboard is where it was', async () => {
    const page = await signedIn(await app.open());
    await button(page, 'Disconnect…').focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog', { name: 'Disconnect?' });
    await dialog.waitFor();
    expect(await focused(page)).toBe('Keep it');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    expect(await focused(page)).toBe('Disconnect…');
    await badge(page, 'Working').waitFor();
  });

  it('can be done with the keyboard alone, and undone, and does not lose the place', async () => {
    const page = await signedIn(await app.open());
    await button(page, 'Disconnect…').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await badge(page, 'Disconnected').waitFor();
    expect(await away(page).getByRole('status').innerText()).toBe('Your connection: Disconnected.');
    expect(await away(page).getByRole('list').count()).toBe(0);
    await page.keyboard.press('Tab');
    expect(await focused(page)).toBe('Reconnect');
    await page.keyboard.press('Enter');
    await badge(page, 'Starting').waitFor();
  });

  it('is not said to be done when it is not', async () => {
    const page = await signedIn(await app.open());
    app.answer({ connection: problem('UNAVAILABLE', 503) });
    await button(page, 'Disconnect…').click();
    await button(page, 'Disconnect').click();
    const alert = away(page).getByRole('alert');
    await alert.waitFor();
    expect(await alert.innerText()).toContain('You may not be disconnected');
    app.answer({ connection: keptConnection(connections.active()) });
    await button(page, 'Ask again').click();
    await alert.waitFor({ state: 'detached' });
    await badge(page, 'Working').waitFor();
  });

  it('is seen in the other tab of the same person, and so is the end of it', async () => {
    const page = await signedIn(await app.open());
    const other = await page.context().newPage();
    await other.goto(app.origin);
    await signedInBySession(other);
    await button(page, 'Disconnect…').click();
    await button(page, 'Disconnect').click();
    await badge(other, 'Disconnected').waitFor();
    await button(other, 'Reconnect').click();
    await badge(page, 'Starting').waitFor();
  });
});

/** The directory knows the person already, and asks which account it shall be. */
async function signedInBySession(page: Page): Promise<void> {
  await button(page, 'Sign in').click();
  const picker = page.getByRole('button', { name: ADELE.displayName });
  await picker.or(badge(page, 'Working')).first().waitFor();
  if (await picker.isVisible()) await picker.click();
  await badge(page, 'Working').waitFor();
}
