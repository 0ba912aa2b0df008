/** What the worker, and a request beside it, make of Graph's 429. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, OTHER_TENANT_USER, TENANT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import type { UserTokenError } from '../../../../shared/errors.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { accountOf, setNextCheck } from '../../../support/accountOf.ts';
import { API_SCOPE, control, journal, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { callerFor } from '../../../support/userTokens.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
/** To MSAL, such a token has expired when it is issued: every check refreshes it. */
const EXPIRED_AT_ONCE = 299;
const APP_ID = '9a3d526c-b3c1-4479-ba74-197b5c5751ae';
const OF_TENANT = { throttleScope: `Tenant_Application/ReadWrite/${APP_ID}/${TENANT_ID}` };
const OF_APPLICATION = { throttleScope: `Application/ReadWrite/${APP_ID}` };
const COLLEAGUES = ['adele', 'bruno', 'chiara', 'dana'];

const readMe = (name: string) =>
  defineTask({
    name,
    api: graph,
    scopes: ['User.Read'],
    run: ({ graph: client }) => client.api('/me').select('id').get(),
  });
const OWN_API = defineApi({
  name: 'own-api',
  resource: `api://${API_CLIENT_ID}`,
  baseUrl: 'https://own.example',
});
const TASKS = [
  readMe('first'),
  readMe('second'),
  defineTask({ name: 'own-api', api: OWN_API, scopes: [API_SCOPE], run: async () => undefined }),
];

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(async () => {
  for (const name of [...COLLEAGUES, OTHER_TENANT_USER.name]) {
    await control(entra, 'DELETE', `/users/${name}/fault`);
  }
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra.close());

type LocalApp = ReturnType<typeof createLocalApp>;

async function dueUsers(names: readonly string[], options: Parameters<typeof createLocalApp>[1] = {}) {
  const app = createLocalApp(entra, { tasks: TASKS, ...options });
  const users = [];
  for (const name of names) users.push(await app.visit(name));
  app.clock.aheadMs = 2 * MINUTE;
  await control(entra, 'DELETE', '/requests');
  return { app, users };
}

const throttle = (name: string, more: object = {}) =>
  control(entra, 'PUT', `/users/${name}/fault`, { kind: 'throttled', at: 'graph', retryAfter: 600, ...more });
const graphCalls = async () => (await journal(entra)).filter(({ endpoint }) => endpoint === 'graph').length;
const refreshes = async () =>
  (await journal(entra)).filter(({ grant, status }) => grant === 'refresh_token' && status === 200).length;
const tasksIn = ({ events }: LocalApp) =>
  events
    .filter((event): event is Extract<LogEvent, { event: 'task.ended' }> => event.event === 'task.ended')
    .map(({ task, outcome }) => `${task} ${outcome}`);

describe("Graph's 429 to a task", () => {
  it('keeps the run from asking Graph for this user again, and from nothing else', async () => {
    const { app, users } = await dueUsers(['adele', 'bruno']);
    await throttle('adele');
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({
      refreshed: 2,
      failed: {},
      tasks: { done: 4, failed: 1 },
    });
    expect(tasksIn(app).sort()).toEqual([
      'first done',
      'first failed',
      'own-api done',
      'own-api done',
      'second done',
      'second waiting',
    ]);
    expect(await graphCalls()).toBe(3);
    const [adele] = users;
    const account = adele && (await accountOf(app, adele));
    expect(account).toMatchObject({ state: 'active', failure: undefined, attempts: 0 });
    expect(account?.history).toMatchObject([
      { outcome: 'refreshed' },
      { outcome: 'task-failed', task: 'first', kind: 'throttled', code: 'Error:TooManyRequests:429' },
      { outcome: 'task-done', task: 'own-api' },
    ]);
    expect(await app.sharedState.cooling()).toEqual([]);
  });

  it('counts for the next run: the user is not due before the time is over', async () => {
    const { app, users } = await dueUsers(['adele'], { schedule: { everyRun: true } });
    await throttle('adele');
    const begun = app.now().getTime();
    await app.sweep();
    const ended = app.now().getTime();
    const [adele] = users;
    const account = adele && (await accountOf(app, adele));
    expect(account?.nextCheckAt.getTime()).toBeGreaterThanOrEqual(begun + 10 * MINUTE);
    // The store rounds it up to a whole second.
    expect(account?.nextCheckAt.getTime()).toBeLessThanOrEqual(ended + 10 * MINUTE + SECOND);
    // Another instance, which remembers nothing.
    const { clock, tokenCache, accounts, sharedState } = app;
    const another = createLocalApp(entra, {
      clock,
      tokenCache,
      accounts,
      sharedState,
      tasks: TASKS,
      schedule: { everyRun: true },
    });
    clock.aheadMs += 5 * MINUTE;
    expect(await another.sweep()).toMatchObject({ due: 0 });
    await control(entra, 'DELETE', '/users/adele/fault');
    clock.aheadMs += 6 * MINUTE;
    expect(await another.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 3, failed: 0 } });
  });

  it('counts for the next run also when somebody made the user due: only Graph is not called', async () => {
    const { app, users } = await dueUsers(['adele']);
    await throttle('adele');
    await app.sweep();
    const [adele] = users;
    if (adele === undefined) throw new Error('there is no user');
    await setNextCheck(app, adele, app.now());
    await control(entra, 'DELETE', '/requests');
    app.clock.aheadMs += MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 1, failed: 0 } });
    expect([await graphCalls(), await refreshes()]).toEqual([0, 2]);
  });

  it('counts though the task ignores it', async () => {
    const careless = defineTask({
      name: 'careless',
      api: graph,
      scopes: ['User.Read'],
      run: ({ graph: client }) =>
        client
          .api('/me')
          .get()
          .catch(() => undefined),
    });
    const { app } = await dueUsers(['adele'], { tasks: [careless, readMe('second')] });
    await throttle('adele');
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
    expect(tasksIn(app)).toEqual(['careless done', 'second waiting']);
  });

  it('without Retry-After counts for half a minute', async () => {
    const { app } = await dueUsers(['adele']);
    await throttle('adele', { kind: 'html', status: 429, retryAfter: undefined });
    await app.sweep();
    const { assertion } = await callerFor(entra, 'adele');
    const refusal = await app.getProfile(assertion).catch((error) => error.failure);
    expect(refusal).toMatchObject({ kind: 'throttled', code: 'graph_cooldown' });
    expect(refusal.retryAfterSeconds).toBeGreaterThan(20);
    expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(30);
  });

  it('is of the tenant when its header says so: all have their tokens, and nobody asks Graph', async () => {
    const { app } = await dueUsers([...COLLEAGUES, OTHER_TENANT_USER.name]);
    for (const name of COLLEAGUES) await throttle(name, OF_TENANT);
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({
      refreshed: 5,
      failed: {},
      waiting: 0,
      tasks: { done: 7, failed: 1 },
    });
    // Both tasks of the other tenant's user, and one of the user who came first.
    expect(await graphCalls()).toBe(3);
    expect(await app.sharedState.cooling()).toMatchObject([
      { tenant: TENANT_ID, api: 'graph', kind: 'throttled' },
    ]);
    const told = app.events.filter(({ event }) => event === 'cooldown.began');
    expect(told).toMatchObject([{ api: 'graph', whose: 'tenant', kind: 'throttled', code: 'graph_429' }]);
  });

  it('is everybody’s when its header says so, for the next run and another instance too', async () => {
    const { app, users } = await dueUsers(['adele', OTHER_TENANT_USER.name]);
    for (const name of ['adele', OTHER_TENANT_USER.name]) await throttle(name, OF_APPLICATION);
    await app.sweep({ concurrency: 1 });
    expect(await graphCalls()).toBe(1);
    for (const user of users) await setNextCheck(app, user, app.now());
    const { clock, tokenCache, accounts, sharedState } = app;
    const another = createLocalApp(entra, { clock, tokenCache, accounts, sharedState, tasks: TASKS });
    clock.aheadMs += MINUTE;
    expect(await another.sweep()).toMatchObject({ refreshed: 2, tasks: { done: 2, failed: 0 } });
    expect(await graphCalls()).toBe(1);
  });

  it('is the tenant’s when three of its users meet it', async () => {
    const { app } = await dueUsers(COLLEAGUES);
    for (const name of COLLEAGUES) await throttle(name);
    expect(await app.sweep({ concurrency: 1 })).toMatchObject({
      refreshed: 4,
      tasks: { done: 4, failed: 3 },
    });
    expect(await graphCalls()).toBe(3);
  });
});

describe('a request', () => {
  it('does not ask Graph while the worker knows of a cooldown of the tenant, and gets its token', async () => {
    const { app } = await dueUsers(['adele']);
    await throttle('adele', OF_TENANT);
    await app.sweep();
    const { clock, tokenCache, accounts, sharedState } = app;
    const another = createLocalApp(entra, { clock, tokenCache, accounts, sharedState });
    const before = await graphCalls();
    const bruno = await callerFor(entra, 'bruno');
    const refused = await another.getProfile(bruno.assertion).catch((error: UserTokenError) => error.failure);
    expect(refused).toMatchObject({ kind: 'throttled', code: 'graph_cooldown' });
    expect(await graphCalls()).toBe(before);
    expect(await another.accounts.read(bruno.userId)).toMatchObject({ state: 'active' });
  });

  it('that meets it does not keep the worker from refreshing', async () => {
    const { app, users } = await dueUsers(['adele']);
    await throttle('adele');
    const caller = await callerFor(entra, 'adele');
    await expect(app.getProfile(caller.assertion)).rejects.toThrow('graph_429');
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 1, failed: 0 } });
    expect(tasksIn(app)).toEqual(['first waiting', 'second waiting', 'own-api done']);
    expect(users).toEqual([caller.userId]);
  });
});
