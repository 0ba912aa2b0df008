/** `npm run screenshots`: plays the story on the local platform, and writes the pictures of `docs/images`. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
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
const WIDE = { viewport: { width: 1280, height: 900 }, colorScheme: 'light' } as const;
const BESIDE_DRAWER = { width: 1280, height: 800 };
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
  await press(page, 'Leave for a while');
  await page.setViewportSize(BESIDE_DRAWER);
  await page.mouse.move(0, 0);
  await page.screenshot({ path: join(FOLDER, 'drawer.png') });
  process.stdout.write('docs/images/drawer.png\n');
  await page.setViewportSize(WIDE.viewport);
  await take(page, 'profile');
  await take(await signedIn(browser, platform, NARROW_AND_DARK), 'dark-360');

  await press(page, 'Ask me for MFA');
  await press(page, 'Run the worker now');
  await page.getByRole('button', { name: 'Sign in again' }).waitFor();
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

/** Presses a control of the drawer, and leaves the drawer open. */
async function press(page: Page, name: string): Promise<void> {
  const drawer = page.getByRole('dialog', { name: 'Play the story' });
  if (!(await drawer.isVisible())) {
    await page.getByRole('button', { name: 'Play the story' }).click();
    await drawer.getByText('All controls').click();
  }
  await drawer.getByRole('button', { name, exact: true }).click();
  await drawer.locator('.message[aria-busy="false"]').waitFor();
  // The page reads the connection again.
  await page.waitForLoadState('networkidle');
}

/** Takes a picture from the top of the page to the end of what the page says, without the drawer and with no button focused. */
async function take(page: Page, name: string): Promise<void> {
  const close = page.getByRole('button', { name: 'Close', exact: true });
  if (await close.isVisible()) await close.click();
  const panel = page.locator('article.away');
  await panel.waitFor();
  await page.mouse.move(0, 0);
  await page.evaluate(`document.activeElement?.blur();
    document.querySelector('.demo-opener').style.display = 'none';
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
  await page.evaluate("document.querySelector('.demo-opener').style.display = '';");
  process.stdout.write(`docs/images/${name}.png\n`);
}
