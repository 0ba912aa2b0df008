/** `npm run screenshots`: plays the story on the local platform, and takes the README's pictures of it. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../test/support/browser.ts';
import { DEMO_USERS, type DemoUser } from './entra/directory.ts';
import { ROOT, startPlatform } from './platform.ts';

const PICTURES = join(ROOT, 'docs/images');
const [ADELE, BRUNO] = DEMO_USERS;
const WIDE = { width: 800, height: 900 };
const NARROW = { width: 360, height: 780 };
/** What stands between two panels. */
const GAP = 16;

const IDLE_SECONDS = 1;
/** MSAL takes a token's last 300 seconds for expired already. */
const TOKEN_SECONDS = 8;
const SHORT_LIVED = { graphAccessToken: 300 + TOKEN_SECONDS };
const HOUR_MS = 3_600_000;

const folder = await mkdtemp(join(tmpdir(), 'stead-screenshots-'));
const timerStatus = join(folder, 'timers.json');
// The worker runs when the story says so.
await writeFile(timerStatus, JSON.stringify({ refreshWorker: new Date(Date.now() + HOUR_MS).toISOString() }));
const platform = await startPlatform({
  timerStatus,
  lifetimes: SHORT_LIVED,
  settings: { REFRESH_IDLE_SECONDS: String(IDLE_SECONDS), REFRESH_MIN_INTERVAL_SECONDS: '5' },
});
let browser: Browser | undefined;
try {
  browser = await launchBrowser();
  await mkdir(PICTURES, { recursive: true });
  await showAdele(await open(browser));
  await setLifetimes(SHORT_LIVED);
  await showBruno(await open(browser));
} finally {
  await browser?.close();
  await platform.stop();
  await rm(folder, { recursive: true, force: true });
}

/** All is well, in every look. */
async function showAdele(page: Page): Promise<void> {
  await signIn(page, ADELE);
  await leaveFor(IDLE_SECONDS);
  await runWorker(page, 'Token still good');
  await leaveFor(TOKEN_SECONDS);
  await setLifetimes({ graphAccessToken: null });
  await runWorker(page, 'Token refreshed');
  await takePicture(page, 'profile');
  await page.emulateMedia({ colorScheme: 'dark' });
  await takePicture(page, 'dark');
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize(NARROW);
  await takePicture(page, 'narrow');
}

/** More is asked of him; he signs in again, and then has enough of it. */
async function showBruno(page: Page): Promise<void> {
  await signIn(page, BRUNO);
  await leaveFor(IDLE_SECONDS);
  await runWorker(page, 'Token still good');
  await press(page, 'Ask me for MFA');
  await leaveFor(TOKEN_SECONDS);
  await runWorker(page, 'Stead cannot go on without you');
  await takePicture(page, 'needs-user');
  await takePicture(page, 'demo-controls', { from: 'Play the story', to: 'Play the story' });

  await press(page, 'Sign in again');
  await pick(page, BRUNO);
  await press(page, 'Disconnect…');
  await press(page, 'Disconnect');
  await untilSaid(page, 'Nothing is kept of you');
  await takePicture(page, 'disconnected');
}

async function open(browser: Browser): Promise<Page> {
  const context = await browser.newContext({ viewport: WIDE, deviceScaleFactor: 1.5 });
  const page = await context.newPage();
  await page.goto(platform.webOrigin);
  return page;
}

async function signIn(page: Page, user: DemoUser): Promise<void> {
  await press(page, 'Sign in');
  await pick(page, user);
}

async function pick(page: Page, { displayName }: DemoUser): Promise<void> {
  await page.getByRole('button', { name: displayName }).click();
  await untilSaid(page, 'You can close this page');
}

async function runWorker(page: Page, words: string): Promise<void> {
  await press(page, 'Run it now');
  await untilSaid(page, words);
}

/** A little longer, so that what ends then has ended. */
async function leaveFor(seconds: number): Promise<void> {
  await sleep((seconds + 1) * 1_000);
}

async function setLifetimes(lifetimes: Record<string, number | null>): Promise<void> {
  const url = `${platform.entra.origin}/dev/lifetimes`;
  const response = await fetch(url, { method: 'PUT', body: JSON.stringify(lifetimes) });
  if (!response.ok) throw new Error(`The stand-in refused lifetimes: ${await response.text()}`);
}

async function press(page: Page, name: string): Promise<void> {
  await page.getByRole('button', { name, exact: true }).click();
}

async function untilSaid(page: Page, words: string): Promise<void> {
  await page.getByText(words).first().waitFor();
}

/** The page as a visitor sees it who has pressed nothing, from the panel `from`, or its top, to the panel `to`. */
async function takePicture(
  page: Page,
  name: string,
  { from, to = 'While you were away' }: { from?: string; to?: string } = {},
): Promise<void> {
  await page.evaluate('document.activeElement?.blur(), window.scrollTo(0, 0)');
  const box = async (title: string) => {
    const found = await page.getByRole('region', { name: title }).boundingBox();
    if (found === null) throw new Error(`"${title}" is not on the page.`);
    return found;
  };
  const top = from === undefined ? 0 : Math.floor((await box(from)).y) - GAP;
  const { y, height } = await box(to);
  const { width = 0 } = page.viewportSize() ?? {};
  await page.screenshot({
    path: join(PICTURES, `${name}.png`),
    fullPage: true,
    clip: { x: 0, y: top, width, height: Math.floor(y + height) - top },
    animations: 'disabled',
  });
  process.stdout.write(`docs/images/${name}.png\n`);
}
