/** `npm run screenshots`: plays the story on the local platform, and writes the pictures of `docs/images`. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { readArguments } from '../ops/cli/readArguments.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import { DEMO_USERS } from './entra/directory.ts';
import { launchBrowser } from './launchBrowser.ts';
import { pickAccount } from './pickAccount.ts';
import { FAST_MOTION, type Platform, ROOT, runBuild, startPlatform } from './platform.ts';

const USAGE = `Usage: npm run screenshots -- [options]

Builds Stead, plays the story in a browser, and writes docs/images.

  --no-build   runs the previous build
  --help       shows this text
`;

const FOLDER = join(ROOT, 'docs/images');
const [ADELE] = DEMO_USERS;
/** The margin, in pixels, at both sides of the page's column in a picture, if the window is wide enough. */
const MARGIN = 32;
const PATIENCE_MS = 120_000;
const STEP_MS = 1_000;

const WIDE: BrowserContextOptions = { viewport: { width: 1280, height: 900 }, colorScheme: 'light' };
const NARROW_AND_DARK: BrowserContextOptions = { viewport: { width: 360, height: 800 }, colorScheme: 'dark' };

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { 'no-build': { type: 'boolean', default: false } });
  if (!values['no-build']) await runBuild();
  const platform = await startPlatform(FAST_MOTION);
  try {
    const browser = await launchBrowser();
    try {
      await mkdir(FOLDER, { recursive: true });
      await playStory(browser, platform);
    } finally {
      await browser.close();
    }
  } finally {
    await platform.stop();
  }
  return 0;
});

async function playStory(browser: Browser, platform: Platform): Promise<void> {
  const page = await signedIn(browser, platform, WIDE);
  await page.locator('img.photo').waitFor();
  await workUntil(page, 'Token refreshed');
  await take(page, 'profile');
  await take(await signedIn(browser, platform, NARROW_AND_DARK), 'dark-360');

  await page.getByRole('button', { name: 'Ask me for MFA' }).click();
  await workUntil(page, 'Stead needs you');
  await take(page, 'needs-user');

  await page.getByRole('button', { name: 'Sign in again' }).click();
  await pickAdele(page);
  await page.getByRole('button', { name: 'Disconnect…' }).click();
  await page.getByRole('button', { name: 'Disconnect', exact: true }).click();
  await page.getByRole('button', { name: 'Reconnect' }).waitFor();
  await take(page, 'disconnected');
}

async function signedIn(browser: Browser, platform: Platform, device: BrowserContextOptions): Promise<Page> {
  const context = await browser.newContext({ ...device, deviceScaleFactor: 1.5, reducedMotion: 'reduce' });
  const page = await context.newPage();
  await page.goto(platform.webOrigin);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await pickAdele(page);
  return page;
}

async function pickAdele(page: Page): Promise<void> {
  await pickAccount(page, ADELE.displayName);
  await page.getByRole('heading', { name: ADELE.displayName }).waitFor();
  await page.getByText('Working', { exact: true }).waitFor();
}

/** Runs the worker until the page shows the text. @throws {Error} The page does not show it in time. */
async function workUntil(page: Page, text: string): Promise<void> {
  for (let waited = 0; waited < PATIENCE_MS; waited += STEP_MS) {
    await page.getByRole('button', { name: 'Run it now' }).click();
    await sleep(STEP_MS);
    if ((await page.getByRole('main').innerText()).includes(text)) return;
  }
  throw new Error(`The page does not say "${text}".`);
}

/** Takes a picture from the top of the page to the end of the connection panel, with no button focused. */
async function take(page: Page, name: string): Promise<void> {
  const panel = page.locator('article.away');
  await panel.waitFor();
  await page.mouse.move(0, 0);
  await page.evaluate(`document.activeElement?.blur();
    document.querySelector('.demo').hidden = true;
    scrollTo(0, 0);`);
  const box = await panel.boundingBox();
  if (box === null) throw new Error('The connection panel is not visible.');
  const margin = Math.min(MARGIN, box.x);
  const clip = {
    x: box.x - margin,
    y: 0,
    width: box.width + 2 * margin,
    height: box.y + box.height + margin,
  };
  await page.screenshot({ path: join(FOLDER, `${name}.png`), clip, fullPage: true });
  await page.evaluate("document.querySelector('.demo').hidden = false;");
  process.stdout.write(`docs/images/${name}.png\n`);
}
