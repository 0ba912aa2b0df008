import type { Page } from 'playwright-core';

/** Picks an account on the stand-in's page, and accepts what it then asks consent for, if it asks. */
export async function pickAccount(page: Page, displayName: string): Promise<void> {
  const account = page.getByRole('button', { name: displayName });
  await account.waitFor();
  const { origin } = new URL(page.url());
  await account.click();
  const accept = page.getByRole('button', { name: 'Accept', exact: true });
  await Promise.race([accept.waitFor(), page.waitForURL((url) => url.origin !== origin)]);
  if (await accept.isVisible()) await accept.click();
}
