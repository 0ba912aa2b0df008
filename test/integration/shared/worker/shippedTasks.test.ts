/** The shipped tasks, from the stand-in's Graph through the worker to what their user reads. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { GRAPH_APP_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { SHIPPED_TASKS, type ShippedTaskName } from '../../../../shared/config.ts';
import { shippedTasks } from '../../../../shared/graphTasks/shippedTasks.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { control, journal, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued, so each check asks for another one. */
const EXPIRED_AT_ONCE = 299;
const BEGUN = { drive: 'Your files are watched from now on.', inbox: 'Your inbox is watched from now on.' };

let entra: Entra;
/** Adele and Chiara have been given everything; Bruno only what users can consent to. */
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
    apps: {
      api: { requiredResourceAccess: [{ resource: GRAPH_APP_ID, permissions: ['User.Read', 'Files.Read'] }] },
    },
    givenByAdministrator: ['Mail.ReadBasic'],
  });
  await control(entra, 'DELETE', '/users/bruno/consent');
});
beforeEach(() => control(entra, 'PUT', '/belongings', { pageSize: null }));
afterEach(() => control(entra, 'DELETE', '/users/adele/fault'));
afterAll(() => entra?.close());

async function away(user: string, names: readonly ShippedTaskName[] = ['drive-changes', 'inbox-digest']) {
  const app = createLocalApp(entra, { tasks: shippedTasks(names), schedule: { everyRun: true } });
  return { app, userId: await app.visit(user) };
}

async function check(app: LocalApp, ahead = 61 * MINUTE) {
  app.clock.aheadMs += ahead;
  return (await app.sweep()).tasks;
}

/** What the page shows of the newest checks that ended alike. */
async function shown(app: LocalApp, user: string) {
  const { connection } = await app.connection.get((await signIn(entra, user)).accessToken);
  const newest = connection.checks?.at(-1);
  return Object.fromEntries((newest?.tasks ?? []).map(({ task, last, ...rest }) => [task, rest]));
}

async function arrive(user: string, what: 'files' | 'messages', count: number, body: object = {}) {
  for (let at = 0; at < count; at += 1) {
    expect((await control(entra, 'POST', `/users/${user}/${what}`, body)).status).toBe(201);
  }
}

const requestsOf = async (user: string, endpoint: string) =>
  (await journal(entra)).filter((entry) => entry.user === user && entry.endpoint === endpoint).length;

describe('somebody who is away', () => {
  it('finds what came meanwhile counted, added up over the checks, and nothing by name', async () => {
    const { app, userId } = await away('adele');
    expect(await check(app)).toEqual({ done: 2, failed: 0 });
    expect(await shown(app, 'adele')).toMatchObject({
      'drive-changes': { outcome: 'done', times: 1, count: 0, summary: BEGUN.drive },
      'inbox-digest': { outcome: 'done', times: 1, count: 0, summary: BEGUN.inbox },
    });

    await arrive('adele', 'files', 2, { name: 'Telltale.docx' });
    await arrive('adele', 'files', 1, { name: 'Folder', isFolder: true });
    await arrive('adele', 'messages', 2);
    await arrive('adele', 'messages', 1, { isRead: true });
    await check(app);
    expect(await shown(app, 'adele')).toMatchObject({
      'drive-changes': { times: 2, count: 2, summary: '2 new or changed files' },
      'inbox-digest': { times: 2, count: 3, summary: '3 new messages, 2 unread' },
    });

    await check(app);
    await control(entra, 'PUT', '/users/adele/files/01PIER4A');
    await control(entra, 'DELETE', '/users/adele/files/01PIER4B');
    await arrive('adele', 'messages', 1);
    await check(app);
    expect(await shown(app, 'adele')).toMatchObject({
      'drive-changes': {
        title: 'Changes in your OneDrive',
        times: 4,
        count: 3,
        summary: '1 new or changed file',
      },
      'inbox-digest': { title: 'New mail', times: 4, count: 4, summary: '1 new message, 1 unread' },
    });
    expect(JSON.stringify([app.events, await app.accounts.read(userId)])).not.toMatch(
      /Telltale|Message \d|unread|changed file|deltatoken|delta\?/,
    );
  });

  it('loses no count to a link that has ended, and is told of changes that could not be counted', async () => {
    const { app } = await away('adele');
    await check(app);
    await arrive('adele', 'files', 1);
    await arrive('adele', 'messages', 2);
    await control(entra, 'DELETE', '/users/adele/delta-links');
    expect(await check(app)).toEqual({ done: 2, failed: 0 });
    const after = await shown(app, 'adele');
    expect(after['drive-changes']).toMatchObject({
      count: 0,
      summary: 'Some changes could not be counted. Your files are watched from now on.',
    });
    // One that came in the second in which the link was given may be counted twice.
    expect(after['inbox-digest']?.count).toBeGreaterThanOrEqual(2);
    await arrive('adele', 'files', 1);
    await check(app);
    expect((await shown(app, 'adele'))['drive-changes']).toMatchObject({ times: 3, count: 1 });
  });

  it('gets the rest counted in the next check, if there is too much for one', async () => {
    const { app } = await away('adele', ['drive-changes']);
    await check(app);
    await arrive('adele', 'files', 12);
    await control(entra, 'PUT', '/belongings', { pageSize: 2 });
    await check(app);
    expect((await shown(app, 'adele'))['drive-changes']).toMatchObject({
      count: 10,
      summary: '10 new or changed files so far',
    });
    await check(app);
    expect((await shown(app, 'adele'))['drive-changes']).toMatchObject({
      count: 12,
      summary: '2 new or changed files',
    });
  });

  it('gets everything counted after Graph has asked for fewer requests, and is not marked', async () => {
    const { app, userId } = await away('adele');
    await check(app);
    await arrive('adele', 'files', 2);
    await control(entra, 'PUT', '/users/adele/fault', {
      kind: 'throttled',
      at: 'graph',
      times: 1,
      retryAfter: 1_200,
    });
    expect(await check(app)).toEqual({ done: 0, failed: 1 });
    const throttled = await accountOf(app, userId);
    expect(throttled).toMatchObject({ state: 'active', failure: undefined });
    expect(throttled?.history.at(-1)).toMatchObject({
      task: 'drive-changes',
      code: 'GraphRefused:429',
      kind: 'throttled',
    });
    // The next task waits, and so does the next check.
    expect(app.events).toContainEqual(expect.objectContaining({ task: 'inbox-digest', outcome: 'waiting' }));
    expect(await check(app, 10 * MINUTE)).toEqual({ done: 0, failed: 0 });
    expect(await check(app, 11 * MINUTE)).toEqual({ done: 2, failed: 0 });
    expect((await shown(app, 'adele'))['drive-changes']).toMatchObject({
      summary: '2 new or changed files',
      count: 2,
    });
  });

  it('gets everything counted after an outage of Graph', async () => {
    const { app, userId } = await away('adele');
    await check(app);
    await arrive('adele', 'files', 2);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'html', at: 'graph', retryAfter: 60 });
    expect(await check(app)).toEqual({ done: 0, failed: 2 });
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active', failure: undefined });
    await control(entra, 'DELETE', '/users/adele/fault');
    await check(app);
    expect((await shown(app, 'adele'))['drive-changes']).toMatchObject({ count: 2 });
  });

  it.each([
    'chiara',
    'dana',
  ])('without a drive or a mailbox has these tasks failed, and works: %s', async (user) => {
    const { app, userId } = await away(user, SHIPPED_TASKS);
    for (let times = 0; times < 3; times += 1) expect(await check(app)).toEqual({ done: 1, failed: 2 });
    const account = await accountOf(app, userId);
    expect(account).toMatchObject({ state: 'active', failure: undefined });
    expect(account?.history.slice(-4)).toMatchObject([
      { outcome: 'refreshed' },
      { task: 'read-profile', outcome: 'task-done' },
      { task: 'drive-changes', outcome: 'task-failed', code: 'NoDrive:404' },
      { task: 'inbox-digest', outcome: 'task-failed', code: 'NoMailbox:404' },
    ]);
  });
});

describe('somebody whom no administrator has given the mail', () => {
  const CHECKS = 3;

  async function costs(names: readonly ShippedTaskName[]) {
    const { app, userId } = await away('bruno', names);
    await control(entra, 'DELETE', '/requests');
    const ended = { done: 0, failed: 0 };
    for (let times = 0; times < CHECKS; times += 1) {
      const { done, failed } = await check(app);
      ended.done += done;
      ended.failed += failed;
    }
    const [tokens, graph] = [await requestsOf('bruno', 'token'), await requestsOf('bruno', 'graph')];
    return { app, userId, ended, tokens, graph };
  }

  it('has that task failed alone, with no request more for it', async () => {
    const without = await costs(['read-profile', 'drive-changes']);
    const all = await costs(SHIPPED_TASKS);
    expect(without.ended).toEqual({ done: 2 * CHECKS, failed: 0 });
    expect(all.ended).toEqual({ done: 2 * CHECKS, failed: CHECKS });
    expect(all.tokens).toBe(CHECKS);
    expect([all.tokens, all.graph]).toEqual([without.tokens, without.graph]);
    const account = await accountOf(all.app, all.userId);
    expect(account).toMatchObject({ state: 'active', failure: undefined });
    expect(account?.history.at(-1)).toMatchObject({
      task: 'inbox-digest',
      kind: 'consent',
      code: 'consent_required',
    });
  });

  it('pays nothing for tasks that are off', async () => {
    expect(await costs([])).toMatchObject({ ended: { done: 0, failed: 0 }, graph: 0, tokens: CHECKS });
  });
});
