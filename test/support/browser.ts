/** What tests do with a page in a browser. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Locator, Page } from 'playwright-core';

const RESULTS = fileURLToPath(new URL('../../test-results', import.meta.url));
/**
 * A platform whose worker a test presses itself, a second after a visit. Each check asks for another token, because MSAL takes the
 * last 300 seconds of a token for over already.
 */
export const DUE_AT_ONCE = {
  timers: false,
  lifetimes: { graphAccessToken: 301 },
  settings: { REFRESH_IDLE_SECONDS: '1', REFRESH_MIN_INTERVAL_SECONDS: '1' },
};
/** How long the page is patient with a consent. */
const SETTLE_FOR_MS = 30_000;

/** Does what the page is left for, and waits until it has come back: the page that is left may look like the one that comes. */
export async function comingBack(page: Page, leave: () => Promise<unknown>): Promise<void> {
  // What the page shows may be there before its own load is over, which must not be taken for the next one.
  await page.waitForLoadState();
  await Promise.all([page.waitForEvent('load'), leave()]);
}

/** Signs out, and waits for the page to come back: it shows nobody already before it leaves for the directory. */
export const signOut = (page: Page): Promise<void> =>
  comingBack(page, () => page.getByRole('button', { name: 'Sign out', exact: true }).click());

/** Waits until the button can be used: the page shows it disabled while a change is still under way, and no key reaches it. */
export async function usable(button: Locator): Promise<void> {
  await button.and(button.page().locator(':enabled')).waitFor();
}

/** Accepts what the stand-in asks consent for, with no account to pick first. */
export async function acceptConsent(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Accept', exact: true }).click();
}

/**
 * Moves the page's clock past the half minute after a sign-in in which a consent may still take effect late.
 * The clock must be installed before the page is loaded.
 */
export async function passSettling(page: Page): Promise<void> {
  await page.clock.fastForward(SETTLE_FOR_MS);
}

/** Writes `test-results/<name>.png` of the whole page, and returns its path. */
export async function screenshot(page: Page, name: string): Promise<string> {
  const path = join(RESULTS, `${name}.png`);
  await mkdir(RESULTS, { recursive: true });
  await page.screenshot({ path, fullPage: true, animations: 'disabled' });
  return path;
}
