import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { claimsChallenge } from '../../../dev/entra/claimsChallenge.ts';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { pickAccount } from '../../../dev/pickAccount.ts';
import { screenshot, signOut, usable } from '../../support/browser.ts';
import { bearersProfile, pageForTests, problem } from './pageUnderTest.ts';

const [ADELE, BRUNO] = DEMO_USERS;

const HIDDEN = 'Your profile cannot be shown now.';

const app = pageForTests();

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const profilePanel = (page: Page) => page.getByRole('region', { name: 'Your profile' });
const statePanel = (page: Page) => page.getByRole('region', { name: 'How it stands' });
const details = (page: Page) => page.getByText('Details', { exact: true }).click();
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });

describe('signing in', () => {
  it('can be done with the keyboard alone, and shows the profile', async () => {
    const page = await app.open();
    await usable(button(page, 'Sign in'));
    await page.keyboard.press('Tab');
    await screenshot(page, 'spa-focus');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: ADELE.displayName }).focus();
    await page.keyboard.press('Enter');
    await button(page, 'Accept').focus();
    await page.keyboard.press('Enter');
    await heading(page, ADELE.displayName).waitFor();
    await expect.poll(() => profilePanel(page).getByRole('status').innerText()).toBe('Your profile is here.');
    expect(await page.getByRole('main').innerText()).toContain('Harbour Pilot');
    expect(await page.getByRole('main').innerText()).toContain('Local demo: no real account');
  });

  it('leaves out what the directory does not know', async () => {
    app.answer({ profile: (c) => c.json({ id: ADELE.oid, displayName: 'Only Name' }) });
    const page = await app.open();
    await app.signIn(page);
    await heading(page, 'Only Name').waitFor();
    await page.locator('.profile > summary').click();
    expect(await page.getByRole('main').innerText()).toContain('and nothing more about you');
    expect(await page.getByRole('term').count()).toBe(0);
  });

  it('tells whoever cancels it, who can then sign in', async () => {
    const page = await app.open();
    await button(page, 'Sign in').click();
    await button(page, 'Cancel').click();
    await heading(page, 'You were not signed in').waitFor();
    await details(page);
    expect(await page.getByRole('main').innerText()).toContain('AADSTS65004');
    await screenshot(page, 'spa-cancelled');
    await app.signIn(page);
    await heading(page, ADELE.displayName).waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  it('lets whoever cancels it twice sign in all the same', async () => {
    const page = await app.open();
    for (let times = 0; times < 2; times += 1) {
      await button(page, 'Sign in').click();
      await button(page, 'Cancel').click();
      await heading(page, 'You were not signed in').waitFor();
      expect(await page.getByRole('main').innerText()).toContain(
        'You or your organisation did not allow it.',
      );
    }
    await app.signIn(page);
    await heading(page, ADELE.displayName).waitFor();
  });

  it('ends with signing out: nobody is shown, and nothing of them is kept', async () => {
    const page = await app.open();
    await app.signIn(page);
    await signOut(page);
    await button(page, 'Sign in').waitFor();
    expect(await page.content()).not.toContain(ADELE.displayName);
    const kept = await page.evaluate<string>('JSON.stringify({ ...sessionStorage, ...localStorage })');
    expect(kept).not.toContain(ADELE.oid);
  });
});

describe('a person of whom more is asked', () => {
  const claims = claimsChallenge(['two-factors']);

  it('signs in again with the claims of the challenge, and is served', async () => {
    const page = await app.open();
    app.answer({ profile: problem('CLAIMS_REQUIRED', 401, { claims }) });
    await app.signIn(page);
    await heading(page, 'Please sign in again').waitFor();
    await screenshot(page, 'spa-claims');
    app.answer({ profile: bearersProfile });
    const authorize = page.waitForRequest((request) => request.url().includes('/authorize?'));
    await button(page, 'Sign in again').click();
    const asked = new URL((await authorize).url()).searchParams.get('claims') ?? '';
    expect(JSON.parse(asked)).toMatchObject(JSON.parse(claims));
    await page.getByRole('button', { name: ADELE.displayName }).click();
    await heading(page, ADELE.displayName).waitFor();
  });

  it('sees nothing of the first account after picking another one', async () => {
    const page = await app.open();
    app.answer({ profile: problem('CLAIMS_REQUIRED', 401, { claims }) });
    await app.signIn(page, ADELE);
    await heading(page, 'Please sign in again').waitFor();
    app.answer({ profile: bearersProfile });
    await button(page, 'Sign in again').click();
    await pickAccount(page, BRUNO.displayName);
    await heading(page, BRUNO.displayName).waitFor();
    await signOut(page);
    await button(page, 'Sign in').waitFor();
  });

  it.each([
    'SIGN_IN_REQUIRED',
    'TOKEN_INVALID',
    'TOKEN_MISSING',
  ] as const)('is offered one button after %s, and nothing happens without it', async (code) => {
    const page = await app.open();
    app.answer({ profile: problem(code, 401) });
    await app.signIn(page);
    await heading(page, 'Please sign in again').waitFor();
    expect(await statePanel(page).getByRole('button').allInnerTexts()).toEqual(['Sign in again']);
    app.answer({ profile: bearersProfile });
    await button(page, 'Sign in again').click();
    // The directory's session is enough at first: single sign-on stays as it is.
    await heading(page, ADELE.displayName).waitFor();
  });
});

describe('a service that is not well', () => {
  it.each([
    { code: 'UNAVAILABLE', says: 'cannot be reached' },
    { code: 'THROTTLED', says: 'too many requests' },
    { code: 'INTERNAL', says: 'went wrong in the service' },
  ] as const)('is explained for $code, and asked again on demand', async ({ code, says }) => {
    const page = await app.open();
    app.answer({ profile: problem(code, 503, {}, { 'Retry-After': '1' }) });
    await app.signIn(page);
    await page.getByText(HIDDEN).waitFor();
    expect(await page.getByRole('main').innerText()).toContain(says);
    await details(page);
    expect(await page.getByRole('main').innerText()).toContain('c0ffee');
    app.answer({ profile: bearersProfile });
    await button(page, 'Try again').click();
    await heading(page, ADELE.displayName).waitFor();
  });

  it('is left alone for as long as Retry-After says', async () => {
    const page = await app.open();
    app.answer({ profile: problem('THROTTLED', 503, {}, { 'Retry-After': '3600' }) });
    await app.signIn(page);
    const waiting = page.getByRole('button', { name: /^Try again in (59|60) minutes$/ });
    await waiting.waitFor();
    expect(await waiting.isDisabled()).toBe(true);
    // A countdown that is announced every second would leave no word for anything else.
    expect(await page.getByRole('alert').count()).toBe(0);
    for (const status of await page.getByRole('status').all())
      expect(await status.innerText()).not.toMatch(/\d/);
    await screenshot(page, 'spa-throttled');
  });

  it('is a gateway that answers with a page of its own', async () => {
    const page = await app.open();
    app.answer({ profile: (c) => c.html('<h1>Bad gateway</h1>', 502) });
    await app.signIn(page);
    await page.getByText(HIDDEN).waitFor();
  });

  it('does not answer at all: the page says so, and asks again on demand', async () => {
    const page = await app.open();
    await page.route('**/api/profile', (route) => route.abort());
    await app.signIn(page);
    await page.getByText(HIDDEN).waitFor();
    await page.unroute('**/api/profile');
    await button(page, 'Try again').click();
    await heading(page, ADELE.displayName).waitFor();
  });
});

describe('a refusal that the person cannot mend', () => {
  it.each([
    { code: 'TENANT_FORBIDDEN', status: 403, says: 'Your organisation is not served here' },
    { code: 'CLIENT_FORBIDDEN', status: 403, says: 'not allowed to use the service' },
    { code: 'SCOPE_MISSING', status: 403, says: 'not set up right' },
    { code: 'UPSTREAM_REFUSED', status: 502, says: 'Only the people who run it' },
    { code: 'REQUEST_MALFORMED', status: 400, says: 'load it again' },
  ] as const)('is explained for $code, without a button that cannot help', async ({ code, status, says }) => {
    const page = await app.open();
    app.answer({ profile: problem(code, status) });
    await app.signIn(page);
    await heading(page, 'Stead cannot be used here').waitFor();
    expect(await page.getByRole('alert').innerText()).toContain(says);
    expect(await statePanel(page).getByRole('button').count()).toBe(0);
  });

  it.each([
    {
      what: 'a page instead of a profile',
      answer: (c: Parameters<typeof bearersProfile>[0]) => c.html('<p>Hello'),
    },
    { what: 'a code of a newer service', answer: problem('OF_A_NEWER_SERVICE', 409) },
  ])('is named when it is $what', async ({ answer }) => {
    const page = await app.open();
    app.answer({ profile: answer });
    await app.signIn(page);
    await heading(page, 'An unexpected answer').waitFor();
  });
});

describe('the page', () => {
  it('has one banner, one main landmark and one top heading', async () => {
    const page = await app.open();
    await app.signIn(page);
    await heading(page, ADELE.displayName).waitFor();
    expect(await page.getByRole('banner').count()).toBe(1);
    expect(await page.getByRole('main').count()).toBe(1);
    expect(await page.getByRole('heading', { level: 1 }).allInnerTexts()).toEqual(['Stead']);
    expect(await page.title()).toContain('Stead');
  });

  it.each([
    { width: 360, colorScheme: 'light' },
    { width: 360, colorScheme: 'dark' },
    { width: 1280, colorScheme: 'light' },
    { width: 1280, colorScheme: 'dark' },
  ] as const)('fits $width px in the $colorScheme, with words that do not break', async (look) => {
    app.answer({
      profile: (c) =>
        c.json({
          id: ADELE.oid,
          displayName: 'Donaudampfschifffahrtsgesellschaftskapitänin von und zu Sonnenschein',
          mail: `${'a-very-long-mailbox-name'.repeat(4)}@harbour.example`,
          jobTitle: 'Harbour Pilot',
          city: 'Hamburg',
        }),
    });
    const { width, colorScheme } = look;
    const page = await app.open({ viewport: { width, height: 800 }, colorScheme });
    const refusals: string[] = [];
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) refusals.push(message.text());
    });
    await button(page, 'Sign in').waitFor();
    await screenshot(page, `spa-welcome-${width}-${colorScheme}`);
    await app.signIn(page);
    await page.locator('.profile > summary').click();
    await page.getByRole('term').first().waitFor();
    await screenshot(page, `spa-profile-${width}-${colorScheme}`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    expect(refusals).toEqual([]);
  });
});
