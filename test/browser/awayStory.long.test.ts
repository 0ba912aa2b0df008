/** What the page is for, told once as it happens to people: real MSAL, the built functions, Azurite, the worker. */
import { TableClient } from '@azure/data-tables';
import { ContainerClient } from '@azure/storage-blob';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS, type DemoUser } from '../../dev/entra/directory.ts';
import { launchBrowser } from '../../dev/launchBrowser.ts';
import { pickAccount } from '../../dev/pickAccount.ts';
import { type Platform, startPlatform } from '../../dev/platform.ts';
import { acceptConsent, DUE_AT_ONCE, screenshot } from '../support/browser.ts';
import { control } from '../support/entraClients.ts';

const [ADELE, BRUNO, CHIARA] = DEMO_USERS;
const PATIENCE = { timeout: 20_000, interval: 500 };

let platform: Platform;
let browser: Browser;

beforeAll(async () => {
  platform = await startPlatform({
    ...DUE_AT_ONCE,
    settings: { ...DUE_AT_ONCE.settings, REFRESH_IDLE_SECONDS: '2' },
  });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
});

const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });
const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const away = (page: Page) => page.getByRole('region', { name: 'While you were away' });
const lines = (page: Page) => away(page).getByRole('listitem');
const headline = (page: Page, name: RegExp) => page.getByRole('heading', { name });

const NEWCOMER = /^All set: Stead works for you/;
const WELL = /all well$/;
const STOPPED = /^Stopped /;
const REPAIRED = /^All set again$/;
const ENDED = /^You stopped Stead/;
const pick = (page: Page, user: DemoUser) => pickAccount(page, user.displayName);

async function visit(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  await page.goto(platform.webOrigin);
  await button(page, 'Sign in').click();
  return page;
}

async function firstVisit(user: DemoUser): Promise<{ context: BrowserContext; page: Page }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  const page = await visit(context);
  await pick(page, user);
  await heading(page, user.displayName).waitFor();
  await headline(page, NEWCOMER).waitFor();
  return { context, page };
}

const fault = (user: DemoUser, kind: string) =>
  control(platform.entra, 'PUT', `/users/${user.name}/fault`, { kind });

/** What is stored of somebody, without the columns of storage itself and those that are empty. */
async function rowOf({ tid, oid }: DemoUser): Promise<Record<string, unknown>> {
  const table = TableClient.fromConnectionString(platform.azurite.connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  const filter = `RowKey eq 'user|${tid}_${oid}'`;
  for await (const row of table.listEntities({ queryOptions: { filter } })) {
    const { etag, timestamp, 'odata.metadata': metadata, ...columns } = row as Record<string, unknown>;
    return columns;
  }
  return {};
}

const hasBlob = ({ tid, oid }: DemoUser): Promise<boolean> =>
  new ContainerClient(platform.azurite.connectionString, 'token-cache')
    .getBlobClient(`${tid}/${oid}`)
    .exists();

/** Runs the worker until it has noted such an outcome for somebody. */
async function workerHas(user: DemoUser, outcome: string): Promise<void> {
  await expect
    .poll(async () => {
      await platform.host.run('refreshWorker');
      return (await rowOf(user)).history ?? '';
    }, PATIENCE)
    .toContain(`"outcome":"${outcome}"`);
}

describe('somebody who goes away', () => {
  it('finds what was done for them, heals what was refused with one click, and can end it all', async () => {
    const { context, page: first } = await firstVisit(ADELE);
    await first.locator('img.photo').waitFor();
    expect(await away(first).innerText()).toContain('Nothing has happened yet');
    await first.close();
    await workerHas(ADELE, 'refreshed');
    await workerHas(ADELE, 'task-done');

    const second = await visit(context);
    await headline(second, WELL).waitFor();
    await lines(second).filter({ hasText: 'Your profile: done' }).first().waitFor();
    await away(second).getByText('Technical details').click();
    await lines(second).filter({ hasText: 'Token refreshed' }).first().waitFor();
    await lines(second).filter({ hasText: 'You were here' }).waitFor();
    await screenshot(second, 'away-refreshed');
    await second.close();

    await fault(ADELE, 'claims');
    await workerHas(ADELE, 'failed');
    expect((await rowOf(ADELE)).state).toBe('needs-user');
    const third = await visit(context);
    await heading(third, 'Please sign in again').waitFor();
    await third.getByText('One sign-in starts it again; nothing is lost.').waitFor();
    await screenshot(third, 'away-refused');
    await button(third, 'Sign in again').click();
    await pick(third, ADELE);
    await heading(third, ADELE.displayName).waitFor();
    await headline(third, REPAIRED).waitFor();
    expect(await rowOf(ADELE)).toMatchObject({ state: 'active', failure: '' });
    const refusal = lines(third).filter({ hasText: 'Your organisation asked to see you again' });
    await refusal.getByText('It is over.').waitFor();
    await away(third).getByText('Technical details').click();
    await lines(third).filter({ hasText: 'Refused: sign-in needed' }).getByText('AADSTS50076').waitFor();

    await button(third, 'Stop…').click();
    expect(await hasBlob(ADELE)).toBe(true);
    await button(third, 'Stop').click();
    await headline(third, ENDED).waitFor();
    await platform.host.run('refreshWorker');
    expect(await hasBlob(ADELE)).toBe(false);
    const { partitionKey, rowKey, runId, ...tombstone } = await rowOf(ADELE);
    expect(tombstone).toEqual({
      state: 'disconnected',
      dueAt: expect.any(Date),
      lastActivity: expect.any(Date),
    });

    await third.reload();
    await heading(third, ADELE.displayName).waitFor();
    await headline(third, ENDED).waitFor();
    expect(await hasBlob(ADELE)).toBe(false);
    await screenshot(third, 'away-disconnected');

    await button(third, 'Start again').click();
    await headline(third, NEWCOMER).waitFor();
    expect(await hasBlob(ADELE)).toBe(true);
    expect((await rowOf(ADELE)).state).toBe('active');
    await context.close();
  });
});

describe('somebody who has the page open while they are refused', () => {
  it('is told above their profile, and heals it with one click', async () => {
    const { context, page } = await firstVisit(CHIARA);
    await fault(CHIARA, 'claims');
    await workerHas(CHIARA, 'failed');
    // What the browser says when a network comes back; the page would ask by itself a little later.
    await page.evaluate('dispatchEvent(new Event("online"))');
    await headline(page, STOPPED).waitFor();
    await heading(page, CHIARA.displayName).waitFor();
    await screenshot(page, 'away-banner');
    await button(page, 'Sign in again').click();
    await pick(page, CHIARA);
    await headline(page, REPAIRED).waitFor();
    expect(await headline(page, STOPPED).count()).toBe(0);
    expect(await rowOf(CHIARA)).toMatchObject({ state: 'active', failure: '' });
    await context.close();
  });
});

describe('somebody who took their consent back', () => {
  it('is asked for it with one click, on one page, and is served once it is given again', async () => {
    const { context, page } = await firstVisit(BRUNO);
    await fault(BRUNO, 'consent');
    await workerHas(BRUNO, 'failed');
    await page.reload();
    await heading(page, 'Stead needs your permission').waitFor();
    await lines(page).filter({ hasText: 'A permission was missing' }).first().waitFor();
    await screenshot(page, 'away-consent');
    await button(page, 'Give permission').click();
    await acceptConsent(page);
    await heading(page, BRUNO.displayName).waitFor();
    await headline(page, REPAIRED).waitFor();
    expect(await rowOf(BRUNO)).toMatchObject({ state: 'active', failure: '' });
    await context.close();
  });
});
