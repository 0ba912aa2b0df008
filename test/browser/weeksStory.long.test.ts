/** Somebody who stays connected, and comes back after weeks. The date of the whole platform moves, four days at a time. */
import { TableClient } from '@azure/data-tables';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, DEMO_USERS, type DemoUser, SPA_CLIENT_ID } from '../../dev/entra/directory.ts';
import { launchBrowser } from '../../dev/launchBrowser.ts';
import { pickAccount } from '../../dev/pickAccount.ts';
import { type Platform, startPlatform } from '../../dev/platform.ts';
import { screenshot } from '../support/browser.ts';
import { control, journal } from '../support/entraClients.ts';
import { type MovedDate, startMovedDate } from '../support/movedDate.ts';

const [ADELE, BRUNO] = DEMO_USERS;
const DAY_MS = 86_400_000;
/** Longer than the grant of a link lasts that nobody renews. */
const CHECKS_AWAY = 25;
const DAYS_BETWEEN = 4;

let date: MovedDate;
let platform: Platform;
let browser: Browser;
const lines: string[] = [];

beforeAll(async () => {
  date = startMovedDate();
  platform = await startPlatform({
    timers: false,
    settings: { ...date.env, RETENTION_DAYS: '365' },
    onHostLine: (line) => void lines.push(line),
  });
  browser = await launchBrowser();
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await platform?.stop();
  date?.end();
});

const heading = (page: Page, name: string) => page.getByRole('heading', { name, exact: true });
const away = (page: Page) => page.getByRole('region', { name: 'While you were away' });

async function visit(context: BrowserContext, user: DemoUser): Promise<Page> {
  const page = await context.newPage();
  await page.clock.install({ time: new Date() });
  await page.goto(platform.webOrigin);
  await page.getByRole('button', { name: 'Sign in', exact: true }).click();
  await pickAccount(page, user.displayName);
  await heading(page, user.displayName).waitFor();
  return page;
}

type Row = { state?: string; history?: string; grant?: string; lastRefreshed?: Date };

async function rowOf({ tid, oid }: DemoUser): Promise<Row> {
  const table = TableClient.fromConnectionString(platform.azurite.connectionString, 'accountActivity', {
    allowInsecureConnection: true,
  });
  const filter = `RowKey eq 'user|${tid}_${oid}'`;
  for await (const row of table.listEntities<Row>({ queryOptions: { filter } })) return row;
  return {};
}

/** The grants that a client has asked for since the journal was emptied, each with the status of its answer. */
async function grantsOf(client: string, { name }: DemoUser): Promise<string[]> {
  const entries = await journal(platform.entra);
  return entries.flatMap((one) =>
    one.client === client && one.user === name && one.grant ? [`${one.grant} ${one.status}`] : [],
  );
}

describe('somebody who stays connected', () => {
  it('comes back after weeks, and everything was done', { timeout: 120_000 }, async () => {
    const [adele, bruno] = [await browser.newContext(), await browser.newContext()];
    const first = await visit(adele, ADELE);
    await first.getByRole('button', { name: 'Stay connected' }).click();
    await first.getByText('You stay connected now.').waitFor();
    await first.close();
    await (await visit(bruno, BRUNO)).close();
    await control(platform.entra, 'DELETE', '/requests');

    for (let check = 1; check <= CHECKS_AWAY; check += 1) {
      await date.move(DAYS_BETWEEN * DAY_MS);
      expect(await platform.host.run('refreshWorker')).toBe('succeeded');
    }

    // Each check had its token by the grant of the link alone, and nobody was asked for anything.
    const { state, history = '[]', grant, lastRefreshed } = await rowOf(ADELE);
    expect(state).toBe('active');
    expect(Date.now() - Number(lastRefreshed)).toBeLessThan(60_000);
    expect(lines.filter((line) => line.includes('clock'))).toEqual([]);
    expect(grant).toMatch(/^code until /);
    expect(new Set(await grantsOf(API_CLIENT_ID, ADELE))).toEqual(new Set(['refresh_token 200']));
    expect((await grantsOf(API_CLIENT_ID, ADELE)).length).toBeGreaterThanOrEqual(CHECKS_AWAY);
    expect(await grantsOf(SPA_CLIENT_ID, ADELE)).toEqual([]);
    const outcomes = (JSON.parse(history) as { outcome: string }[]).map(({ outcome }) => outcome);
    expect(new Set(outcomes)).toEqual(new Set(['refreshed', 'task-done']));
    // Somebody who did not link was lost long ago.
    expect((await rowOf(BRUNO)).state).toBe('needs-user');

    const page = await visit(adele, ADELE);
    await page.getByRole('heading', { name: /all well$/ }).waitFor();
    expect(await heading(page, 'Please sign in again').count()).toBe(0);
    await away(page).getByText('Your profile: done').first().waitFor();
    await away(page).getByText('Technical details').click();
    await away(page).getByText('Token refreshed').first().waitFor();
    await page.getByText(/goes on for about (89|90) days, even if you do not come back\.$/).waitFor();
    await screenshot(page, 'weeks-away');
    // The page's own refresh token was over. The service did not need her for that.
    expect((await rowOf(ADELE)).grant).toMatch(/^code until /);
    await adele.close();
    await bruno.close();
  });
});
