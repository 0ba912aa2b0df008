/** What one click does about a refusal, and what it must not do. */
import type { Page, Request } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { claimsChallenge } from '../../../dev/entra/claimsChallenge.ts';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { comingBack, signOut } from '../../support/browser.ts';
import { connections } from './connections.ts';
import { bearersProfile, keptConnection, pageForTests, problem } from './pageUnderTest.ts';

const [ADELE] = DEMO_USERS;
const CORRELATION_ID = '8f2f0dd3-17a6-4a0f-9a63-3d2a2c8e5f10';

const app = pageForTests();

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const account = (page: Page) => page.getByRole('button', { name: ADELE.displayName });
const askAgain = (page: Page) => page.evaluate('dispatchEvent(new Event("online"))');

type Visit = { page: Page; prompts: (string | null)[]; changes: string[] };

/** Signed in, before an API that answers as it was told; with what the page asked the directory and the API for since. */
async function visit(shows = 'Your choices'): Promise<Visit> {
  const page = await app.open();
  await app.signIn(page);
  await heading(page, shows).waitFor();
  const prompts: (string | null)[] = [];
  const changes: string[] = [];
  page.on('request', (request) => {
    const url = new URL(request.url());
    if (url.pathname === '/api/connection' && request.method() !== 'GET') changes.push(request.method());
    if (request.isNavigationRequest() && url.pathname.endsWith('/oauth2/v2.0/authorize')) {
      prompts.push(url.searchParams.get('prompt'));
    }
  });
  return { page, prompts, changes };
}

/** Lets the directory send everybody back who comes for a page. */
const refuseEveryone = (page: Page, number: string) =>
  page.route('**/oauth2/v2.0/authorize?*', async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const answer = new URLSearchParams({
      error: 'interaction_required',
      error_description: `${number}: Refused. Correlation ID: ${CORRELATION_ID} Timestamp: 2031-05-06 07:08:09Z`,
      state: query.get('state') ?? '',
    });
    await route.fulfill({ status: 302, headers: { location: `${query.get('redirect_uri')}#${answer}` } });
  });

describe('a person of whom nothing is kept', () => {
  it('begins with one button', async () => {
    app.answer({ connection: keptConnection(connections.none()) });
    const { page, changes } = await visit('Stead keeps nothing about you yet');
    await button(page, 'Start').click();
    await heading(page, 'Stead is getting ready for you').waitFor();
    expect(changes).toEqual(['PUT']);
  });
});

describe('giving permission', () => {
  const refused = problem('CONSENT_REQUIRED', 401, { scopes: ['https://graph.microsoft.com/User.Read'] });

  it('does not connect again whoever disconnected', async () => {
    app.answer({ connection: keptConnection(connections.disconnected()) });
    const { page, prompts, changes } = await visit();
    await page.getByRole('heading', { name: /^You stopped Stead/ }).waitFor();
    app.answer({ profile: refused });
    await page.reload();
    await button(page, 'Give permission').click();
    await page.waitForURL((url) => url.origin !== app.origin);
    expect(prompts).toEqual(['consent']);
    expect(changes).toEqual([]);
  });

  it('asks the service anew before it leaves the page', async () => {
    app.answer({ connection: keptConnection(connections.consentMissing()) });
    const { page, prompts, changes } = await visit();
    app.answer({ profile: refused });
    await page.reload();
    await heading(page, 'Stead needs your permission').waitFor();
    app.answer({ profile: bearersProfile });
    await button(page, 'Give permission').click();
    await heading(page, ADELE.displayName).waitFor();
    expect({ prompts, changes }).toEqual({ prompts: [], changes: ['PUT'] });
  });

  it('says which permission is missing, and when that was', async () => {
    const today = () => new Date().toISOString().slice(0, 11);
    const before = today();
    const { page } = await visit();
    app.answer({ profile: refused });
    await page.reload();
    await page.getByText('Details', { exact: true }).click();
    const details = await page.locator('.notice dl').innerText();
    expect(details).toContain('User.Read');
    // At midnight another day begins.
    expect(details).toMatch(new RegExp(`${before}|${today()}`));
  });
});

describe('a consent that the directory passes on late', () => {
  it('is waited for through the whole half minute', async () => {
    app.answer({ profile: problem('CONSENT_REQUIRED', 401) });
    const page = await app.open();
    await page.clock.install();
    // The clock is moved by the test alone, however slow the machine is.
    await page.clock.pauseAt(Number(await page.evaluate('Date.now()')) + 5_000);
    const asked = new Set<Request>();
    let answers = 0;
    page.on('request', (request) => {
      if (request.url().endsWith('/api/profile')) asked.add(request);
    });
    page.on('requestfinished', (request) => {
      if (asked.has(request)) answers += 1;
    });
    const pass = async (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        await page.clock.runFor(1_000);
        await expect.poll(() => answers).toBe(asked.size);
      }
    };
    await app.signIn(page);
    await page.getByText('Setting things up').first().waitFor();
    await pass(27);
    expect(await page.getByText('Setting things up').first().isVisible()).toBe(true);
    app.answer({ profile: bearersProfile });
    await pass(4);
    await heading(page, ADELE.displayName).waitFor();
    expect(asked.size).toBeLessThan(10);
  });
});

describe('a challenge that is never the same', () => {
  it('leaves the page twice, and then not again', async () => {
    let number = 0;
    app.answer({
      profile: (c) => {
        number += 1;
        return problem('CLAIMS_REQUIRED', 401, { claims: claimsChallenge([`policy-${number}`]) })(c);
      },
    });
    const { page, prompts } = await visit();
    for (let click = 0; click < 2; click += 1) {
      await button(page, 'Sign in again').click();
      await account(page).click();
      await heading(page, 'Your choices').waitFor();
    }
    await heading(page, 'Tell your administrator').waitFor();
    expect(await button(page, 'Sign in again').count()).toBe(0);
    expect(prompts).toEqual([null, null]);
  });
});

describe('a refusal that comes back after it was mended', () => {
  it('goes one step further within five minutes, and then stops', async () => {
    const { page, prompts } = await visit();
    const refusedOnce = async () => {
      app.answer({ profile: problem('SIGN_IN_REQUIRED', 401) });
      await page.reload();
    };
    for (const picks of [false, true]) {
      await refusedOnce();
      await button(page, 'Sign in again').waitFor();
      app.answer({ profile: bearersProfile });
      await button(page, 'Sign in again').click();
      if (picks) await account(page).click();
      await heading(page, ADELE.displayName).waitFor();
    }
    expect(prompts).toEqual([null, 'login']);
    await refusedOnce();
    await heading(page, 'Tell your administrator').waitFor();
    expect(await button(page, 'Sign in again').count()).toBe(0);
  });

  it('begins anew for whoever signs in after signing out', async () => {
    const { page } = await visit();
    app.answer({ profile: problem('CONSENT_REQUIRED', 401) });
    await page.reload();
    await refuseEveryone(page, 'AADSTS90094');
    await button(page, 'Give permission').click();
    await heading(page, 'Tell your administrator').waitFor();
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    app.answerWell();
    await signOut(page);
    await app.signIn(page);
    await heading(page, ADELE.displayName).waitFor();
    app.answer({ profile: problem('CONSENT_REQUIRED', 401) });
    await page.reload();
    await button(page, 'Give permission').waitFor();
  });
});

describe('a person who is signed in and whom the directory sends back', () => {
  it('is told once, with the ids of both, and nothing of it is left when it is mended', async () => {
    const { page, prompts } = await visit();
    app.answer({ profile: problem('SIGN_IN_REQUIRED', 401) });
    await page.reload();
    await refuseEveryone(page, 'AADSTS53003');
    await comingBack(page, () => button(page, 'Sign in again').click());
    await heading(page, 'Please sign in again').waitFor();
    await button(page, 'Sign in again').click();
    await heading(page, 'Tell your administrator').waitFor();
    expect(prompts).toEqual([null, 'login']);
    expect(await page.getByRole('alert').count()).toBe(1);
    const details = await page.locator('.notice dl').innerText();
    for (const text of ['SIGN_IN_REQUIRED', 'c0ffee', 'AADSTS53003', CORRELATION_ID]) {
      expect(details).toContain(text);
    }
    app.answer({ profile: bearersProfile });
    await button(page, 'Try again').click();
    await heading(page, ADELE.displayName).waitFor();
    await askAgain(page);
    expect(await page.getByRole('alert').count()).toBe(0);
  });
});

describe('a redirect that did not begin', () => {
  it('is no step', async () => {
    const { page, prompts } = await visit();
    app.answer({ profile: problem('CONSENT_REQUIRED', 401) });
    await page.reload();
    await button(page, 'Give permission').waitFor();
    // MSAL refuses a second redirect while it takes one to be under way.
    const underWay = '({ clientId: "another", type: "signin" })';
    await page.evaluate(`sessionStorage.setItem('msal.interaction.status', JSON.stringify(${underWay}))`);
    await button(page, 'Give permission').click();
    await heading(page, 'You were not signed in').waitFor();
    await page.getByText('Details', { exact: true }).first().click();
    await page.getByText('interaction_in_progress').first().waitFor();
    await page.evaluate(`sessionStorage.removeItem('msal.interaction.status')`);
    await button(page, 'Give permission').click();
    await page.waitForURL((url) => url.origin !== app.origin);
    expect(prompts).toEqual(['consent']);
  });
});
