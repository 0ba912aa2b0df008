/** `CONNECT=ask`, as a person sees it: real MSAL in a real browser, the built functions and page, Azurite. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEMO_USERS } from '../../dev/entra/directory.ts';
import { launchBrowser } from '../../dev/launchBrowser.ts';
import { pickAccount } from '../../dev/pickAccount.ts';
import { type Platform, startPlatform } from '../../dev/platform.ts';
import { readConfig } from '../../shared/config.ts';
import { toUserId } from '../../shared/userId.ts';
import { checkStorage } from '../support/checkStorage.ts';
import { expectFine } from './spa/expectFine.ts';

const [ADELE] = DEMO_USERS;

let platform: Platform;
let browser: Browser;
beforeAll(async () => {
  platform = await startPlatform({ timers: false, settings: { CONNECT: 'ask' } });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

async function kept() {
  const { connectionString } = platform.azurite;
  const report = await checkStorage({ connectionString, keys: readConfig(platform.settings).cacheKeys });
  return report.users.get(toUserId(ADELE));
}

it('asks a person first, connects them when they say so, and lets them pause and stop', async () => {
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(platform.webOrigin);
  await button(page, 'Sign in').click();
  await pickAccount(page, ADELE.displayName);
  await page.getByRole('heading', { name: ADELE.displayName }).waitFor();

  await page.getByRole('heading', { name: 'Stead does nothing for you yet' }).waitFor();
  await expectFine(page, 'asked-first');
  await page.reload();
  await page.getByRole('heading', { name: 'Stead does nothing for you yet' }).waitFor();
  expect(await kept()).toBeUndefined();

  await button(page, 'Start').click();
  await page.getByRole('heading', { name: 'All set: Stead works for you from now on' }).waitFor();
  expect(await kept()).toMatchObject({ row: { state: 'active' }, blob: { opens: true } });

  await button(page, 'Pause for a week').click();
  const paused = page.getByRole('heading', { name: /^Paused until / });
  await paused.waitFor();
  await expectFine(page, 'asked-first-paused');
  await page.reload();
  await paused.waitFor();
  await button(page, 'Go on now').click();
  await button(page, 'Pause for a day').waitFor();
  expect(await paused.count()).toBe(0);

  await button(page, 'Stop…').click();
  await button(page, 'Stop').click();
  await button(page, 'Start again').waitFor();
  await page.reload();
  await button(page, 'Start again').waitFor();
  expect(await kept()).toMatchObject({ row: { state: 'disconnected' }, blob: undefined });
});
