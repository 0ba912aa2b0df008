/** Sign-ins that the directory refuses, one number after another, and what must come of each. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';
import { ROOT } from '../../../dev/platform.ts';
import { FAILURES } from '../../../shared/tokens/failures.ts';
import { comingBack } from '../../support/browser.ts';
import type { PageUnderTest } from './pageUnderTest.ts';

const UNKNOWN = 9_876_543;
/** Refusals of people by policies, assignments and consents. */
const OF_PEOPLE = [53003, 50105, 50057, 50020, 50076, 50173, 700082, 65001, 90094];
/** What the stand-in itself can say. */
const OF_STAND_IN = readdirSync(join(ROOT, 'dev/entra')).flatMap((file) =>
  [...readFileSync(join(ROOT, 'dev/entra', file), 'utf8').matchAll(/EntraError\(\s*'\w+',\s*(\d{5,8})/g)].map(
    ([, number]) => Number(number),
  ),
);
const OF_TABLE = FAILURES.flatMap(({ numbers = [] }) => numbers);
/** The person's own no. They may sign in again at once, so nothing has to end (`profilePage.test.ts`). */
const DECLINED = 65004;
export const NUMBERS = [...new Set([...OF_PEOPLE, ...OF_STAND_IN, ...OF_TABLE, UNKNOWN])]
  .filter((number) => number !== DECLINED)
  .toSorted((one, other) => one - other);
/** One of each answer that leads to the directory: the ladder knows their codes, and no number. */
export const EXAMPLES = [53003, UNKNOWN, 65001];
export const MOST_REDIRECTS = 2;

/** Counts how often the page leaves for the directory. */
export function countLeaving(page: Page): () => number {
  let left = 0;
  page.on('request', (request) => {
    if (!request.isNavigationRequest() || request.frame() !== page.mainFrame()) return;
    if (new URL(request.url()).pathname.endsWith('/oauth2/v2.0/authorize')) left += 1;
  });
  return () => left;
}

const OFFERS = /^(?:Sign in|Sign in again|Give permission)$/;
export const offer = (page: Page) => page.getByRole('main').getByRole('button', { name: OFFERS });

/** The page offers the sign-in twice at most, and then says what an administrator needs. */
export async function expectSignInEnds(app: PageUnderTest, errorNo: number): Promise<void> {
  const page = await app.open();
  const left = countLeaving(page);
  // What the directory answers to every request for a page: the application is sent back with the refusal.
  await page.route('**/oauth2/v2.0/authorize?*', async (route) => {
    const query = new URL(route.request().url()).searchParams;
    const refusal = new URLSearchParams({
      error: 'access_denied',
      error_description: `AADSTS${errorNo}: Refused. Trace ID: 2b6a6b57-8c2e-4f43-8f77-0a6d7b3b1c00 Correlation ID: 8f2f0dd3-17a6-4a0f-9a63-3d2a2c8e5f10 Timestamp: 2031-05-06 07:08:09Z`,
      state: query.get('state') ?? '',
    });
    await route.fulfill({ status: 302, headers: { location: `${query.get('redirect_uri')}#${refusal}` } });
  });
  for (let click = 0; click <= MOST_REDIRECTS; click += 1) {
    // The page says what came of a sign-in before it offers another one.
    await offer(page)
      .or(page.getByRole('heading', { name: /Tell your/ }))
      .first()
      .waitFor();
    if ((await offer(page).count()) === 0) break;
    await comingBack(page, () => offer(page).first().click());
  }
  expect(left()).toBe(MOST_REDIRECTS);
  expect(await offer(page).count()).toBe(0);
  const shown = await page.getByRole('main').innerText();
  for (const text of [
    'Tell your administrator',
    `AADSTS${errorNo}`,
    '8f2f0dd3-17a6-4a0f-9a63-3d2a2c8e5f10',
    '2031-05-06 07:08:09Z',
    '/v2.0/adminconsent?',
  ]) {
    expect(shown).toContain(text);
  }
  await page.context().close();
}
