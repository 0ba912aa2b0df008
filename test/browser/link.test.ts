/** A link in a real browser: its cookie, the redirects through the stand-in, and the functions as they are shipped. */
import { rm } from 'node:fs/promises';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../dev/entra/directory.ts';
import { launchBrowser } from '../../dev/launchBrowser.ts';
import { pickAccount } from '../../dev/pickAccount.ts';
import { type Platform, startPlatform } from '../../dev/platform.ts';
import type { Connection, LinkTicket } from '../../shared/wire.ts';
import { DUE_AT_ONCE } from '../support/browser.ts';
import { buildShipped } from '../support/buildShipped.ts';
import { control, signIn } from '../support/entraClients.ts';
import { expectFine } from './spa/expectFine.ts';

const [ADELE, BRUNO, CHIARA] = DEMO_USERS;

let functions: string | undefined;
let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  functions = await buildShipped();
  platform = await startPlatform({ ...DUE_AT_ONCE, functions });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
  if (functions) await rm(functions, { recursive: true });
});

/** What the page sends with a user's access token. */
async function api<T>(accessToken: string, method: string, path: string): Promise<T> {
  const response = await fetch(`${platform.host.origin}${path}`, {
    method,
    headers: { authorization: `Bearer ${accessToken}` },
  });
  expect(response.status).toBe(200);
  return (await response.json()) as T;
}

async function visit(user: string) {
  const { accessToken } = await signIn(platform.entra, user, { spaOrigin: platform.webOrigin });
  await api(accessToken, 'GET', '/api/profile');
  const status = () => api<Connection>(accessToken, 'GET', '/api/connection');
  const ticket = async () => (await api<LinkTicket>(accessToken, 'POST', '/api/connection/link')).url;
  return { accessToken, status, ticket };
}

describe('a link in a browser', () => {
  it('comes back to the page, and the worker goes on when all that stems from the page is over', async () => {
    // The refresh token of an exchange is over a second after the sign-in, as if a day had passed.
    await control(platform.entra, 'PUT', '/lifetimes', { exchangedRefreshToken: 1 });
    const { status, ticket } = await visit('adele');
    expect(await status()).not.toHaveProperty('staysConnected');
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(await ticket());
    expect(new URL(page.url()).origin).toBe(platform.entra.origin);
    const [cookie] = (await context.cookies(platform.host.origin)).filter(
      ({ name }) => name === 'stead-link',
    );
    expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' });
    await pickAccount(page, ADELE.displayName);
    await page.waitForURL((url) => url.origin === platform.webOrigin);
    const left = (await context.cookies(platform.host.origin)).map(({ name }) => name);
    expect(left).not.toContain('stead-link');
    const { staysConnected } = await status();
    const days = (Date.parse(staysConnected?.until ?? '') - Date.now()) / 86_400_000;
    expect(days).toBeGreaterThan(89);

    await expect
      .poll(
        async () => {
          await platform.host.run('refreshWorker');
          return (await status()).history.at(-1)?.outcome;
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBe('task-done');
    expect(await status()).toMatchObject({ state: 'active', staysConnected: expect.any(Object) });

    // The directory knows her from the link, and shows no page.
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await page.getByText(/goes on for about (89|90) days, even if you do not come back\.$/).waitFor();
    expect(page.url()).toBe(`${platform.webOrigin}/`);
    await context.close();
  });

  it('is offered by the page, which says what came of it and forgets nothing else', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(platform.webOrigin);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await pickAccount(page, BRUNO.displayName);
    await page.getByText(/goes on until your organisation asks to see you again/).waitFor();
    await expectFine(page, 'link-offered');
    await page.getByRole('button', { name: 'Stay connected' }).click();
    await page.getByText('You stay connected now.').waitFor();
    await page.getByText(/goes on for about (89|90) days, even if you do not come back\.$/).waitFor();
    expect(page.url()).toBe(`${platform.webOrigin}/`);
    expect(await page.getByRole('button', { name: 'Stay connected' }).count()).toBe(0);
    await context.close();
  });

  it('is offered once: whoever says "Not now" is not asked again', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(platform.webOrigin);
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await pickAccount(page, CHIARA.displayName);
    await page.getByRole('button', { name: 'Not now' }).click();
    await page.reload();
    await page.getByRole('heading', { name: 'Your choices' }).waitFor();
    expect(await page.getByRole('button', { name: 'Stay connected' }).count()).toBe(0);
    const kept = await page.evaluate<string>('JSON.stringify({ ...localStorage })');
    expect(kept).not.toContain(CHIARA.oid);
    await context.close();
  });

  it('ends at the page when another person signs in', async () => {
    const { status, ticket } = await visit('adele');
    const page = await browser.newPage();
    await page.goto(await ticket());
    await pickAccount(page, BRUNO.displayName);
    await page.getByText('Somebody else signed in. Nothing was changed.').waitFor();
    expect(page.url()).toBe(`${platform.webOrigin}/`);
    expect((await status()).state).toBe('active');
    await page.context().close();
  });

  it('shows a small page for an address that is none', async () => {
    const page = await browser.newPage();
    const answer = await page.goto(`${platform.host.origin}/api/connection/link?ticket=x`);
    expect(answer?.status()).toBe(400);
    expect(await page.innerText('body')).toContain('LINK_TICKET');
    await page.context().close();
  });
});
