/** A permission that one task needs is that task's affair: other tasks, and users without the consent, go on as before. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { drive } from '../../../../examples/drive/drive.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { shippedTasks } from '../../../../shared/graphTasks/shippedTasks.ts';
import { createLocalApp, type LocalApp } from '../../../../shared/testing/localApp.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { registerForApi } from '../../../support/adminConsent.ts';
import { control, journal, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const tasks = shippedTasks(['read-profile']);

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued, so each check asks for another one. */
const EXPIRED_AT_ONCE = 299;
const LIST_FILES = defineTask({
  name: 'list-files',
  api: graph,
  scopes: ['Files.Read'],
  run: ({ graph: client }) => client.api('/me/drive/root/children').select('name').get(),
});
const WITHOUT = tasks;
const WITH = [...tasks, LIST_FILES];
const CHECKS = 3;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
beforeEach(async () => {
  await registerForApi(entra, []);
  for (const user of ['adele', 'bruno']) await control(entra, 'DELETE', `/users/${user}/consent`);
});
afterAll(() => entra?.close());

/** Adele has consented to everything, and Bruno to what was registered before. */
async function visit(app: LocalApp) {
  const bruno = await app.visit('bruno');
  await registerForApi(entra, ['Files.Read']);
  await signIn(entra, 'adele', { prompt: 'consent' });
  const adele = await app.visit('adele');
  await control(entra, 'DELETE', '/requests');
  return { adele, bruno };
}

const requestsOf = async (user: string, endpoint: string) =>
  (await journal(entra)).filter((entry) => entry.user === user && entry.endpoint === endpoint).length;

async function check(app: LocalApp, times: number) {
  let done = 0;
  for (let count = 0; count < times; count += 1) {
    app.clock.aheadMs += 61 * MINUTE;
    done += (await app.sweep()).tasks.done;
  }
  return done;
}

describe.each([
  ['each check gets a new one', EXPIRED_AT_ONCE, CHECKS],
  ['it is good for all checks', 86_400, 0],
])('a scope that is added to one task, while a token is short-lived enough that %s', (_what, seconds, requests) => {
  beforeEach(() => control(entra, 'PUT', '/lifetimes', { accessToken: seconds }));

  it.each([
    ['before', WITHOUT, CHECKS, CHECKS],
    ['after', WITH, 2 * CHECKS, CHECKS],
  ])('costs no token request, and no other task: %s', async (_when, all, doneForAdele, doneForBruno) => {
    const app = createLocalApp(entra, { tasks: all, schedule: { everyRun: true } });
    const { adele, bruno } = await visit(app);
    expect(await check(app, CHECKS)).toBe(doneForAdele + doneForBruno);
    expect(await requestsOf('adele', 'token')).toBe(requests);
    expect(await requestsOf('bruno', 'token')).toBe(requests);
    // What a token may not do is not tried.
    expect(await requestsOf('bruno', 'graph')).toBe(doneForBruno);
    for (const user of [adele, bruno]) {
      const account = await accountOf(app, user);
      expect(account).toMatchObject({ state: 'active', failure: undefined });
    }
  });
});

describe('a user without the consent of one task', () => {
  beforeEach(() => control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRED_AT_ONCE }));

  it('sees in the history which task lacks it, and nothing else changes for them', async () => {
    const app = createLocalApp(entra, { tasks: WITH });
    const { bruno } = await visit(app);
    await check(app, 1);
    const account = await accountOf(app, bruno);
    expect(account?.history).toMatchObject([
      { outcome: 'refreshed' },
      { outcome: 'task-done', task: 'read-profile' },
      { outcome: 'task-failed', task: 'list-files', kind: 'consent', code: 'consent_required' },
    ]);
    const { accessToken } = await signIn(entra, 'bruno');
    expect(await app.getProfile(accessToken)).toMatchObject({ result: { givenName: 'Bruno' } });
    await expect(app.ask(drive, accessToken)).rejects.toMatchObject({
      failure: { kind: 'consent', scopes: ['https://graph.microsoft.com/Files.Read'] },
    });
    expect(await accountOf(app, bruno)).toMatchObject({ state: 'active', failure: undefined });
  });

  it('has the task done as soon as they consented at a visit, without a further token request', async () => {
    const app = createLocalApp(entra, { tasks: WITH });
    const { bruno } = await visit(app);
    await check(app, 1);
    await control(entra, 'PUT', '/lifetimes', { accessToken: 86_400 });
    const { accessToken } = await signIn(entra, 'bruno', { prompt: 'consent' });
    await control(entra, 'DELETE', '/requests');
    expect(await app.ask(drive, accessToken)).toMatchObject({ result: [] });
    expect(await requestsOf('bruno', 'token')).toBe(1);
    await check(app, 1);
    expect((await accountOf(app, bruno))?.history.at(-1)).toMatchObject({
      outcome: 'task-done',
      task: 'list-files',
    });
    expect(await requestsOf('bruno', 'token')).toBe(1);
  });

  it('has the task done after the next renewal, if an administrator consented while they were away', async () => {
    const app = createLocalApp(entra, { tasks: WITH });
    const { bruno } = await visit(app);
    await check(app, 1);
    await signIn(entra, 'bruno', { prompt: 'consent' });
    await control(entra, 'DELETE', '/requests');
    await check(app, 1);
    expect((await accountOf(app, bruno))?.history.at(-1)).toMatchObject({ outcome: 'task-done' });
    expect(await requestsOf('bruno', 'token')).toBe(1);
  });

  it('is marked only when the whole consent is withdrawn', async () => {
    const app = createLocalApp(entra, { tasks: WITH });
    const { bruno } = await visit(app);
    await control(entra, 'DELETE', '/users/bruno/consent');
    await check(app, 1);
    expect(await accountOf(app, bruno)).toMatchObject({
      state: 'needs-user',
      failure: { kind: 'consent', code: 'AADSTS65001' },
    });
  });
});
