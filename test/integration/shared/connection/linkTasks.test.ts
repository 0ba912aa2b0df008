/** A task that users turn on by a link: nobody else is asked for its permission. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DEMO_USERS } from '../../../../dev/entra/directory.ts';
import type { Entra } from '../../../../dev/entra/startEntra.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { readProfile } from '../../../../shared/graphTasks/readProfile.ts';
import { shippedTasks } from '../../../../shared/graphTasks/shippedTasks.ts';
import { defineFunction } from '../../../../shared/requests/defineFunction.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { toUserId } from '../../../../shared/userId.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { control, signIn } from '../../../support/entraClients.ts';
import { createLinkBrowser, LINK_SETTINGS, resultOf, startLinkEntra } from '../../../support/linkBrowser.ts';
import { UNLIMITED } from '../../../support/testApp.ts';

const [ADELE, BRUNO] = DEMO_USERS;
const HOUR = 3_600_000;
const LIST_FILES = {
  name: 'list-files',
  api: graph,
  scopes: ['Files.Read'],
  consent: 'link' as const,
  run: ({ graph: client }: { graph: { api(path: string): { get(): Promise<unknown> } } }) =>
    client.api('/me/drive/root/children').get() as Promise<undefined>,
};

let entra: Entra;
let app: LocalApp;
beforeAll(async () => {
  // To MSAL, such a token has expired when it is issued, so each check asks for another one.
  entra = await startLinkEntra({ lifetimes: { graphAccessToken: 299 } });
});
beforeEach(async () => {
  app = createLocalApp(entra, { tasks: [readProfile, defineTask(LIST_FILES)], settings: LINK_SETTINGS });
});
afterAll(() => entra?.close());

async function visit(user: 'adele' | 'bruno') {
  const { accessToken } = await signIn(entra, user);
  await app.getProfile(accessToken);
  return accessToken;
}

async function link(accessToken: string, body?: object, consent: 'accept' | 'cancel' = 'accept') {
  const browser = createLinkBrowser(app.stead);
  const opened = await browser.open(await browser.ticketFor(accessToken, body));
  const scope = new URL(opened.headers.get('location') ?? '').searchParams.get('scope') ?? '';
  return { scope, result: resultOf(await browser.callBack(await browser.signIn(opened, 'adele', consent))) };
}

/** The tasks that the last check of a user ran. */
async function tasksOf(user: typeof ADELE | typeof BRUNO): Promise<(string | undefined)[]> {
  app.clock.aheadMs += HOUR;
  await app.sweep();
  const account = await accountOf(app, toUserId(user));
  const last = account?.history.findLastIndex(({ task }) => task === undefined) ?? -1;
  return account?.history.slice(last + 1).map(({ task, outcome }) => `${task} ${outcome}`) ?? [];
}

describe('a task with consent by a link', () => {
  it('runs for those who turned it on, whose page is told so, and nothing is said of it to the others', async () => {
    const adele = await visit('adele');
    await visit('bruno');
    const listed = async () => (await app.connection.get(adele)).connection.tasks;
    expect(await listed()).toEqual([{ task: 'list-files', title: 'List files', isOn: false }]);
    expect(await tasksOf(ADELE)).toEqual(['read-profile task-done']);
    expect((await link(adele)).scope).not.toContain('Files.Read');
    expect(await tasksOf(ADELE)).toEqual(['read-profile task-done']);

    const declined = await link(adele, { tasks: ['list-files'] }, 'cancel');
    expect(declined.result).toBe('cancelled');
    expect(await tasksOf(ADELE)).toEqual(['read-profile task-done']);

    const { scope, result } = await link(adele, { tasks: ['list-files'] });
    expect(scope.split(' ')).toContain('https://graph.microsoft.com/Files.Read');
    expect(result).toBe('linked');
    expect(await listed()).toMatchObject([{ isOn: true }]);
    expect(await tasksOf(ADELE)).toEqual(['read-profile task-done', 'list-files task-done']);
    expect(await tasksOf(BRUNO)).toEqual(['read-profile task-done']);
    expect(app.events).toContainEqual({
      event: 'task.ended',
      user: app.logId(toUserId(BRUNO)),
      task: 'list-files',
      outcome: 'waiting',
      ms: 0,
    });
    await control(entra, 'DELETE', '/users/adele/consent');
  });

  it('is defined for Microsoft Graph alone', () => {
    const orders = defineApi({ name: 'orders', resource: 'api://orders', baseUrl: 'https://orders.example' });
    const task = defineTask({
      name: 'read-orders',
      api: orders,
      scopes: ['api://orders/Orders.Read'],
      consent: 'link',
      run: async () => {},
    });
    expect(() => createLocalApp(entra, { tasks: [task] })).toThrow(/leave consent out/);
    expect(() => defineTask({ ...LIST_FILES, consent: 'later' as 'link' })).toThrow(/consent must be 'link'/);
  });
});

describe('a task that needs an administrator', () => {
  const statusOf = async (accessToken: string) => (await app.connection.get(accessToken)).connection;

  beforeEach(async () => {
    await control(entra, 'DELETE', '/users/adele/consent');
    app = createLocalApp(entra, {
      tasks: shippedTasks(['read-profile', 'inbox-digest']),
      settings: LINK_SETTINGS,
    });
  });
  afterEach(() => control(entra, 'DELETE', '/users/adele/consent'));

  it('costs nobody the connection: a plain link asks for nothing of it', async () => {
    const adele = await visit('adele');
    expect(await tasksOf(ADELE)).toEqual(['read-profile task-done', 'inbox-digest task-failed']);
    expect((await statusOf(adele)).canLink).toBe(true);
    const { scope, result } = await link(adele);
    expect(scope).not.toContain('Mail.ReadBasic');
    expect(result).toBe('linked');
    expect(await statusOf(adele)).toMatchObject({ staysConnected: { isEstimate: true } });
  });

  it('is listed while its permission is missing, can be asked for by name, and leaves the connection as it is', async () => {
    const adele = await visit('adele');
    await link(adele);
    const before = await statusOf(adele);
    expect(before.tasks).toEqual([{ task: 'inbox-digest', title: 'New mail', isOn: false }]);
    const { scope, result } = await link(adele, { tasks: ['inbox-digest'] });
    expect(scope).toContain('https://graph.microsoft.com/Mail.ReadBasic');
    expect(result).toBe('admin');
    expect(await statusOf(adele)).toEqual(before);
  });

  const { consent: _, ...ordinary } = LIST_FILES;
  const ORDINARY = defineTask(ordinary);

  it('is asked for by a plain link only once it is granted, and then listed no more', async () => {
    app = createLocalApp(entra, { tasks: [readProfile, ORDINARY], settings: LINK_SETTINGS });
    const adele = await visit('adele');
    expect((await link(adele)).scope).not.toContain('Files.Read');
    expect((await statusOf(adele)).tasks).toMatchObject([{ task: 'list-files', isOn: false }]);
    expect((await link(adele, { tasks: ['list-files'] })).result).toBe('linked');
    expect(await statusOf(adele)).not.toHaveProperty('tasks');
    expect((await link(adele)).scope).toContain('Files.Read');
    expect(await statusOf(adele)).not.toHaveProperty('tasks');
  });

  it('is not asked for when the consent was withdrawn: the link is to bring back the connection', async () => {
    app = createLocalApp(entra, { tasks: [readProfile, ORDINARY], settings: LINK_SETTINGS });
    const adele = await visit('adele');
    await link(adele, { tasks: ['list-files'] });
    await control(entra, 'DELETE', '/users/adele/consent');
    expect(await tasksOf(ADELE)).toEqual([]);
    expect(await statusOf(adele)).toMatchObject({
      state: 'needs-user',
      failure: { kind: 'consent' },
      permissions: { graph: expect.arrayContaining(['Files.Read']) },
    });
    const { scope, result } = await link(adele);
    expect(result).toBe('linked');
    expect(scope).not.toContain('Files.Read');
    expect((await statusOf(adele)).state).toBe('active');
  });
});

describe('many permissions at once', () => {
  const manyOf = (from: number) =>
    Array.from({ length: 20 }, (_, index) => `Some.LongPermission${from + index}.ReadWrite.All`);
  const big = (name: string, from: number) =>
    defineTask({ ...LIST_FILES, name, scopes: manyOf(from), run: async () => undefined });
  const bigTasks = [0, 1, 2, 3, 4, 5].map((index) => big(`big-${index}`, index * 20));
  const namesOf = (count: number) => bigTasks.slice(0, count).map(({ name }) => name);

  it('are no fault of a caller who has chosen none of them', async () => {
    app = createLocalApp(entra, { settings: LINK_SETTINGS });
    for (const { name, scopes } of bigTasks) {
      app.stead.claimName(defineFunction({ name, api: graph, scopes, run: async () => undefined }));
    }
    const { accessToken } = await signIn(entra, 'adele');
    await app.connection.put(accessToken);
    expect((await createLinkBrowser(app.stead).ask(accessToken)).status).toBe(500);
  });

  it('are either asked for and come back, or are refused before the user is sent to Entra', async () => {
    app = createLocalApp(entra, { tasks: bigTasks, settings: LINK_SETTINGS, limits: UNLIMITED });
    const accessToken = await visit('adele');
    const ends: string[] = [];
    for (let count = 1; count <= bigTasks.length; count += 1) {
      const browser = createLinkBrowser(app.stead);
      const asked = await browser.ask(accessToken, { tasks: namesOf(count) });
      if (asked.status !== 200) {
        expect(await asked.text()).toContain('fewer');
        ends.push(`${asked.status}`);
        continue;
      }
      const opened = await browser.open(((await asked.json()) as { url: string }).url);
      expect(opened.headers.get('location')).toContain('/authorize');
      // What browsers keep of a cookie (RFC 6265 §6.1).
      expect(opened.headers.get('set-cookie')?.split(';')[0]?.length).toBeLessThan(4_096);
      const state = new URL(opened.headers.get('location') ?? '').searchParams.get('state') ?? '';
      const back = new URLSearchParams({ error: 'access_denied', state });
      ends.push(`${resultOf(await browser.callBack(`${LINK_SETTINGS.LINK_REDIRECT_URI}?${back}`))}`);
    }
    expect(ends.slice(0, 2)).toEqual(['cancelled', 'cancelled']);
    expect(new Set(ends)).toEqual(new Set(['cancelled', '400']));
  });

  it('do not take the ticket of a link that is under way', async () => {
    app = createLocalApp(entra, { tasks: bigTasks, settings: LINK_SETTINGS, limits: UNLIMITED });
    const accessToken = await visit('adele');
    const browser = createLinkBrowser(app.stead);
    const ticket = await browser.ticketFor(accessToken);
    const before = await app.accounts.read(toUserId(ADELE));
    expect((await browser.ask(accessToken, { tasks: namesOf(bigTasks.length) })).status).toBe(400);
    expect(await app.accounts.read(toUserId(ADELE))).toEqual(before);
    expect(resultOf(await browser.callBack(await browser.signIn(await browser.open(ticket), 'adele')))).toBe(
      'linked',
    );
  });
});
