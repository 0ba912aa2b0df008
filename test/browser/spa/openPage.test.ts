/** What goes wrong while somebody has the page open: it says so, keeps what it shows, and offers the way on. */
import type { Page } from 'playwright-core';
import { afterEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../dev/entra/lifetimes.ts';
import { control } from '../../support/entraClients.ts';
import { connections } from './connections.ts';
import { keptConnection, pageForTests, problem } from './pageUnderTest.ts';

const [ADELE] = DEMO_USERS;

const app = pageForTests();
afterEach(async () => {
  await control(app.entra, 'PUT', '/lifetimes', DEFAULT_LIFETIMES);
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const headline = (page: Page, name: RegExp) => page.getByRole('heading', { name });

const WELL = /all well$/;
const ENDED = /^You stopped Stead/;
const STOPPED = /^Stopped on /;

async function openSignedIn(state = WELL): Promise<Page> {
  const page = await app.open();
  await app.signIn(page);
  await headline(page, state).waitFor();
  await app.settled();
  return page;
}

describe('a change that the service does not make', () => {
  const active = keptConnection(connections.weekend());
  const disconnected = keptConnection(connections.disconnected());

  it.each([
    {
      what: 'stopping',
      before: { answer: active, state: WELL },
      buttons: ['Stop…', 'Stop'],
      says: 'Stead may not have stopped',
    },
    {
      what: 'starting again',
      before: { answer: disconnected, state: ENDED },
      buttons: ['Start again'],
      says: 'Stead was not started',
    },
  ])('is not said to be done: $what', async ({ before, buttons, says }) => {
    app.answer({ connection: before.answer });
    const page = await openSignedIn(before.state);
    app.answer({ connection: problem('UNAVAILABLE', 503) });
    for (const name of buttons) await button(page, name).click();
    const alert = page.getByRole('alert');
    await alert.waitFor();
    expect(await alert.innerText()).toContain(says);
    expect(await headline(page, before.state).count()).toBe(1);

    app.answer({ connection: before.answer });
    await button(page, 'Ask again').click();
    await alert.waitFor({ state: 'detached' });
    expect(await headline(page, before.state).count()).toBe(1);
  });
});

describe('a sign-in that ends', () => {
  it('leaves what is shown where it is, and takes one click to begin anew', async () => {
    // To MSAL both tokens have ended when they arrive.
    await control(app.entra, 'PUT', '/lifetimes', { accessToken: 299, spaRefreshToken: 1 });
    app.answer({ connection: keptConnection(connections.weekend()) });
    const page = await openSignedIn();
    await page.context().clearCookies();
    await page.waitForTimeout(1_500);
    await page.evaluate('dispatchEvent(new Event("online"))');
    await heading(page, 'Please sign in again').waitFor();
    // Not sooner: what the page may still have asked for would last.
    await control(app.entra, 'PUT', '/lifetimes', DEFAULT_LIFETIMES);
    expect(await heading(page, ADELE.displayName).count()).toBe(1);
    // Nothing beside it says that all is well.
    expect(await headline(page, WELL).count()).toBe(0);
    await button(page, 'Sign in again').click();
    await page.getByRole('button', { name: ADELE.displayName }).click();
    await heading(page, 'All set again').waitFor();
    expect(await heading(page, 'Please sign in again').count()).toBe(0);
  });
});

describe('a refusal of the worker that mended itself', () => {
  it('is gone after one click, without a sign-in and without losing the profile', async () => {
    app.answer({ connection: keptConnection(connections.needsUser()) });
    const page = await openSignedIn(STOPPED);
    app.answer({ connection: keptConnection(connections.weekend()) });
    await button(page, 'Sign in again').click();
    await heading(page, 'All set again').waitFor();
    expect(page.url()).toBe(`${app.origin}/`);
    expect(await headline(page, STOPPED).count()).toBe(0);
    expect(await page.evaluate('document.activeElement !== document.body')).toBe(true);
  });
});
