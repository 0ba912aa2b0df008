/** What a page says beside what it shows: its console, its errors, and the tokens it was given. */
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

export type Watched = {
  /** Every line of the console, and every error that nothing caught. */
  lines: string[];
  /** All tokens that the directory answered, whole and by their signatures. */
  secrets: Set<string>;
  /** Every address that the page itself has had. */
  addresses: string[];
};

export function watchPage(page: Page): Watched {
  const watched: Watched = { lines: [], secrets: new Set(), addresses: [] };
  page.on('console', (message) => watched.lines.push(message.text()));
  page.on('pageerror', (error) => watched.lines.push(`uncaught ${error.message}`));
  page.on('framenavigated', (frame) => watched.addresses.push(frame.url()));
  page.on('response', async (response) => {
    if (!new URL(response.url()).pathname.endsWith('/oauth2/v2.0/token')) return;
    const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
    for (const name of ['access_token', 'refresh_token', 'id_token']) {
      const token = body[name];
      if (typeof token !== 'string') continue;
      watched.secrets.add(token);
      watched.secrets.add(token.slice(-40));
    }
  });
  return watched;
}

/** No rule of the content security policy is broken, nothing is uncaught, and no token is where it can be read. */
export async function expectDiscreet(page: Page, { lines, secrets, addresses }: Watched): Promise<void> {
  expect(lines.filter((line) => /Content Security Policy|^uncaught /i.test(line))).toEqual([]);
  const shown = [...lines, ...addresses, page.url(), await page.content()].join('\n');
  const leaked = [...secrets].filter((secret) => shown.includes(secret)).length;
  expect(leaked, 'tokens in the console, in an address or in the page').toBe(0);
}
