/** `npm run screenshots`: plays the story on the local platform, and writes the pictures of `docs/images`. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { readArguments } from '../ops/cli/readArguments.ts';
import { runCommand } from '../ops/cli/runCommand.ts';
import { DEMO_USERS, type DemoUser } from './entra/directory.ts';
import { joinPictures, type Shot } from './joinPictures.ts';
import { launchBrowser } from './launchBrowser.ts';
import { pickAccount } from './pickAccount.ts';
import { FAST_MOTION, type Platform, ROOT, runBuild, startPlatform } from './platform.ts';

const USAGE = `Usage: npm run screenshots -- [options]

Builds Stead, plays the story in a browser, and writes docs/images.

  --no-build   runs the previous build
  --help       shows this text
`;

const FOLDER = join(ROOT, 'docs/images');
const [ADELE, BRUNO] = DEMO_USERS;
/** The margin, in pixels, at both sides of the page's column in a picture, if the window is wide enough. */
const MARGIN = 32;
const WIDE = { viewport: { width: 1280, height: 900 }, colorScheme: 'light' } as const;
const TOUR = {
  viewport: { width: 1060, height: 640 },
  colorScheme: 'light',
  deviceScaleFactor: 1.25,
} as const;
const NARROW_AND_DARK: BrowserContextOptions = { viewport: { width: 360, height: 800 }, colorScheme: 'dark' };
/** How long a step can be read, and its button is pointed at. */
const [READ_MS, POINT_MS] = [3_000, 700];
/** A picture of the README is loaded by everybody who looks at the repository. */
const MOST_BYTES = 1_000_000;

await runCommand(USAGE, async (args) => {
  const { values } = readArguments(args, { 'no-build': { type: 'boolean', default: false } });
  if (!values['no-build']) await runBuild();
  const platform = await startPlatform(FAST_MOTION);
  try {
    const browser = await launchBrowser();
    try {
      await mkdir(FOLDER, { recursive: true });
      await playStory(browser, platform);
      await playTour(browser, platform);
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
  await page.getByRole('button', { name: 'Play the story' }).click();
  await page.getByRole('button', { name: 'Leave', exact: true }).click();
  await page.getByText('Step 2 of 6').waitFor();
  await settled(page);
  await page.screenshot({ path: join(FOLDER, 'drawer.png') });
  process.stdout.write('docs/images/drawer.png\n');
  await page.getByRole('button', { name: 'Close', exact: true }).click();
  await take(page, 'profile');
  await take(await signedIn(browser, platform, NARROW_AND_DARK), 'dark-360');

  for (const control of ['mfa', 'run']) await press(page, control);
  await page.getByRole('button', { name: 'Sign in again' }).waitFor();
  await take(page, 'needs-user');

  for (const control of ['return', 'disconnect']) await press(page, control);
  await take(page, 'disconnected');
}

/** The tour as one picture that moves: each step while its button is pointed at, and what came of it. */
async function playTour(browser: Browser, platform: Platform): Promise<void> {
  const page = await signedIn(browser, platform, TOUR, BRUNO);
  const shots: Shot[] = [];
  const shoot = async (ms: number) => void shots.push({ png: await page.screenshot(), ms });
  await page.getByRole('button', { name: 'Play the story' }).click();
  const tour = page.getByRole('region', { name: 'Tour' });
  for (let step = 1; step <= 6; step += 1) {
    await tour.getByText(`Step ${step} of 6`).waitFor();
    await settled(page);
    await shoot(READ_MS);
    await tour.getByRole('button').hover();
    await shoot(POINT_MS);
    await tour.getByRole('button').click();
  }
  await tour.getByText('The end').waitFor();
  await settled(page);
  await shoot(2 * READ_MS);
  const picture = joinPictures(shots);
  if (picture.length > MOST_BYTES)
    throw new Error(`story.png has ${picture.length} bytes, which is too much.`);
  await writeFile(join(FOLDER, 'story.png'), picture);
  process.stdout.write(`docs/images/story.png   ${Math.round(picture.length / 1_000)} kB\n`);
}

async function signedIn(
  browser: Browser,
  platform: Platform,
  device: BrowserContextOptions,
  user: DemoUser = ADELE,
): Promise<Page> {
  const context = await browser.newContext({
    deviceScaleFactor: 1.5,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    ...device,
  });
  const page = await context.newPage();
  await page.goto(platform.webOrigin);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await pickAccount(page, user.displayName);
  await settled(page);
  return page;
}

/** Does what a control of the drawer does, and loads the page again. */
async function press(page: Page, control: string): Promise<void> {
  const answer = await page.request.post(`${new URL(page.url()).origin}/dev/users/${ADELE.name}/${control}`, {
    data: {},
  });
  if (!answer.ok()) throw new Error(`The control "${control}" answered ${answer.status()}.`);
  await page.reload();
  await settled(page);
}

/** The page has read everything, and nothing moves. */
async function settled(page: Page): Promise<void> {
  await page
    .getByRole('button', { name: 'Play the story', exact: true })
    .or(page.getByRole('dialog'))
    .waitFor();
  await page.waitForLoadState('networkidle');
}

/** Takes a picture of the page's column, without the demo's button and with no button focused. */
async function take(page: Page, name: string): Promise<void> {
  await page.mouse.move(0, 0);
  await page.evaluate(`document.activeElement?.blur();
    document.querySelector('.demo-opener').style.display = 'none';
    scrollTo(0, 0);`);
  const last = await page.locator('main article').last().boundingBox();
  if (last === null) throw new Error('The page shows nothing.');
  const margin = Math.min(MARGIN, last.x);
  const clip = {
    x: last.x - margin,
    y: 0,
    width: last.width + 2 * margin,
    height: last.y + last.height + margin,
  };
  await page.screenshot({ path: join(FOLDER, `${name}.png`), clip, fullPage: true });
  await page.evaluate("document.querySelector('.demo-opener').style.display = '';");
  process.stdout.write(`docs/images/${name}.png\n`);
}
