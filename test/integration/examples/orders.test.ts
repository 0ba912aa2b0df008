/** The API and the task that docs/tasks.md shows, over the stand-in. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { Entra } from '../../../dev/entra/startEntra.ts';
import { orders, syncOrders } from '../../../examples/orders/orders.ts';
import type { ApiFetch } from '../../../shared/api.ts';
import { defineFunction } from '../../../shared/requests/defineFunction.ts';
import { createLocalApp } from '../../../shared/testing/localApp.ts';
import { signInAs } from '../../../shared/testing/signInAs.ts';
import { startEntra } from '../../../shared/testing/startEntra.ts';
import { encodeClaims } from '../../../shared/tokens/challenge.ts';
import { defineApi } from '../../../shared/tokens/defineApi.ts';
import { defineTask } from '../../../shared/worker/defineTask.ts';
import { accountOf, markUser } from '../../support/accountOf.ts';
import { control, holdToken, journal } from '../../support/entraClients.ts';
import { callerFor } from '../../support/userTokens.ts';

const ORDERS_ID = '11111111-2222-4333-8444-555555555555';
const MINUTE = 60_000;
const CLAIMS = '{"access_token":{"polids":{"essential":true,"values":["c1"]}}}';

const listOrders = defineFunction({
  name: 'list-orders',
  api: orders,
  scopes: [`api://${ORDERS_ID}/orders.read`],
  async run({ api }) {
    const answer = await api.fetch('/orders');
    if (!answer.ok) throw new Error('The orders API refused.');
    return answer.json() as Promise<string[]>;
  },
});

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ apis: [{ id: ORDERS_ID, name: 'Orders', exposes: ['orders.read'] }] });
});
beforeEach(async () => {
  await control(entra, 'DELETE', '/users/adele/fault');
  await control(entra, 'DELETE', '/requests');
});
afterAll(() => entra?.close());

/** The orders API: it knows whose token it is, or answers what it is told. */
function createOrdersApi(answers: Response[] = []) {
  const called: { url: string; audience: unknown; permissions: unknown; oid: unknown }[] = [];
  const answerOrders: typeof fetch = async (address, init) => {
    const url = String(address);
    if (!url.startsWith('https://orders.example/')) return fetch(address, init);
    const token = new Headers(init?.headers).get('authorization')?.replace('Bearer ', '') ?? '';
    const { aud: audience, scp: permissions, oid } = decodeJwt(token);
    called.push({ url, audience, permissions, oid });
    return answers.shift() ?? Response.json(['an order']);
  };
  return { called, answerOrders };
}

const challenge = () =>
  new Response(null, {
    status: 401,
    headers: { 'www-authenticate': `Bearer error="insufficient_claims", claims="${encodeClaims(CLAIMS)}"` },
  });

const tokenRequests = async () =>
  (await journal(entra)).flatMap(({ grant, status }) =>
    grant === 'on_behalf_of' || grant === 'refresh_token' ? [`${grant} ${status}`] : [],
  );

describe('a task of another API', () => {
  it('runs as docs/tasks.md shows it', async () => {
    const { answerOrders } = createOrdersApi();
    const entra = await startEntra({ apis: [{ id: ORDERS_ID, name: 'Orders', exposes: ['orders.read'] }] });
    const app = createLocalApp(entra, { tasks: [syncOrders], fetch: answerOrders });
    const user = await app.visit('adele');
    app.clock.aheadMs = 120_000;
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
    expect(await app.accounts.read(user)).toMatchObject({
      history: [{ outcome: 'from-cache' }, { outcome: 'task-done', task: 'sync-orders' }],
    });
    await entra.close();
  });

  it('gets a token for that API, beside that for Graph', async () => {
    const { called, answerOrders } = createOrdersApi();
    const app = createLocalApp(entra, { tasks: [syncOrders], fetch: answerOrders });
    const user = await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
    expect((await accountOf(app, user))?.history.at(-1)).toMatchObject({ task: 'sync-orders' });
    expect(called).toEqual([
      {
        url: 'https://orders.example/api/orders',
        audience: ORDERS_ID,
        permissions: 'orders.read',
        oid: user.split('/')[1],
      },
    ]);
    expect(await tokenRequests()).toEqual(['on_behalf_of 200', 'refresh_token 200']);
  });

  it('that is not consented to fails alone, and marks nobody', async () => {
    const { answerOrders, called } = createOrdersApi();
    const app = createLocalApp(entra, { tasks: [syncOrders], fetch: answerOrders });
    const user = await app.visit('bruno');
    await control(entra, 'PUT', '/users/bruno/fault', {
      kind: 'error',
      error: 'invalid_grant',
      errorNo: 65001,
      suberror: 'consent_required',
    });
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ fromCache: 1, tasks: { done: 0, failed: 1 } });
    expect(await accountOf(app, user)).toMatchObject({
      state: 'active',
      history: [
        { outcome: 'from-cache' },
        { outcome: 'task-failed', task: 'sync-orders', kind: 'consent', code: 'AADSTS65001' },
      ],
    });
    expect(called).toEqual([]);
    await control(entra, 'DELETE', '/users/bruno/fault');
  });
});

describe('an API that writes its challenges in another way', () => {
  const UNUSUAL = defineApi({
    name: 'unusual',
    resource: `api://${ORDERS_ID}`,
    baseUrl: 'https://orders.example',
    readChallenge: ({ headers }) => headers.get('x-step-up') ?? undefined,
  });
  const scopes = [`api://${ORDERS_ID}/orders.read`];
  const run = async ({ api }: { api: { fetch: ApiFetch } }) => {
    const answer = await api.fetch('/orders');
    if (!answer.ok) throw new Error('The API refused.');
  };
  const asking = (claims: string) => new Response(null, { status: 401, headers: { 'x-step-up': claims } });

  it('is read by its own reader, for a function and for a task', async () => {
    const answers = [asking(CLAIMS)];
    const { answerOrders, called } = createOrdersApi(answers);
    const tasks = [defineTask({ name: 'step-up', api: UNUSUAL, scopes, run })];
    const app = createLocalApp(entra, { tasks, fetch: answerOrders });
    const { assertion, userId } = await callerFor(entra, 'adele', CLAIMS);
    await app.ask(defineFunction({ name: 'step-up', api: UNUSUAL, scopes, run }), assertion);
    expect(called).toHaveLength(2);
    await app.getProfile(assertion);
    answers.push(asking(CLAIMS));
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ tasks: { done: 1, failed: 0 } });
    expect(called).toHaveLength(4);
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active' });
  });

  it('is ignored if it is no challenge', async () => {
    const { answerOrders } = createOrdersApi([asking('["not", "a", "challenge"]')]);
    const app = createLocalApp(entra, { fetch: answerOrders });
    const { assertion } = await callerFor(entra, 'adele');
    const fn = defineFunction({ name: 'step-up', api: UNUSUAL, scopes, run });
    // A refusal without a challenge is met with a newer token, as Graph's is.
    expect(await app.ask(fn, assertion)).toMatchObject({ source: 'network' });
  });
});

describe('a function of another API', () => {
  it('is answered with a token for that API, which is found again', async () => {
    const { called, answerOrders } = createOrdersApi();
    const app = createLocalApp(entra, { fetch: answerOrders });
    const another = createLocalApp(entra, { ...app, fetch: answerOrders });
    const { assertion } = await callerFor(entra, 'adele');
    expect(await app.ask(listOrders, assertion)).toMatchObject({ result: ['an order'], source: 'network' });
    expect(await app.ask(listOrders, assertion)).toMatchObject({ source: 'memory' });
    expect(await another.ask(listOrders, assertion)).toMatchObject({ source: 'cache' });
    expect(called).toHaveLength(3);
    expect(await tokenRequests()).toEqual(['on_behalf_of 200']);
    expect(app.events).toContainEqual(
      expect.objectContaining({ event: 'token.used', by: 'list-orders', api: 'orders' }),
    );
  });

  it('is a visit after which the worker gets the token for Graph, which keeps the connection', async () => {
    const { answerOrders } = createOrdersApi();
    const app = createLocalApp(entra, { fetch: answerOrders });
    const { assertion, userId } = await callerFor(entra, 'adele');
    await app.ask(listOrders, assertion);
    expect(await accountOf(app, userId)).toMatchObject({ state: 'pending' });
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1 });
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active' });
  });

  it('neither ends nor meets what the worker was refused for at Graph', async () => {
    const { answerOrders } = createOrdersApi();
    const app = createLocalApp(entra, { fetch: answerOrders });
    const user = await app.visit('adele');
    await markUser(app, user, { kind: 'needs-user', code: 'AADSTS50173', at: new Date() });
    const { assertion } = await callerFor(entra, 'adele');
    expect(await app.ask(listOrders, assertion)).toMatchObject({ result: ['an order'] });
    expect(await accountOf(app, user)).toMatchObject({ state: 'needs-user' });
    await app.visit('adele');
    expect(await accountOf(app, user)).toMatchObject({ state: 'active' });
  });

  it('leaves nothing if the user disconnects while the token is requested', async () => {
    const { answerOrders } = createOrdersApi();
    const app = createLocalApp(entra, { fetch: answerOrders });
    const { assertion, userId } = await callerFor(entra, 'adele');
    await app.getProfile(assertion);
    const letGo = await holdToken(entra, 'adele');
    const asking = app.ask(listOrders, assertion);
    await expect.poll(async () => (await tokenRequests()).includes('on_behalf_of 0')).toBe(true);
    await app.connection.delete(assertion);
    await letGo();
    expect(await asking).toMatchObject({ result: ['an order'] });
    expect(await app.tokenCache.read(userId)).toBeUndefined();
    expect(await accountOf(app, userId)).toMatchObject({ state: 'disconnected' });
  });

  it('is run once more with a token that meets the challenge, and passes on one that no token meets', async () => {
    const { answerOrders, called } = createOrdersApi([challenge()]);
    const app = createLocalApp(entra, { fetch: answerOrders });
    const { assertion } = await callerFor(entra, 'adele');
    const refused = await app.ask(listOrders, assertion).catch((error) => error);
    expect(refused.failure).toMatchObject({ kind: 'needs-user', claims: CLAIMS });
    expect(called).toHaveLength(1);

    const signedIn = await callerFor(entra, 'adele', CLAIMS);
    const open = createOrdersApi([challenge()]);
    const again = createLocalApp(entra, { fetch: open.answerOrders });
    expect(await again.ask(listOrders, signedIn.assertion)).toMatchObject({ result: ['an order'] });
    expect(open.called).toHaveLength(2);
  });

  it.each([
    [
      () => new Response(null, { status: 503, headers: { 'retry-after': '9' } }),
      'transient',
      'orders_503',
      9,
    ],
    [
      () => new Response(null, { status: 429, headers: { 'retry-after': '9' } }),
      'throttled',
      'orders_429',
      9,
    ],
    [() => new Response('no', { status: 403 }), 'tenant', 'orders_403', undefined],
    [() => new Response('no', { status: 404 }), 'tenant', 'orders_404', undefined],
  ])('tells what the API’s refusal means (case %#)', async (answer, kind, code, retryAfterSeconds) => {
    const { answerOrders } = createOrdersApi([answer()]);
    const app = createLocalApp(entra, { fetch: answerOrders });
    const { assertion } = await callerFor(entra, 'adele');
    const { failure } = await app.ask(listOrders, assertion).catch((error) => error);
    expect(failure).toMatchObject({ kind, code, ...(retryAfterSeconds && { retryAfterSeconds }) });
    expect(failure).not.toHaveProperty('throttle');
    expect(app.events.map(({ event }) => event)).not.toContain('cooldown.began');
    // Graph and the token endpoint are not concerned.
    await app.getProfile(assertion);
  });
});

describe('without a permission of Graph', () => {
  it('functions of another API answer, and nobody stays connected, as the documents say', async () => {
    const { answerOrders } = createOrdersApi();
    const entra = await startEntra({
      apis: [{ id: ORDERS_ID, name: 'Orders', exposes: ['orders.read'] }],
      apps: { api: { requiredResourceAccess: [{ resource: ORDERS_ID, permissions: ['orders.read'] }] } },
      lifetimes: { accessToken: 299 },
    });
    onTestFinished(() => entra.close());
    const app = createLocalApp(entra, { tasks: [syncOrders], fetch: answerOrders });
    const { userId, accessToken } = await signInAs(entra.origin, 'adele');
    const visit = async () => (await app.ask(listOrders, accessToken)).result;
    expect(await visit()).toEqual(['an order']);
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ tasks: { done: 0, failed: 0 } });
    const marked = { state: 'needs-user', failure: { kind: 'consent' } };
    expect(await accountOf(app, userId)).toMatchObject(marked);
    expect(await visit()).toEqual(['an order']);
    expect(await accountOf(app, userId)).toMatchObject(marked);
  });
});
