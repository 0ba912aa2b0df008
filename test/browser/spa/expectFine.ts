/** What holds for every state of the page, however it is looked at. */
import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { screenshot } from '../../support/browser.ts';

export const THEMES = ['light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

const WIDTHS = [360, 1280];
const HEIGHT = 800;
const NARROWEST = 320;
/** What a browser that enlarges a window of 1280 pixels to 200 % gives the page. */
const ENLARGED = 640;
/** The words of the page that go over two lines. Codes, addresses and what others wrote may break. */
const BROKEN_WORDS = `(() => {
  const broken = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (text.parentElement.closest('script, noscript, code, dd, [dir=auto], .visually-hidden')) continue;
    for (const { index, 0: word } of text.data.matchAll(/[^\\s\\u2013\\/-]+/g)) {
      range.setStart(text, index);
      range.setEnd(text, index + word.length);
      const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
      if (lines.size > 1) broken.push(word);
    }
  }
  return broken;
})()`;

/** A browser profile of its own, in one theme from the beginning: a later change would fade in. */
export async function openThemed(browser: Browser, colorScheme: Theme, locale = 'en-GB'): Promise<Page> {
  const viewport = { width: 1280, height: HEIGHT };
  const context = await browser.newContext({ colorScheme, viewport, locale, reducedMotion: 'reduce' });
  return context.newPage();
}

/** The boxes of the page that have no border. Forced colours take away backgrounds and shadows, which would show them else. */
const BORDERLESS = `[...document.querySelectorAll('article, .stay, .link-result, .demo-drawer')]
  .filter((one) => {
    const { borderTopWidth, borderInlineStartWidth } = getComputedStyle(one);
    return Math.max(Number.parseFloat(borderTopWidth), Number.parseFloat(borderInlineStartWidth)) === 0;
  })
  .map((one) => one.className)`;
/** A transition or an animation that a person would see. */
const MOVING = `[...document.querySelectorAll('*')].flatMap((one) =>
  ['', '::before', '::after'].filter((part) => {
    const { transitionDuration, animationDuration } = getComputedStyle(one, part);
    return Math.max(Number.parseFloat(transitionDuration), Number.parseFloat(animationDuration)) > 0.01;
  }).map((part) => one.tagName + part))`;

/**
 * The rules of axe-core that the page breaks. It has no frame of another origin, so that the legacy mode sees all of it. The other
 * mode opens an empty page for each analysis, which takes about a sixth longer in all.
 */
export async function violationsOf(page: Page) {
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  return violations;
}

/**
 * The page as it stands breaks no rule of axe-core and fits, narrow and wide, with text twice as large, and with forced colours;
 * nothing moves for whoever wants that; and it is photographed.
 */
export async function expectFine(page: Page, name: string): Promise<void> {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    await screenshot(page, `${name}-${width}`);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
    const violations = await violationsOf(page);
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`)).toEqual(
      [],
    );
  }
  await page.setViewportSize({ width: NARROWEST, height: HEIGHT });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(NARROWEST);
  expect(await page.evaluate<string[]>(BROKEN_WORDS), 'words that break').toEqual([]);
  await expectFineEnlarged(page);
  await page.emulateMedia({ forcedColors: 'active' });
  expect(await page.evaluate<string[]>(BORDERLESS), 'boxes that forced colours hide').toEqual([]);
  await page.emulateMedia({ forcedColors: 'none', reducedMotion: 'reduce' });
  expect(await page.evaluate<string[]>(MOVING), 'what moves').toEqual([]);
}

/** At 200 %, whether the browser enlarges the page, which then has half the width, or its text alone. */
async function expectFineEnlarged(page: Page): Promise<void> {
  await page.setViewportSize({ width: ENLARGED, height: HEIGHT });
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(ENLARGED);
  await page.evaluate("document.documentElement.style.fontSize = '200%'");
  expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(ENLARGED);
  expect(await page.evaluate<string[]>(BROKEN_WORDS), 'words that break when they are large').toEqual([]);
  await page.evaluate("document.documentElement.style.fontSize = ''");
}
