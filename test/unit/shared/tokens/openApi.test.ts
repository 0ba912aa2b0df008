import { describe, expect, it, onTestFinished } from 'vitest';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import type { Api, ApiCall } from '../../../../shared/api.ts';
import { encodeClaims } from '../../../../shared/tokens/challenge.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { createTestApp } from '../../../support/testApp.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const CLAIMS = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
const ORDERS = defineApi({ name: 'orders', resource: 'api://orders', baseUrl: 'https://orders.example/v2' });

/** An API bound to a token, what was sent through it, and an answer for all of it. */
function bind(api: Api, call: Omit<ApiCall, 'accessToken'> = {}, response = new Response('{}')) {
  const sent: { address: string; init: RequestInit }[] = [];
  const { openApi } = createTestApp({
    fetch: async (address, init = {}) => {
      sent.push({ address: String(address), init });
      return response;
    },
  });
  return { sent, clients: openApi(api, { accessToken: 'a token', ...call }) };
}

describe('an API that is bound to a token', () => {
  it.each([
    ['/items', 'https://orders.example/v2/items'],
    ['items?top=1', 'https://orders.example/v2/items?top=1'],
    ['https://orders.example/other', 'https://orders.example/other'],
    ['/orders:batch', 'https://orders.example/v2/orders:batch'],
    ['orders:batch', 'https://orders.example/v2/orders:batch'],
    ['/items/../orders', 'https://orders.example/v2/orders'],
    ['', 'https://orders.example/v2/'],
  ])('takes %s for %s', async (path, address) => {
    const { sent, clients } = bind(ORDERS);
    await clients.api.fetch(path);
    expect(sent.map((request) => request.address)).toEqual([address]);
  });

  it.each([
    'https://elsewhere.example/items',
    'http://orders.example/items',
    'https://orders.example:8443/items',
    'https://orders.example@elsewhere.example/items',
    '/../other',
    'items/../../other',
    '%2e%2e/other',
    '..\\other',
  ])('gives the token to nobody else: %s', async (address) => {
    const { sent, clients } = bind(ORDERS);
    await expect(clients.api.fetch(address)).rejects.toThrow(/This token is for https:\/\/orders\.example/);
    expect(sent).toEqual([]);
  });

  it.each([
    '//elsewhere.example/items',
    '\\\\elsewhere.example/items',
    '/\\elsewhere.example',
  ])('stays with its own origin whatever the path looks like: %s', async (path) => {
    const { sent, clients } = bind(ORDERS);
    await clients.api.fetch(path).catch(() => undefined);
    for (const { address } of sent) expect(new URL(address).origin).toBe('https://orders.example');
  });

  it('sends the token, our id and what the caller gives, and follows no redirect', async () => {
    const { sent, clients } = bind(ORDERS, { correlationId: ID });
    const headers = { 'x-own': 'yes', authorization: 'Bearer of somebody else' };
    await clients.api.fetch('/items', { method: 'POST', body: 'x', headers });
    const init = sent[0]?.init ?? {};
    expect(init).toMatchObject({ method: 'POST', body: 'x', redirect: 'error' });
    expect(Object.fromEntries(new Headers(init.headers))).toEqual({
      'x-own': 'yes',
      authorization: 'Bearer a token',
      'client-request-id': ID,
    });
  });

  it("ends with the caller's signal", async () => {
    const over = AbortSignal.abort(new Error('the run is over'));
    const { sent, clients } = bind(ORDERS, { signal: over });
    await clients.api.fetch('/items');
    expect(sent[0]?.init.signal?.aborted).toBe(true);
  });

  it('reports a challenge of any API', async () => {
    const challenge = `Bearer error="insufficient_claims", claims="${encodeClaims(CLAIMS)}"`;
    const claims: unknown[] = [];
    const response = new Response('', { status: 401, headers: { 'www-authenticate': challenge } });
    const { clients } = bind(ORDERS, { onFailed: (failure) => claims.push(failure.claims) }, response);
    await clients.api.fetch('/items');
    expect(claims).toEqual([CLAIMS]);
  });

  it.each([
    { ...ORDERS, name: 'graph' },
    { ...graph, baseUrl: 'https://elsewhere.example' },
    { ...ORDERS, baseUrl: 'http://orders.example' },
  ])('is never one that only looks like an API (case %#)', (lookAlike) => {
    expect(() => bind(lookAlike)).toThrow(/Give it graph, or an API from defineApi/);
    const run = async () => undefined;
    expect(() => defineTask({ name: 'a', api: lookAlike, scopes: [`${lookAlike.resource}/x`], run })).toThrow(
      /it has no api/,
    );
    expect(Object.isFrozen(graph) && Object.isFrozen(ORDERS)).toBe(true);
  });

  it('has no Graph client, unless it is Graph', () => {
    expect(Object.keys(bind(ORDERS).clients)).toEqual(['api']);
    expect(Object.keys(bind(graph).clients).sort()).toEqual(['api', 'graph']);
  });

  it('is where the settings say, if it is Graph', async () => {
    const { sent, clients } = bind(graph);
    await clients.api.fetch('/v1.0/me');
    expect(sent[0]?.address).toBe('https://graph.microsoft.com/v1.0/me');
  });
});

describe('defineApi', () => {
  const usual = { name: 'orders', resource: 'api://orders', baseUrl: 'https://orders.example' };

  it.each([
    [{ name: 'Orders' }, /must begin with a lower-case letter/],
    [{ name: 'graph' }, /"graph" is reserved/],
    [{ name: 'token' }, /"token" is reserved/],
    [{ resource: 'api://orders/' }, /without a '\/' at the end/],
    [{ resource: '' }, /its resource must be/],
    [{ resource: undefined as unknown as string }, /its resource must be/],
    [{ name: null as unknown as string }, /hyphens\. It is null\.$/],
    [{ readChallenge: 'x' as unknown as () => undefined }, /its readChallenge must be a function/],
    [{ readChalenge: () => undefined }, /of "orders" for defineApi has the unknown member "readChalenge"/],
    [{ resource: 'https://graph.microsoft.us' }, /its resource is that of Microsoft Graph/],
    [{ resource: 'HTTPS://graph.microsoft.com' }, /its resource is that of Microsoft Graph/],
    [{ resource: '00000003-0000-0000-c000-000000000000' }, /its resource is that of Microsoft Graph/],
    [{ baseUrl: 'https://orders.example/api?code=1' }, /must have no query/],
    [{ baseUrl: 'https://orders.example/api?' }, /must have no query/],
    [{ baseUrl: 'https://orders.example/api#' }, /must have no query/],
    [{ name: undefined as unknown as string }, /must begin with a lower-case letter/],
    [{ resource: 'api://orders/.default' }, /the part of a scope before the permission/],
    [{ baseUrl: 'https://me:secret@orders.example' }, /must have no query/],
    [{ baseUrl: 'orders' }, /must be an absolute https URL/],
    [{ baseUrl: 'http://orders.example' }, /Only this machine may use http/],
  ])('refuses %j, and says how to correct it', (wrong, problem) => {
    expect(() => defineApi({ ...usual, ...wrong })).toThrow(TypeError);
    expect(() => defineApi({ ...usual, ...wrong })).toThrow(problem);
  });

  it.each<[string, (response: Response) => string | undefined]>([
    [
      'throws',
      () => {
        throw new TypeError('x');
      },
    ],
    ['gives a promise', (async () => '{"access_token":{}}') as unknown as () => undefined],
    [
      'gives a promise that is rejected',
      (() => Promise.reject(new Error('x'))) as unknown as () => undefined,
    ],
    ['gives no JSON', () => '{nope'],
  ])('ignores a readChallenge that %s', async (_what, readChallenge) => {
    const api = defineApi({ ...usual, readChallenge });
    const unhandled: unknown[] = [];
    const note = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', note);
    onTestFinished(() => void process.off('unhandledRejection', note));
    expect(api.readChallenge(new Response('', { status: 401 }))).toBeUndefined();
    // Node tells of a rejection that nobody handled once the microtasks have run.
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).toEqual([]);
  });

  it('takes http on this machine', () => {
    expect(defineApi({ ...usual, baseUrl: 'http://localhost:4000' })).toMatchObject({ name: 'orders' });
  });
});
