/** `npm run screenshots`: plays the story on the local platform, and takes the README's pictures of it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../test/support/browser.ts';
import { DEMO_USERS } from './entra/directory.ts';
import { ROOT, startPlatform } from './platform.ts';

const PICTURES = join(ROOT, 'docs/images');
const [ADELE] = DEMO_USERS;
const WIDE = { width: 800, height: 900 };
const NARROW = { width: 360, height: 780 };
const MARGIN = 24;

const IDLE_SECONDS = 1;
/** MSAL takes a token's last 300 seconds for expired already. */
const TOKEN_SECONDS = 10;
const HOUR_MS = 3_600_000;

const folder = await mkdtemp(join(tmpdir(), 'stead-screenshots-'));
const timerStatus = join(folder, 'timers.json');
// The worker runs when the story says so.
await writeFile(timerStatus, JSON.stringify({ refreshWorker: new Date(Date.now() + HOUR_MS).toISOString() }));
const platform = await startPlatform({
  timerStatus,
  lifetimes: { graphAccessToken: 300 + TOKEN_SECONDS },
  settings: { REFRESH_IDLE_SECONDS: String(IDLE_SECONDS), REFRESH_MIN_INTERVAL_SECONDS: '1' },
});
let browser: Browser | undefined;
try {
  browser = await launchBrowser();
  await mkdir(PICTURES, { recursive: true });
  const context = await browser.newContext({ viewport: WIDE, deviceScaleFactor: 2 });
  const page = await context.newPage();
  await page.goto(platform.webOrigin);
  await playStory(page);
} finally {
  await browser?.close();
  await platform.stop();
  await rm(folder, { recursive: true, force: true });
}

async function playStory(page: Page): Promise<void> {
  await press(page, 'Sign in');
  await page.getByRole('button', { name: ADELE.displayName }).click();
  await untilSaid(page, 'You can close this page');
  await leaveFor(IDLE_SECONDS);
  await press(page, 'Run it now');
  await untilSaid(page, 'Token still good');
  await leaveFor(TOKEN_SECONDS);
  await press(page, 'Run it now');
  await untilSaid(page, 'Token refreshed');
  await picture(page, 'profile');
  await page.emulateMedia({ colorScheme: 'dark' });
  await picture(page, 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(NARROW);
  await picture(page, 'narrow');
  await page.setViewportSize(WIDE);

  await press(page, 'Ask me for MFA');
  await leaveFor(TOKEN_SECONDS);
  await press(page, 'Run it now');
  await untilSaid(page, 'Stead cannot go on without you');
  await picture(page, 'needs-user');
  await picture(page, 'demo-controls', 'Play the story');

  await press(page, 'Sign in again');
  await page.getByRole('button', { name: ADELE.displayName }).click();
  await untilSaid(page, 'You can close this page');
  await press(page, 'Disconnect…');
  await press(page, 'Disconnect');
  await untilSaid(page, 'Nothing is kept of you');
  await picture(page, 'disconnected');
}

const press = (page: Page, name: string) => page.getByRole('button', { name, exact: true }).click();
const untilSaid = (page: Page, words: string) => page.getByText(words).first().waitFor();
/** A little longer, so that what ends then has ended. */
const leaveFor = (seconds: number) => sleep((seconds + 1) * 1_000);

/** The page from its top to the panel of that title, as a visitor sees it who has pressed nothing. */
async function picture(page: Page, name: string, lastTitle = 'While you were away'): Promise<void> {
  await page.evaluate('document.activeElement?.blur(), window.scrollTo(0, 0)');
  const panel = page.getByRole('region', { name: lastTitle });
  const box = await panel.boundingBox();
  const { width = 0 } = page.viewportSize() ?? {};
  if (box === null) throw new Error(`"${lastTitle}" is not on the page.`);
  await page.screenshot({
    path: join(PICTURES, `${name}.png`),
    fullPage: true,
    clip: { x: 0, y: 0, width, height: Math.ceil(box.y + box.height) + MARGIN },
    animations: 'disabled',
    caret: 'hide',
  });
  process.stdout.write(`docs/images/${name}.png\n`);
}
