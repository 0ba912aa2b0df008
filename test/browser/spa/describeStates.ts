/** Every state of the page, narrow and wide: what it says, how it fits, whether everybody can use it. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../dev/entra/directory.ts';
import { pickAccount } from '../../../dev/pickAccount.ts';
import { de } from '../../../spa/src/words/de.ts';
import { en } from '../../../spa/src/words/en.ts';
import { expectFine, openThemed, type Theme } from './expectFine.ts';
import { STATES } from './pageStates.ts';
import { type PageUnderTest, startPageUnderTest } from './pageUnderTest.ts';
import { expectDiscreet, type Watched, watchPage } from './watchPage.ts';

const [ADELE] = DEMO_USERS;

let app: PageUnderTest;

const saysAll = (page: Page, texts: readonly string[]) =>
  expect
    .poll(
      async () => {
        const shown = await page.getByRole('main').innerText();
        return texts.filter((text) => !shown.includes(text));
      },
      { timeout: 10_000 },
    )
    .toEqual([]);

/**
 * In one theme and one language. The page does the same in all of them, so that one is enough for the first tier; the second
 * tier has the other three.
 */
export function describeStates(theme: Theme, locale: 'en-GB' | 'de-DE'): void {
  const words = locale === 'en-GB' ? en('Stead') : de('Stead');
  const look = `${theme}-${locale.slice(0, 2)}`;
  beforeAll(async () => {
    app = await startPageUnderTest();
  });
  afterAll(() => app?.close());
  beforeEach(() => app.answerWell());

  describe(`in the ${theme}, for ${locale}`, () => {
    let page: Page;
    let watched: Watched;

    beforeAll(async () => {
      page = await openThemed(app.browser, theme, locale);
      watched = watchPage(page);
      await page.goto(app.origin);
      await page.getByRole('button', { name: words.signIn, exact: true }).click();
      await pickAccount(page, ADELE.displayName);
      await page.getByRole('heading', { name: ADELE.displayName }).waitFor();
    });
    // One page for all of them: what one has done to it must not meet the next.
    beforeEach(() => page.evaluate("sessionStorage.removeItem('stead.visit')"));
    afterEach(() => page.unrouteAll({ behavior: 'ignoreErrors' }));
    afterAll(() => page?.context().close());

    it('welcome', async () => {
      const stranger = await openThemed(app.browser, theme, locale);
      await stranger.goto(app.origin);
      await saysAll(stranger, [words.welcome.title, words.localDemo, ...words.welcome.points.flat()]);
      expect(await stranger.evaluate('document.documentElement.lang')).toBe(locale.slice(0, 2));
      expect(await stranger.title()).toBe(words.title);
      await expectFine(stranger, `welcome-${look}`);
      await stranger.context().close();
    });

    it.each([
      ['?admin_consent=True&tenant=somewhere&state=any', 'given'],
      ['?error=access_denied&error_description=AADSTS65004%3A', 'refused'],
      ['', 'nothing'],
    ] as const)('admin landing %s', async (search, outcome) => {
      const stranger = await openThemed(app.browser, theme, locale);
      await stranger.goto(`${app.origin}/admin.html${search}`);
      await saysAll(stranger, [words.admin[outcome], 'ALLOWED_TENANTS']);
      expect(await stranger.content()).not.toContain('somewhere');
      await expectFine(stranger, `admin-${outcome}-${look}`);
      await stranger.context().close();
    });

    it.each(STATES)('$name', async ({ name, answers, before, after, says, lacks, alerts }) => {
      if (answers) app.answer(answers);
      await before?.(page);
      await page.reload();
      await saysAll(page, name === 'link-came-back' ? [words.regions.choices] : says(words).slice(0, 1));
      await after?.(page, words, app);
      await saysAll(page, says(words));
      for (const text of lacks?.(words) ?? []) {
        await expect.poll(() => page.getByRole('main').innerText()).not.toContain(text);
      }
      if (alerts !== undefined) await expect.poll(() => page.getByRole('alert').count()).toBe(alerts);
      await expectFine(page, `${name}-${look}`);
      expect(page.url()).toBe(`${app.origin}/`);
      expect(watched.secrets.size, 'tokens that were seen to arrive').toBe(6);
      await expectDiscreet(page, watched);
    });
  });
}
