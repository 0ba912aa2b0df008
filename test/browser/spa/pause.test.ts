/** The person pauses their tasks on the page. */
import type { Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { usable } from '../../support/browser.ts';
import { connections } from './connections.ts';
import { keptConnection, pageForTests, problem } from './pageUnderTest.ts';

const app = pageForTests();

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const focused = (page: Page) => page.evaluate('document.activeElement.tagName');
const status = (page: Page) =>
  page.getByRole('region', { name: 'How it stands' }).getByRole('status').first();

async function open(): Promise<Page> {
  const page = await app.open();
  await app.signIn(page);
  return page;
}

describe('a pause', () => {
  it('is ordered and ended with the keyboard alone, which is never lost, and is announced', async () => {
    const page = await open();
    await usable(button(page, 'Pause for a day'));
    await button(page, 'Pause for a day').focus();
    await page.keyboard.press('Enter');
    await usable(button(page, 'Go on now'));
    await expect.poll(() => focused(page)).toBe('SECTION');
    await expect.poll(() => status(page).innerText()).toMatch(/^Paused until /);
    await button(page, 'Go on now').focus();
    await page.keyboard.press('Enter');
    await usable(button(page, 'Pause for a week'));
    await expect.poll(() => focused(page)).toBe('SECTION');
    await expect.poll(() => status(page).innerText()).toBe('All set: Stead works for you from now on');
  });

  it('that may not have been stored is not shown as if it were', async () => {
    const page = await open();
    await button(page, 'Pause for a day').waitFor();
    app.answer({
      connection: (c) =>
        c.req.method === 'PUT' ? problem('UNAVAILABLE', 503)(c) : c.json(connections.seen()),
    });
    await button(page, 'Pause for a day').click();
    await page.getByText('Stead may not be paused: the service did not answer.').waitFor();
    await button(page, 'Ask again').click();
    await button(page, 'Pause for a day').waitFor();
    await expect.poll(() => page.getByRole('alert').count()).toBe(0);
  });

  it('does not connect a person who has disconnected elsewhere: the page learns it', async () => {
    const page = await open();
    // The page asks again by itself, and must not learn it before the button is pressed.
    const ended = keptConnection(connections.disconnected());
    let isPressed = false;
    app.answer({
      connection: (c) => {
        isPressed ||= c.req.method === 'PUT';
        return isPressed ? ended(c) : c.json(connections.seen());
      },
    });
    await button(page, 'Pause for a day').click();
    await button(page, 'Start again').waitFor();
    expect(await page.getByRole('main').innerText()).not.toContain('Paused');
  });
});

describe('a person who is not connected', () => {
  it('is connected by the button alone, not by a permission that they give', async () => {
    const methods: string[] = [];
    const answers = keptConnection(connections.notConnected());
    let consents = false;
    const page = await open();
    await button(page, 'Stop…').waitFor();
    app.answer({
      connection: (c) => {
        methods.push(c.req.method);
        return answers(c);
      },
      profile: (c) =>
        consents
          ? c.json({ id: 'x', displayName: 'Somebody' })
          : problem('CONSENT_REQUIRED', 401, { scopes: [] })(c),
    });
    await page.reload();
    await button(page, 'Start').waitFor();
    consents = true;
    await button(page, 'Give permission').click();
    await page.getByRole('heading', { name: 'Somebody' }).waitFor();
    expect(new Set(methods)).toEqual(new Set(['GET']));
    await button(page, 'Start').click();
    await button(page, 'Stop…').waitFor();
    expect(methods).toContain('PUT');
  });
});
