/** What was done, as an open page shows it while more happens. */
import type { Page } from 'playwright-core';
import { expect, it } from 'vitest';
import type { Connection, ConnectionChecks } from '../../../shared/wire.ts';
import { keptConnection, pageForTests } from './pageUnderTest.ts';

const app = pageForTests();

const NOW = Date.now();
const ago = (minutes: number): string => new Date(NOW - minutes * 60_000).toISOString();
const failed = (minutes: number, kind: 'transient' | 'throttled'): ConnectionChecks => ({
  first: ago(minutes),
  last: ago(minutes),
  times: 1,
  outcome: 'failed',
  kind,
  code: 'c',
  tasks: [],
});
const good = (minutes: number): ConnectionChecks => ({
  first: ago(minutes),
  last: ago(minutes),
  times: 1,
  outcome: 'refreshed',
  tasks: [],
});
const connection = (checks: ConnectionChecks[], failure?: Connection['failure']): Connection => ({
  state: 'active',
  lastActivity: ago(60),
  history: [],
  checks,
  ...(failure && { failure }),
});

const lines = (page: Page) =>
  page.getByRole('region', { name: 'While you were away' }).locator('li > div').allInnerTexts();

it('shows each of two troubles back to back once, and as it is now, without a reload', async () => {
  const page = await app.open();
  await app.signIn(page);
  await page.getByRole('heading', { name: 'While you were away' }).waitFor();
  const shows = async (told: Connection, expected: RegExp[]) => {
    app.answer({ connection: keptConnection(told) });
    await page.evaluate('dispatchEvent(new Event("online"))');
    const rows = expected.map((row) => expect.stringMatching(row));
    await expect.poll(() => lines(page)).toEqual(rows);
  };
  const noAnswer = /^A service did not answer/;
  const patience = /^A service asked for patience/;
  const is = (what: RegExp, how: string) => new RegExp(`${what.source}\\s+${how}$`);
  const begun = [failed(30, 'transient')];
  await shows(connection(begun, { kind: 'transient', code: 'c', at: ago(30) }), [
    is(noAnswer, 'It is not over yet\\.'),
  ]);
  const second = [...begun, failed(20, 'throttled')];
  await shows(connection(second, { kind: 'throttled', code: 'c', at: ago(20) }), [
    is(noAnswer, 'For 10 minutes\\. It is over\\.'),
    is(patience, 'It is not over yet\\.'),
  ]);
  await shows(connection([...second, good(5)]), [
    is(patience, 'For 15 minutes\\. It is over\\.'),
    is(noAnswer, 'For 10 minutes\\. It is over\\.'),
  ]);
});

it('names one time for what was found several times within a minute', async () => {
  const at = ago(90);
  const files = { task: 'drive-changes', outcome: 'done' as const, times: 2, count: 2 };
  const check = (first: string): ConnectionChecks => ({
    ...good(90),
    first,
    tasks: [{ ...files, last: at }],
  });
  for (const [first, expected] of [
    [ago(200), /^2 new or changed files\s+\S.* to .+$/],
    [at, /^2 new or changed files$/],
  ] as const) {
    app.answer({ connection: keptConnection(connection([check(first)])) });
    const page = await app.open();
    await app.signIn(page);
    await expect.poll(() => lines(page)).toEqual([expect.stringMatching(expected)]);
  }
});
