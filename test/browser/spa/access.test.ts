/** The page by keyboard alone, and as a screen reader hears it. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { usable } from '../../support/browser.ts';
import { connections } from './connections.ts';
import { keptConnection, pageForTests } from './pageUnderTest.ts';

const NEWCOMER = 'All set: Stead works for you from now on';

const app = pageForTests();

async function openSignedIn(): Promise<Page> {
  const page = await app.open();
  await app.signIn(page);
  await shown(page);
  return page;
}

/** The words of what has the focus, or its label. */
const focused = (page: Page): Promise<string> =>
  page.evaluate(`(() => {
    const { activeElement: at } = document;
    if (at === null || at === document.body) return 'nothing';
    return ['BUTTON', 'A'].includes(at.tagName) ? at.textContent : at.tagName.toLowerCase();
  })()`);

const press = async (page: Page, ...keys: string[]): Promise<string> => {
  for (const key of keys) await page.keyboard.press(key);
  return focused(page);
};

/** Waits for all that Tab can reach: the profile and the connection are two answers, and either may be the later one. */
async function shown(page: Page): Promise<void> {
  await usable(page.getByRole('button', { name: 'Stop…' }));
  await page.locator('.profile > summary').waitFor();
}

describe('the keyboard', () => {
  it('reaches every button in the order of the page', async () => {
    const page = await openSignedIn();
    await page.reload();
    await shown(page);
    expect(await press(page, 'Tab')).toBe('Sign out');
    expect(await press(page, 'Tab')).toBe('summary');
    expect(await press(page, 'Tab')).toBe('Pause for a day');
    expect(await press(page, 'Tab')).toBe('Pause for a week');
    expect(await press(page, 'Tab')).toBe('Stop…');
    expect(await press(page, 'Tab')).toBe('Download what is kept of me');
  });

  it('is held by the dialog, and given back by Escape', async () => {
    const page = await openSignedIn();
    await page.getByRole('button', { name: 'Stop…' }).focus();
    expect(await press(page, 'Enter')).toBe('Cancel');
    expect(await press(page, 'Tab')).toBe('Stop');
    expect(await press(page, 'Shift+Tab')).toBe('Cancel');
    expect(await press(page, 'Shift+Tab')).toBe('myapps.microsoft.com');
    for (let time = 0; time < 4; time += 1) expect(await press(page, 'Tab')).not.toBe('Sign out');
    expect(await press(page, 'Escape')).toBe('Stop…');
    expect(await page.getByRole('dialog').count()).toBe(0);
    expect(await page.getByRole('heading', { name: NEWCOMER }).count()).toBe(1);
  });

  it('stops and starts again, and is never lost', async () => {
    const page = await openSignedIn();
    await page.getByRole('button', { name: 'Stop…' }).focus();
    expect(await press(page, 'Enter', 'Tab', 'Enter')).toBe('section');
    await usable(page.getByRole('button', { name: 'Start again' }));
    expect(await focused(page)).toBe('section');
    expect(await press(page, 'Tab')).toBe('Start again');
    expect(await press(page, 'Enter')).toBe('section');
    await usable(page.getByRole('button', { name: 'Stop…' }));
    expect(await focused(page)).toBe('section');
    expect(await press(page, 'Tab')).toBe('Pause for a day');
  });
});

describe('a screen reader', () => {
  const state = (page: Page) => page.getByRole('region', { name: 'How it stands' });

  it('hears each change once, and nothing while only time passes', async () => {
    const nextCheckAt = new Date(Date.now() + 600_000).toISOString();
    app.answer({ connection: keptConnection({ ...connections.seen(), nextCheckAt }) });
    const page = await openSignedIn();
    await page.clock.install();
    await page.reload();
    const countdown = page.locator('.next-check');
    await countdown.waitFor();
    expect(await state(page).getByRole('status').innerText()).toBe(NEWCOMER);
    await page.evaluate(`window.heard = [];
      new MutationObserver((changes) => {
        for (const { target, addedNodes } of changes) {
          const element = target instanceof Element ? target : target.parentElement;
          const region = element?.closest('[role=status], [role=alert]');
          if (region) window.heard.push(region.textContent);
          for (const added of addedNodes) {
            if (region || !(added instanceof Element)) continue;
            for (const alert of added.querySelectorAll('[role=alert]')) window.heard.push(alert.textContent);
          }
        }
      }).observe(document.body, { subtree: true, childList: true, characterData: true });`);
    const heard = (): Promise<string[]> => page.evaluate('window.heard');

    const shown = await countdown.innerText();
    await page.clock.runFor(150_000);
    await expect.poll(() => countdown.innerText()).not.toBe(shown);
    expect(await heard()).toEqual([]);

    app.answer({ connection: keptConnection(connections.needsUser()) });
    await page.evaluate('dispatchEvent(new Event("online"))');
    await page.getByRole('heading', { name: /^Stopped on / }).waitFor();
    await expect
      .poll(async () => (await heard()).filter((text) => text.startsWith('Stopped on')))
      .toHaveLength(1);
  });

  it('is told what is under way, and what came of it', async () => {
    const page = await openSignedIn();
    const status = state(page).getByRole('status');
    let answer = () => {};
    const asked = new Promise<void>((resolve) => {
      answer = resolve;
    });
    app.answer({ connection: (c) => asked.then(() => c.body(null, 204)) });
    await page.getByRole('button', { name: 'Stop…' }).click();
    await page.getByRole('button', { name: 'Stop', exact: true }).click();
    await expect.poll(() => status.innerText()).toBe('Stopping…');
    answer();
    await expect.poll(() => status.innerText()).toBe('You stopped Stead');
  });

  it('finds headings in order, and a name for every region', async () => {
    const page = await openSignedIn();
    expect(await page.getByRole('heading', { level: 1 }).count()).toBe(1);
    expect(await page.getByRole('heading', { level: 2 }).count()).toBe(4);
    expect(await page.getByRole('heading').count()).toBe(5);
    for (const name of ['Your profile', 'How it stands', 'While you were away', 'Your choices']) {
      expect(await page.getByRole('region', { name }).count()).toBe(1);
    }
  });
});
