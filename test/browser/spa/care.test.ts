/** What the page owes to people who read it in their own way: large, narrow, without colours or motion, in their language. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { pickAccount } from '../../../dev/pickAccount.ts';
import { screenshot } from '../../support/browser.ts';
import { connections } from './connections.ts';
import { violationsOf } from './expectFine.ts';
import { keptConnection, pageForTests } from './pageUnderTest.ts';

const [ADELE] = DEMO_USERS;

const app = pageForTests();
beforeEach(() => {
  app.answer({ connection: keptConnection(connections.weekend()) });
});

async function openSignedIn(options: BrowserContextOptions, signIn = 'Sign in'): Promise<Page> {
  const page = await app.open({ reducedMotion: 'reduce', ...options });
  await page.getByRole('button', { name: signIn, exact: true }).click();
  await pickAccount(page, ADELE.displayName);
  await page.locator('.state h2').waitFor();
  return page;
}

const violations = async (page: Page) =>
  (await violationsOf(page)).map(({ id, nodes }) => `${id} ${nodes[0]?.html}`);
const widthOf = (page: Page) => page.evaluate<number>('document.documentElement.scrollWidth');

describe('on the first screen of a phone', () => {
  it.each([
    ['en-GB', 'Sign in'],
    ['de-DE', 'Anmelden'],
  ])('stands the whole summary, for %s', async (locale, signIn) => {
    const page = await openSignedIn({ viewport: { width: 360, height: 640 }, locale }, signIn);
    const summary = await page.locator('.state').boundingBox();
    expect((summary?.y ?? 0) + (summary?.height ?? Number.NaN)).toBeLessThanOrEqual(640);
    const profile = await page.locator('.profile').boundingBox();
    expect(profile?.height).toBeLessThan(80);
  });
});

describe('twice as large', () => {
  it('the page still fits, whether the browser enlarges it or only its text', async () => {
    const zoomed = await openSignedIn({ viewport: { width: 640, height: 450 }, deviceScaleFactor: 2 });
    expect(await widthOf(zoomed)).toBeLessThanOrEqual(640);
    const enlarged = await openSignedIn({ viewport: { width: 640, height: 900 } });
    await enlarged.evaluate("document.documentElement.style.fontSize = '200%'");
    expect(await widthOf(enlarged)).toBeLessThanOrEqual(640);
    await screenshot(enlarged, 'care-large-text');
    expect(await violations(enlarged)).toEqual([]);
  });
});

describe('with forced colours', () => {
  it('the state can be told by its shape, and nothing is lost', async () => {
    const page = await openSignedIn({ forcedColors: 'active', viewport: { width: 360, height: 800 } });
    await screenshot(page, 'care-forced-colours');
    expect(await violations(page)).toEqual([]);
    const mark = page.locator('.state .mark');
    expect(await mark.isVisible()).toBe(true);
    const well = await mark.locator('path').getAttribute('d');
    app.answer({ connection: keptConnection(connections.needsUser()) });
    await page.reload();
    await page.getByRole('heading', { name: /^Stopped on / }).waitFor();
    expect(await page.locator('.state .mark path').getAttribute('d')).not.toBe(well);
    const widths = await page.evaluate<number[]>(`[...document.querySelectorAll('article')].map((one) =>
      Number.parseFloat(getComputedStyle(one).borderTopWidth))`);
    expect(Math.min(...widths)).toBeGreaterThan(0);
  });
});

describe('with reduced motion', () => {
  it('nothing moves, spinners included', async () => {
    app.answer({ profile: () => new Promise<Response>(() => {}) });
    const page = await app.open({ reducedMotion: 'reduce' });
    await app.signIn(page);
    await page.getByText('Reading your profile…').waitFor();
    const durations = await page.evaluate<number[]>(`[...document.querySelectorAll('*')].flatMap((one) =>
      ['', '::before', '::after'].map((part) => {
        const { transitionDuration, animationDuration } = getComputedStyle(one, part);
        return Math.max(Number.parseFloat(transitionDuration), Number.parseFloat(animationDuration));
      }))`);
    expect(Math.max(...durations)).toBeLessThan(0.01);
    // The spinner is a picture that moves by itself.
    const spinner = "getComputedStyle(document.querySelector('[aria-busy=true]'), '::before').content";
    expect(await page.evaluate(spinner)).toBe('none');
    await page.emulateMedia({ reducedMotion: 'no-preference' });
    expect(await page.evaluate(spinner)).not.toBe('none');
  });
});

describe('the address', () => {
  it('has nothing left of a sign-in, of a link or of anything else', async () => {
    const page = await openSignedIn({});
    expect(page.url()).toBe(`${app.origin}/`);
    await page.goto(`${app.origin}/?link=other-user&code=secret#state=x`);
    await page.getByText('Somebody else signed in. Nothing was changed.').waitFor();
    expect(page.url()).toBe(`${app.origin}/`);
    await page.getByRole('button', { name: 'Close' }).click();
    expect(await page.getByText('Somebody else signed in.').count()).toBe(0);
    await page.goto(`${app.origin}/?link=%3Cscript%3E`);
    await page.getByRole('heading', { name: 'Your choices' }).waitFor();
    expect(await page.locator('.link-result').count()).toBe(0);
  });
});

describe('the language', () => {
  it.each([
    ['de-AT', 'de', 'Anmelden'],
    ['en-US', 'en', 'Sign in'],
    ['fr-FR', 'en', 'Sign in'],
  ])('of a browser for %s is "%s"', async (locale, language, signIn) => {
    const page = await app.open({ locale });
    await page.getByRole('button', { name: signIn, exact: true }).waitFor();
    expect(await page.evaluate('document.documentElement.lang')).toBe(language);
  });

  it('and the time zone are those of the reader, and names keep their own direction', async () => {
    app.answer({
      profile: (c) => c.json({ id: ADELE.oid, displayName: 'أديل', jobTitle: 'מלח' }),
      connection: keptConnection({ ...connections.weekend(), checks: [check('2026-01-15T23:30:00Z')] }),
    });
    const page = await openSignedIn({ locale: 'de-DE', timezoneId: 'Asia/Kolkata' }, 'Anmelden');
    const day = page.locator('.day');
    expect(await day.locator('h3').innerText()).toContain('Freitag, 16. Januar');
    expect(await day.locator('time').innerText()).toBe('05:00');
    const directions = await page.evaluate(
      `[...document.querySelectorAll('.profile > summary [dir=auto]')].map((one) => getComputedStyle(one).direction)`,
    );
    expect(directions).toEqual(['rtl', 'rtl']);
  });
});

describe('the times of day', () => {
  it.each([
    'en-US',
    'en-GB',
  ])('leave the words of all lines in one column on a phone, for %s', async (locale) => {
    const checks = ['2026-01-15T09:30:00Z', '2026-01-15T12:30:00Z', '2026-01-16T12:30:00Z'].map(check);
    app.answer({ connection: keptConnection({ ...connections.weekend(), checks }) });
    const page = await openSignedIn({ locale, timezoneId: 'UTC', viewport: { width: 360, height: 800 } });
    const lines = await page.locator('.day li > div').all();
    expect(lines).toHaveLength(3);
    const lefts = await Promise.all(lines.map(async (line) => (await line.boundingBox())?.x));
    expect(new Set(lefts).size).toBe(1);
  });
});

describe('an exact time', () => {
  it('is text that the keyboard and a touch reach, and no tooltip', async () => {
    const page = await openSignedIn({ locale: 'en-GB', hasTouch: true });
    expect(await page.locator('time[title]').count()).toBe(0);
    await page.locator('.technical > summary').focus();
    await page.keyboard.press('Enter');
    const [first = ''] = await page.locator('.technical time').allInnerTexts();
    expect(first).toMatch(/^\w+day, \d+ \w+ \d{4} at \d\d:\d\d:\d\d$/);
    await page.locator('.technical > summary').tap();
    expect(await page.locator('.technical time').first().isVisible()).toBe(false);
  });
});

describe('what is kept of a person', () => {
  it('is saved as a file that says what it holds, and holds no token', async () => {
    const page = await openSignedIn({ acceptDownloads: true });
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Download what is kept of me' }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toBe('kept-of-me.json');
    const text = await new Response((await download.createReadStream()) as never).text();
    const kept = JSON.parse(text);
    expect(kept).toMatchObject({
      about: expect.stringContaining('but for your user name'),
      notIncluded: expect.arrayContaining([expect.stringContaining('The keys')]),
      connection: { state: 'active', permissions: { graph: expect.arrayContaining(['Files.Read']) } },
      profile: { displayName: ADELE.displayName },
    });
    expect(text).not.toMatch(/eyJ/);
  });
});

const check = (at: string) => ({
  first: at,
  last: at,
  times: 1,
  outcome: 'refreshed' as const,
  tasks: [{ task: 'drive-changes', outcome: 'done' as const, last: at, times: 1, count: 1 }],
});
