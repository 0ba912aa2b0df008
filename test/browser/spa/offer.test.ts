/** When the page offers a link, what it says of it, and when a link is what its button opens. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS, type DemoUser } from '../../../dev/entra/directory.ts';
import type { Connection } from '../../../shared/wire.ts';
import { signOut } from '../../support/browser.ts';
import { connections, linkable } from './connections.ts';
import { keptConnection, type PageUnderTest, problem, startPageUnderTest } from './pageUnderTest.ts';

const [ADELE, BRUNO] = DEMO_USERS;
const OFFER = /^Your organisation may ask to see you again after a day\. With one more sign-in/;

let app: PageUnderTest;
beforeAll(async () => {
  app = await startPageUnderTest();
});
afterAll(() => app?.close());
beforeEach(() => app.answerWell());
afterEach(async () => {
  for (const context of app.browser.contexts()) await context.close();
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const choices = (page: Page) => page.getByRole('heading', { name: 'Your choices', exact: true });
/** What the page asks for where its own visit needs a permission. */
const VISIT = { functions: ['profile'] };
/** Where the service sends a browser that links. */
const elsewhere = () => `${app.entra.origin}/a-link`;

/** @returns the bodies of the requests for a link, whose answer is an address that the browser then opens */
async function answerLinks(page: Page, answer: 'ticket' | 'none' = 'ticket'): Promise<unknown[]> {
  const wishes: unknown[] = [];
  await page.route('**/api/connection/link', async (route) => {
    const headers = { 'Access-Control-Allow-Origin': app.origin, 'Access-Control-Allow-Headers': '*' };
    const allowed = { ...headers, 'Access-Control-Allow-Headers': 'authorization, content-type' };
    if (route.request().method() === 'OPTIONS') return route.fulfill({ status: 204, headers: allowed });
    wishes.push(route.request().postDataJSON());
    if (answer === 'none') return route.fulfill({ status: 503, headers, json: {} });
    return route.fulfill({ headers, json: { url: elsewhere() } });
  });
  await page.route(elsewhere(), (route) => route.fulfill({ contentType: 'text/html', body: 'a link' }));
  return wishes;
}

async function visit(connection: Connection, user: DemoUser = ADELE): Promise<Page> {
  app.answer({ connection: keptConnection(connection) });
  const page = await app.open();
  await app.signIn(page, user);
  await choices(page).waitFor();
  return page;
}

describe('the offer of a link', () => {
  it.each([
    ['partly', connections.partly()],
    ['paused', connections.paused()],
    ['waiting', connections.waiting()],
    ['well', connections.weekend()],
  ])('is there in the state %s', async (name, connection) => {
    const page = await visit(linkable(connection));
    await page.locator(`[data-state=${name}]`).waitFor();
    await page.getByText(OFFER).waitFor();
    const wishes = await answerLinks(page);
    await button(page, 'Stay connected').click();
    await page.waitForURL(elsewhere());
    expect(wishes).toEqual([{}]);
  });

  it('says why there is no link, and can be taken again', async () => {
    const page = await visit(linkable(connections.weekend()));
    const wishes = await answerLinks(page, 'none');
    await button(page, 'Stay connected').click();
    await page.getByRole('alert').filter({ hasText: 'cannot be reached' }).waitFor();
    await button(page, 'Stay connected').click();
    await expect.poll(() => wishes.length).toBe(2);
  });

  it('can be taken again by whoever goes back to the page as they left it', async () => {
    const page = await visit(linkable(connections.weekend()));
    const wishes = await answerLinks(page);
    // The browser stays where it is, as a page does that is kept for the way back.
    await page.route(elsewhere(), (route) => route.fulfill({ status: 204 }));
    const leaves = page.waitForResponse(elsewhere());
    await button(page, 'Stay connected').click();
    await leaves;
    expect(await button(page, 'Stay connected').isDisabled()).toBe(true);
    await page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))");
    await button(page, 'Stay connected').click();
    await expect.poll(() => wishes.length).toBe(2);
  });

  it('gives the keyboard a place when it is declined', async () => {
    const page = await visit(linkable(connections.weekend()));
    await button(page, 'Not now').press('Enter');
    await page.getByText(OFFER).waitFor({ state: 'detached' });
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toBe('How it stands');
  });

  it('promises no more than the service keeps', async () => {
    const page = await visit(linkable(connections.weekend(), 30));
    expect(await page.getByText(OFFER).innerText()).toMatch(/can go on for about 30 days\.$/);
  });

  it('is not there where something else is asked of the person, and where a link gains nothing', async () => {
    const stopped = await visit(linkable(connections.consentMissing()));
    await button(stopped, 'Give permission').waitFor();
    expect(await stopped.getByText(OFFER).count()).toBe(0);
    const kept = await visit(connections.linked());
    expect(await kept.getByText(OFFER).count()).toBe(0);
    expect(await button(kept, 'Go on for longer').count()).toBe(0);
  });

  it('is declined by one person of a browser, who still finds it among the choices', async () => {
    const page = await visit(linkable(connections.weekend()));
    await button(page, 'Not now').click();
    await page.getByText(OFFER).waitFor({ state: 'detached' });
    await page.reload();
    await button(page, 'Go on for longer').waitFor();
    expect(await page.getByText(OFFER).count()).toBe(0);

    await signOut(page);
    await app.signIn(page, BRUNO);
    await page.getByText(OFFER).waitFor();
    expect(await button(page, 'Go on for longer').count()).toBe(0);
    const kept = await page.evaluate<string>('JSON.stringify({ ...localStorage })');
    for (const { oid, upn } of [ADELE, BRUNO]) {
      expect(kept).not.toContain(oid);
      expect(kept).not.toContain(upn);
    }

    await button(page, 'Not now').click();
    const wishes = await answerLinks(page);
    await button(page, 'Go on for longer').click();
    await page.waitForURL(elsewhere());
    expect(wishes).toEqual([{}]);
  });
});

describe('a permission that a link asks for', () => {
  const refused = problem('CONSENT_REQUIRED', 401, { scopes: ['https://graph.microsoft.com/User.Read'] });
  const prompts = (page: Page) => {
    const seen: (string | null)[] = [];
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (request.isNavigationRequest() && url.pathname.endsWith('/oauth2/v2.0/authorize')) {
        seen.push(url.searchParams.get('prompt'));
      }
    });
    return seen;
  };
  const needing = async (connection: Connection) => {
    const page = await visit(connection);
    app.answer({ profile: refused });
    await page.goto(app.origin);
    await page.getByRole('heading', { name: 'Stead needs your permission' }).waitFor();
    return page;
  };

  it.each([
    ['a newcomer', connections.pending()],
    ['a consent that was withdrawn', connections.consentMissing()],
  ])('is given by the link: %s', async (_who, connection) => {
    const page = await needing(linkable(connection));
    const [wishes, left] = [await answerLinks(page), prompts(page)];
    await button(page, 'Give permission').click();
    await page.waitForURL(elsewhere());
    expect({ wishes, left }).toEqual({ wishes: [VISIT], left: [] });

    app.answer({ connection: keptConnection(connections.linked()) });
    app.answerWell();
    await page.goto(`${app.origin}/?link=linked`);
    await page.getByRole('heading', { name: 'All set again' }).waitFor();
    await page.reload();
    await choices(page).waitFor();
    expect(await page.getByRole('heading', { name: 'All set again' }).count()).toBe(0);
  });

  it('is given by the link although sign-ins were in vain, and nobody is sent to an administrator', async () => {
    const page = await visit(linkable(connections.pending()));
    app.answer({ profile: refused });
    const attempt = { reason: 'CONSENT_REQUIRED https://graph.microsoft.com/User.Read', step: 'consent' };
    await page.evaluate(
      `sessionStorage.setItem('stead.redirects', JSON.stringify([{ ...${JSON.stringify(attempt)}, at: Date.now() }]))`,
    );
    await page.goto(app.origin);
    await button(page, 'Give permission').waitFor();
    expect(await page.getByText('Tell your administrator').count()).toBe(0);
  });

  it('is given by the sign-in where there is no link', async () => {
    const page = await needing(connections.pending());
    const left = prompts(page);
    await button(page, 'Give permission').click();
    await page.waitForURL((url) => url.origin !== app.origin);
    expect(left).toEqual(['consent']);
  });

  it('is given by the sign-in if no link can be had', async () => {
    const page = await needing(linkable(connections.pending()));
    const [wishes, left] = [await answerLinks(page, 'none'), prompts(page)];
    await button(page, 'Give permission').click();
    await page.waitForURL((url) => url.origin !== app.origin);
    expect({ wishes, left }).toEqual({ wishes: [VISIT], left: ['consent'] });
    await page.goto(app.origin);
    await page.getByRole('heading', { name: 'Tell your administrator' }).waitFor();
  });

  it.each([
    ['without a result', ''],
    ['from a question that only an administrator can answer', '?link=admin'],
  ])('is given by the sign-in to whoever comes back from a link %s', async (_how, query) => {
    const page = await needing(linkable(connections.pending()));
    const [wishes, left] = [await answerLinks(page), prompts(page)];
    await button(page, 'Give permission').click();
    await page.waitForURL(elsewhere());
    await page.goto(`${app.origin}/${query}`);
    await button(page, 'Give permission').click();
    await page.waitForURL((url) => url.pathname.endsWith('/authorize'));
    expect({ wishes, left }).toEqual({ wishes: [VISIT], left: ['consent'] });
    // And after that by nobody but an administrator, however often the person comes back.
    await page.goto(app.origin);
    await page.getByRole('heading', { name: 'Tell your administrator' }).waitFor();
    expect(wishes).toEqual([VISIT]);
  });

  it('is given by another link to whoever said no at the first one', async () => {
    const page = await needing(linkable(connections.pending()));
    const wishes = await answerLinks(page);
    for (const count of [1, 2]) {
      await button(page, 'Give permission').click();
      await page.waitForURL(elsewhere());
      expect(wishes).toHaveLength(count);
      await page.goto(`${app.origin}/?link=cancelled`);
    }
  });
});
