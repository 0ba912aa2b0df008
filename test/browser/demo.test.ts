/** The drawer of the local platform: the tour, the controls, the keyboard. What the page itself says is tested elsewhere. */
import { rm } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SAYS } from '../../dev/demoSays.ts';
import { DEMO_USERS, type DemoUser } from '../../dev/entra/directory.ts';
import { launchBrowser } from '../../dev/launchBrowser.ts';
import { pickAccount } from '../../dev/pickAccount.ts';
import { FAST_MOTION, type Platform, startPlatform } from '../../dev/platform.ts';
import { toUserId } from '../../shared/userId.ts';
import { DEMO_WORDS } from '../../spa/src/demo/demoWords.ts';
import { acceptConsent } from '../support/browser.ts';
import { buildShipped } from '../support/buildShipped.ts';
import { expectFine, openThemed, THEMES } from './spa/expectFine.ts';
import { expectDiscreet, watchPage } from './spa/watchPage.ts';

const [ADELE, BRUNO, CHIARA, DANA] = DEMO_USERS;
const PATIENCE = { timeout: 20_000 };

let functions: string | undefined;
let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  functions = await buildShipped();
  platform = await startPlatform({ ...FAST_MOTION, functions, timers: false });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
  if (functions) await rm(functions, { recursive: true });
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const drawer = (page: Page) => page.getByRole('dialog', { name: 'Play the story' });
const message = (page: Page) => drawer(page).getByRole('status');
const stateOf = async (user: DemoUser) => (await platform.stead.operators.show(toUserId(user)))?.state;

async function signedIn(
  page: Page,
  user: DemoUser,
  signIn = 'Sign in',
  story = 'Play the story',
): Promise<void> {
  await page.goto(platform.webOrigin);
  await button(page, signIn).click();
  await pickAccount(page, user.displayName);
  await button(page, story).waitFor();
  await expect.poll(() => stateOf(user), PATIENCE).toBe('active');
}

async function press(page: Page, name: string, says: string | RegExp): Promise<void> {
  await drawer(page).getByRole('button', { name, exact: true }).click();
  await message(page).filter({ hasText: says }).waitFor();
}

describe('the tour', () => {
  it('plays the whole story in six steps, and each button does what its sentence says', async () => {
    const page = await openThemed(browser, 'light');
    await signedIn(page, ADELE);
    await button(page, 'Play the story').click();

    await drawer(page).getByText('Step 1 of 6').waitFor();
    await press(
      page,
      'Leave',
      /and has a new key\. It tells you: \d+ new or changed files; \d+ new messages/,
    );

    await drawer(page).getByText('Step 2 of 6').waitFor();
    await press(page, 'End my sign-ins', 'has ended all your sign-ins');
    expect(await stateOf(ADELE)).toBe('active');

    await drawer(page).getByText('Step 3 of 6').waitFor();
    await press(page, 'Let the worker run', 'so the worker needs you');
    expect(await stateOf(ADELE)).toBe('needs-user');
    await button(page, 'Sign in again').waitFor();

    await drawer(page).getByText('Step 4 of 6').waitFor();
    await press(page, 'Sign me in again', 'the worker goes on');
    expect(await stateOf(ADELE)).toBe('active');
    await button(page, 'Sign in again').waitFor({ state: 'detached' });
    await page.getByRole('heading', { name: 'All set again' }).waitFor();

    await drawer(page).getByText('Step 5 of 6').waitFor();
    await press(page, 'Leave again', 'has a new key');
    await page.getByRole('heading', { name: /^Since .*; all well$/ }).waitFor();

    await drawer(page).getByText('Step 6 of 6').waitFor();
    await press(page, 'Stop it', 'It has stopped.');
    expect(await stateOf(ADELE)).toBe('disconnected');
    expect(await platform.stead.operators.hasCache(toUserId(ADELE))).toBe(false);

    await drawer(page).getByText('The end').waitFor();
    await drawer(page)
      .getByRole('region', { name: 'Tour' })
      .getByRole('button', { name: 'Start over' })
      .click();
    await button(page, 'Sign in').waitFor();
    expect(await stateOf(ADELE)).toBeUndefined();
    // As new as at the first time: they are asked for their consent again.
    await button(page, 'Sign in').click();
    await acceptConsent(page);
    await expect.poll(() => stateOf(ADELE), PATIENCE).toBe('active');
    await page.context().close();
  });
});

describe('the place in the tour', () => {
  it('stays when the drawer is closed and when the page is loaded again, and follows the page’s own button', async () => {
    const page = await openThemed(browser, 'light');
    await signedIn(page, BRUNO);
    const step = (number: number) => drawer(page).getByText(`Step ${number} of 6`).waitFor();
    const reopen = () => button(page, 'Play the story').click();
    await reopen();
    await press(page, 'Leave', 'has a new key');
    await step(2);
    await drawer(page).getByRole('button', { name: 'Close' }).click();
    await reopen();
    await step(2);
    await press(page, 'End my sign-ins', 'has ended all your sign-ins');
    await step(3);
    await page.reload();
    await reopen();
    await step(3);
    await press(page, 'Let the worker run', 'so the worker needs you');
    await step(4);
    await button(page, 'Sign in again').click();
    await expect.poll(() => stateOf(BRUNO), PATIENCE).toBe('active');
    await page.getByRole('heading', { name: 'All set again' }).waitFor();
    if (!(await drawer(page).isVisible())) await reopen();
    await step(5);
    await press(page, 'Leave again', 'has a new key');
    await step(6);
    await page.context().close();
  });
});

describe('the controls', () => {
  it('cause a failure for the person who presses them, and end it', async () => {
    const page = await openThemed(browser, 'light');
    const watched = watchPage(page);
    await signedIn(page, DANA);
    await button(page, 'Play the story').click();
    await drawer(page).getByText('All controls').click();
    await press(page, 'Withdraw my permission', 'Your permission is withdrawn.');
    await press(page, 'Run the worker now', 'a permission is missing');
    await button(page, 'Give permission').waitFor();
    // The page agrees at once.
    await press(page, 'All is well', /^All is well again: .* and has a new key/);
    await button(page, 'Give permission').waitFor({ state: 'detached' });
    await expectDiscreet(page, watched);
    await page.context().close();
  });

  it('say what did not work', async () => {
    const page = await openThemed(browser, 'light');
    await signedIn(page, CHIARA);
    await button(page, 'Play the story').click();
    await platform.stead.operators.retire(toUserId(CHIARA));
    await press(page, 'Leave', 'That did not work: you are not connected.');
    await drawer(page).getByText('Step 1 of 6').waitFor();
    await page.route('**/dev/users/chiara/leave', (route) => route.fulfill({ status: 504, body: 'Gone.' }));
    await press(page, 'Leave', 'The local platform answered 504: Gone.');
    await drawer(page).getByText('Step 1 of 6').waitFor();
    await page.context().close();
  });
});

describe('the drawer', () => {
  const looks = THEMES.flatMap((theme) =>
    (['en', 'de'] as const).map((language) => ({ theme, language, words: DEMO_WORDS[language] })),
  );
  it.each(looks)('breaks no rule and fits, open and closed, in the $theme, in "$language"', async (look) => {
    const { theme, language, words } = look;
    const page = await openThemed(browser, theme, language);
    await signedIn(page, BRUNO, language === 'de' ? 'Anmelden' : 'Sign in', words.story);
    await expectFine(page, `demo-closed-${theme}-${language}`);
    await button(page, words.story).click();
    await page.getByRole('dialog').getByText(words.intro).waitFor();
    await expectFine(page, `demo-tour-${theme}-${language}`);
    await page.getByText(words.allControls).click();
    await expectFine(page, `demo-controls-${theme}-${language}`);
    await button(page, words.controls.run).click();
    const says = SAYS[language].run;
    await page
      .getByRole('dialog')
      .getByRole('status')
      .filter({ hasText: new RegExp(`${says.renewed}|${says.stillGood}`) })
      .waitFor();
    await page.context().close();
  });

  it('shows on a phone what a control has done, wherever that control is', async () => {
    const page = await openThemed(browser, 'light');
    await page.setViewportSize({ width: 360, height: 740 });
    await signedIn(page, BRUNO);
    await button(page, 'Play the story').click();
    await drawer(page).getByText('All controls').click();
    await press(page, 'An hour', 'The next key lasts an hour.');
    const [box, control, text] = await Promise.all(
      [drawer(page), button(page, 'An hour'), message(page)].map((one) => one.boundingBox()),
    );
    if (!box || !control || !text) throw new Error('it is not there');
    expect(text.y).toBeGreaterThanOrEqual(box.y);
    expect(text.y + text.height).toBeLessThanOrEqual(box.y + box.height);
    // It hides nothing of the control that was pressed.
    expect(control.y).toBeGreaterThanOrEqual(text.y + text.height);
    await page.context().close();
  });

  it('opens and closes by the keyboard, takes the focus, and gives it back', async () => {
    const page = await openThemed(browser, 'light');
    await signedIn(page, BRUNO);
    const opener = button(page, 'Play the story');
    const focused = () => page.evaluate('document.activeElement.textContent');
    for (const close of ['Escape', 'Enter']) {
      await opener.focus();
      await page.keyboard.press('Enter');
      await drawer(page).waitFor();
      await expect.poll(focused).toBe('Close');
      if (close === 'Escape') await page.keyboard.press('Tab');
      await page.keyboard.press(close);
      await drawer(page).waitFor({ state: 'detached' });
      await expect.poll(focused).toBe('Play the story');
    }
    await page.context().close();
  });
});
