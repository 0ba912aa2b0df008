/** Tasks with the real msal-node and Graph client over the stand-in. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { API_CLIENT_ID } from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { endAccount } from '../../../../shared/account/endAccount.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { shippedTasks } from '../../../../shared/graphTasks/shippedTasks.ts';
import type { LogEvent } from '../../../../shared/log.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { API_SCOPE, control, journal, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { secretsIn } from '../../../support/logScan.ts';
import { callerFor } from '../../../support/userTokens.ts';

const tasks = shippedTasks(['read-profile']);

const OWN_API = defineApi({
  name: 'own-api',
  resource: `api://${API_CLIENT_ID}`,
  baseUrl: 'https://own.example',
});

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued; to Graph it is good for minutes. */
const EXPIRED_AT_ONCE = 299;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(async () => {
  await control(entra, 'DELETE', '/users/adele/fault');
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra.close());

type LocalApp = ReturnType<typeof createLocalApp>;

const eventsOf = (app: LocalApp, name: LogEvent['event']) => app.events.filter(({ event }) => event === name);

/** Adele, connected and due. */
async function adeleIsDue(app: LocalApp) {
  const user = await app.visit('adele');
  await control(entra, 'DELETE', '/requests');
  app.clock.aheadMs = 2 * MINUTE;
  return user;
}

describe('the task that is shipped', () => {
  it('reads the profile as the user after the check, and records when', async () => {
    const app = createLocalApp(entra, { tasks });
    const user = await adeleIsDue(app);
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 1, failed: 0 } });
    const account = await accountOf(app, user);
    expect(account?.history).toMatchObject([
      { outcome: 'refreshed' },
      { outcome: 'task-done', task: 'read-profile', at: expect.any(Date) },
    ]);
    expect((await journal(entra)).map((entry) => [entry.endpoint, entry.user, entry.status])).toEqual([
      ['token', 'adele', 200],
      ['graph', 'adele', 200],
    ]);
    const uses = eventsOf(app, 'token.used');
    expect(uses.at(-1)).toEqual({
      event: 'token.used',
      user: app.logId(user),
      by: 'read-profile',
      api: 'graph',
      source: 'network',
    });
  });

  it('does not run for a user whose check got no token', async () => {
    const app = createLocalApp(entra, { tasks });
    await adeleIsDue(app);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'revoked' });
    expect(await app.sweep()).toMatchObject({
      failed: { 'needs-user': 1 },
      tasks: { done: 0, failed: 0 },
    });
    expect((await journal(entra)).map(({ endpoint }) => endpoint)).toEqual(['token']);
  });

  it.each([
    [{ kind: 'throttled', retryAfter: 120 }, /:429$/],
    [{ kind: 'server-error' }, /:503$/],
    [{ kind: 'html' }, /:503$/],
    [{ kind: 'reset' }, /./],
  ])('fails by itself when Graph is %o, and marks nobody', async (fault, code) => {
    const app = createLocalApp(entra, { tasks });
    const user = await adeleIsDue(app);
    await control(entra, 'PUT', '/users/adele/fault', { at: 'graph', ...fault });
    expect(await app.sweep()).toMatchObject({ refreshed: 1, failed: {}, tasks: { done: 0, failed: 1 } });
    expect(await accountOf(app, user)).toMatchObject({
      state: 'active',
      failure: undefined,
      history: [
        { outcome: 'refreshed' },
        { outcome: 'task-failed', task: 'read-profile', code: expect.stringMatching(code) },
      ],
    });
    expect(secretsIn(JSON.stringify(app.events))).toEqual([]);
  });

  it('leaves the user to sign in again when Graph asks for what only they can give, and then goes on', async () => {
    const app = createLocalApp(entra, { tasks });
    const user = await adeleIsDue(app);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'claims', at: 'graph' });
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 0, failed: 1 } });
    const marked = await accountOf(app, user);
    expect(marked).toMatchObject({
      state: 'needs-user',
      failure: { kind: 'needs-user', code: 'graph_401', claims: expect.stringContaining('polids') },
      history: [
        { outcome: 'refreshed' },
        { outcome: 'task-failed', task: 'read-profile', kind: 'needs-user' },
        { outcome: 'failed', kind: 'needs-user' },
      ],
    });
    expect(secretsIn(JSON.stringify(app.events))).toEqual([]);

    const caller = await callerFor(entra, 'adele', marked?.failure?.claims);
    await app.getProfile(caller.assertion);
    expect(await accountOf(app, user)).toMatchObject({ state: 'active', failure: undefined });
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
  });
});

describe('a task of one’s own', () => {
  it('may leave a note, as docs/tasks.md shows it', async () => {
    const noteOffice = defineTask({
      name: 'note-office',
      api: graph,
      scopes: ['User.Read'],
      async run({ graph: client, log }) {
        const me = await client.api('/me').select('officeLocation').get();
        log(me.officeLocation === null ? 'has no office' : 'has an office');
      },
    });
    const app = createLocalApp(entra, { tasks: [noteOffice] });
    const user = await adeleIsDue(app);
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
    expect(eventsOf(app, 'task.note')).toEqual([
      { event: 'task.note', user: app.logId(user), task: 'note-office', note: 'has an office' },
    ]);
  });

  it('that Graph keeps waiting is over at its time-out', async () => {
    const slow = defineTask({
      name: 'slow',
      api: graph,
      scopes: ['User.Read'],
      timeoutMs: 300,
      run: ({ graph: client }) => client.api('/me').get(),
    });
    const app = createLocalApp(entra, { tasks: [slow] });
    const user = await adeleIsDue(app);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'hang', at: 'graph' });
    expect(await app.sweep()).toMatchObject({ tasks: { done: 0, failed: 1 } });
    expect((await accountOf(app, user))?.history).toMatchObject([
      { outcome: 'refreshed' },
      { outcome: 'task-failed', task: 'slow', code: 'timeout' },
    ]);
  });

  it('may act at an API other than Graph, with a token for that API', async () => {
    const called: { oid: string; token: string }[] = [];
    const { verifyAccessToken } = createLocalApp(entra);
    const orders = await serve(async (authorization) => {
      const token = authorization.replace('Bearer ', '');
      const { oid } = await verifyAccessToken(token);
      called.push({ oid, token });
    });
    const app = createLocalApp(entra, {
      tasks: [
        defineTask({
          name: 'call-orders',
          api: defineApi({ name: 'orders', resource: `api://${API_CLIENT_ID}`, baseUrl: orders }),
          scopes: [API_SCOPE],
          async run({ api }) {
            const answer = await api.fetch('/orders');
            if (!answer.ok) throw Object.assign(new Error('orders'), { statusCode: answer.status });
          },
        }),
      ],
    });
    const user = await adeleIsDue(app);
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 1, failed: 0 } });
    expect(called.map(({ oid }) => user.endsWith(`/${oid}`))).toEqual([true]);
    const audit = { by: 'call-orders', api: 'orders', source: 'network' };
    expect(eventsOf(app, 'token.used').at(-1)).toMatchObject(audit);
    // Both checks and both tasks: each uses the refresh token that the one before it stored.
    app.clock.aheadMs += 60 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 1, failed: 0 } });
    const asked = (await journal(entra)).filter(({ endpoint }) => endpoint === 'token');
    expect(asked.map(({ grant, status }) => [grant, status])).toEqual(Array(4).fill(['refresh_token', 200]));
    const told = JSON.stringify([app.events, await accountOf(app, user)]);
    for (const { token } of called) expect(told).not.toContain(token);
    expect(secretsIn(JSON.stringify(app.events))).toEqual([]);
  });

  it('finds the token of the check before in the cache', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: 3_600 });
    onTestFinished(async () => {
      await control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRED_AT_ONCE });
    });
    const own = defineTask({ name: 'own', api: OWN_API, scopes: [API_SCOPE], run: async () => undefined });
    const app = createLocalApp(entra, { tasks: [own], schedule: { everyRun: true } });
    await adeleIsDue(app);
    await app.sweep();
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ fromCache: 1, tasks: { done: 1, failed: 0 } });
    const sources = eventsOf(app, 'token.used').slice(-2);
    expect(sources).toMatchObject([{ source: 'network' }, { source: 'cache' }]);
  });

  it('whose API the tenant does not know fails, and the user stays connected', async () => {
    const unknown = defineTask({
      name: 'unknown',
      api: defineApi({
        name: 'unknown',
        resource: 'api://00000000-0000-4000-8000-00000000abcd',
        baseUrl: 'https://unknown.example',
      }),
      scopes: ['api://00000000-0000-4000-8000-00000000abcd/read'],
      run: async () => undefined,
    });
    const app = createLocalApp(entra, { tasks: [unknown, ...tasks] });
    const user = await adeleIsDue(app);
    expect(await app.sweep()).toMatchObject({ failed: {}, tasks: { done: 1, failed: 1 } });
    expect(await accountOf(app, user)).toMatchObject({
      state: 'active',
      history: [
        { outcome: 'refreshed' },
        { outcome: 'task-failed', task: 'unknown', kind: 'tenant', code: 'AADSTS500011' },
        { outcome: 'task-done', task: 'read-profile' },
      ],
    });
    expect(await app.sharedState.cooling()).toEqual([]);
  });

  it('during which the user disconnects leaves nothing of them', async () => {
    const app: LocalApp = createLocalApp(entra, {
      tasks: [
        defineTask({
          name: 'meanwhile',
          api: graph,
          scopes: ['User.Read'],
          async run({ user }) {
            await endAccount(app.stead.services, user.id, 'disconnected');
          },
        }),
        defineTask({
          name: 'too-late',
          api: OWN_API,
          scopes: [API_SCOPE],
          run: async () => undefined,
        }),
      ],
    });
    const user = await adeleIsDue(app);
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 1 } });
    expect(await app.tokenCache.read(user)).toBeUndefined();
    expect(await accountOf(app, user)).toMatchObject({ state: 'disconnected', history: [] });
    expect(eventsOf(app, 'task.ended')).toMatchObject([
      { task: 'meanwhile', outcome: 'done' },
      { task: 'too-late', outcome: 'failed', error: 'no_tokens_found' },
    ]);
  });
});

/** An API on loopback that answers 401 to whoever `check` does not let in; answers its origin. */
async function serve(check: (authorization: string) => Promise<void>): Promise<string> {
  const server = createServer((request, response) => {
    check(request.headers.authorization ?? '').then(
      () => response.writeHead(204).end(),
      () => response.writeHead(401).end(),
    );
  }).listen(0, '127.0.0.1');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
