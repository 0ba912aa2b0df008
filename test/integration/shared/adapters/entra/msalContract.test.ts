/** What the worker relies on in msal-node, and what Stead makes of it. A new MSAL that breaks this breaks here. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConfidentialClientApplication, SilentFlowRequest } from '@azure/msal-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { DEMO_USERS, GRAPH_APP_ID, TENANT_ID } from '../../../../../dev/entra/directory.ts';
import type { Entra } from '../../../../../dev/entra/startEntra.ts';
import { startEntra } from '../../../../../dev/entra/startEntra.ts';
import { defineApi } from '../../../../../shared/tokens/defineApi.ts';
import {
  confidentialClient,
  control,
  GRAPH_SCOPES,
  holdToken,
  journal,
  SPA_ORIGIN,
  signIn,
} from '../../../../support/entraClients.ts';
import { callerFor, createTestTokens, readCache, waitForGrant } from '../../../../support/userTokens.ts';

const ADELE = DEMO_USERS[0];
const GUEST = DEMO_USERS.find((user) => user.homeTid !== user.tid) ?? DEMO_USERS[3];
const homeOf = (user: { homeOid: string; homeTid: string }) => `${user.homeOid}.${user.homeTid}`;
/** MSAL takes a token's last 300 seconds for expired. */
const EXPIRES_IN_ONE_SECOND = 301;

type Cache = Record<
  'RefreshToken' | 'AccessToken' | 'Account',
  Record<string, { secret: string; home_account_id: string }>
>;
const refreshTokensIn = (serialized: string) =>
  Object.values((JSON.parse(serialized) as Cache).RefreshToken).map((entry) => entry.secret);

const accessTokensIn = (serialized: string) => Object.keys((JSON.parse(serialized) as Cache).AccessToken);

async function grants(entra: Entra, status?: number): Promise<number> {
  const entries = await journal(entra);
  return entries.filter(
    (entry) => entry.grant === 'refresh_token' && (status === undefined || entry.status === status),
  ).length;
}

async function exchange(entra: Entra, user: string): Promise<string> {
  const client = confidentialClient(entra);
  const { accessToken } = await signIn(entra, user);
  await client.acquireTokenOnBehalfOf({ oboAssertion: accessToken, scopes: GRAPH_SCOPES });
  return client.getTokenCache().serialize();
}

async function silent(client: ConfidentialClientApplication, homeAccountId: string, more: object = {}) {
  const account = (await client.getTokenCache().getAccountByHomeId(homeAccountId)) ?? {
    // Entra may send no id_token on an exchange: then there is no Account entity to find.
    homeAccountId,
    environment: environmentOf(client),
    tenantId: TENANT_ID,
    username: '',
    localAccountId: '',
  };
  const request: SilentFlowRequest = { account, scopes: GRAPH_SCOPES, ...more };
  return client.acquireTokenSilent(request);
}

function environmentOf(client: ConfidentialClientApplication): string {
  const { RefreshToken } = JSON.parse(client.getTokenCache().serialize()) as {
    RefreshToken: Record<string, { environment: string }>;
  };
  return Object.values(RefreshToken)[0]?.environment ?? '';
}

const GENERATION = 'g1';

describe('msal-node, after an exchange on behalf of a user', () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
  });
  afterEach(async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: 3600 });
    await control(entra, 'DELETE', `/users/${ADELE.name}/fault`);
    await control(entra, 'DELETE', '/requests');
  });
  afterAll(() => entra.close());

  it('gives a new client with the home account id alone the token from the cache, without a request', async () => {
    const cache = await exchange(entra, ADELE.name);
    await control(entra, 'DELETE', '/requests');
    const result = await silent(confidentialClient(entra, { cache }), homeOf(ADELE));
    expect(result.fromCache).toBe(true);
    expect(await journal(entra)).toEqual([]);
  });

  it('renews an expired token with one refresh grant and keeps the new refresh token', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRES_IN_ONE_SECOND });
    const cache = await exchange(entra, ADELE.name);
    await sleep(2_500);
    const client = confidentialClient(entra, { cache });
    const result = await silent(client, homeOf(ADELE));
    expect(result.fromCache).toBe(false);
    expect(await grants(entra, 200)).toBe(1);
    expect(refreshTokensIn(client.getTokenCache().serialize())).not.toEqual(refreshTokensIn(cache));
  });

  it('keeps a section that it does not know, as Stead and its earlier releases rely on', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: EXPIRES_IN_ONE_SECOND });
    const exchanged = await exchange(entra, ADELE.name);
    const section = {
      'code|some key': { home_account_id: homeOf(ADELE), secret: 'kept', stead_issued_at: '1' },
    };
    const cache = JSON.stringify({ ...(JSON.parse(exchanged) as object), SteadGrants: section });
    const sectionIn = (client: ConfidentialClientApplication) =>
      (JSON.parse(client.getTokenCache().serialize()) as { SteadGrants?: unknown }).SteadGrants;
    await sleep(2_500);
    const silently = confidentialClient(entra, { cache });
    expect((await silent(silently, homeOf(ADELE))).fromCache).toBe(false);
    expect(sectionIn(silently)).toEqual(section);
    const exchanging = confidentialClient(entra, { cache });
    await exchanging.getTokenCache().getAllAccounts();
    const { accessToken } = await signIn(entra, ADELE.name);
    await exchanging.acquireTokenOnBehalfOf({ oboAssertion: accessToken, scopes: GRAPH_SCOPES });
    expect(sectionIn(exchanging)).toEqual(section);
  });

  it("knows a guest by the home account id, which is not the token's tid and oid", async () => {
    const cache = await exchange(entra, GUEST.name);
    const client = confidentialClient(entra, { cache });
    expect(homeOf(GUEST)).not.toBe(`${GUEST.oid}.${GUEST.tid}`);
    expect(await client.getTokenCache().getAccountByHomeId(`${GUEST.oid}.${GUEST.tid}`)).toBeNull();
    expect((await silent(client, homeOf(GUEST))).fromCache).toBe(true);
  });
});

describe('msal-node, past refresh_in', () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], lifetimes: { refreshIn: 1 } });
  });
  afterAll(() => entra.close());

  it('hands out the old token as "from cache" although it renewed, and swallows a refusal', async () => {
    const cache = await exchange(entra, ADELE.name);
    await sleep(2_500);
    const renewing = confidentialClient(entra, { cache });
    const renewed = await silent(renewing, homeOf(ADELE));
    expect(renewed.fromCache).toBe(true);
    expect(await grants(entra, 200)).toBe(1);
    const again = await silent(renewing, homeOf(ADELE));
    expect(again.accessToken).not.toBe(renewed.accessToken);

    await control(entra, 'PUT', `/users/${ADELE.name}/fault`, { kind: 'revoked' });
    const refused = await silent(confidentialClient(entra, { cache }), homeOf(ADELE));
    expect(refused.accessToken).toBe(renewed.accessToken);
    expect(await grants(entra, 400)).toBe(1);
  });

  it('is seen through by Stead: the new token is handed out, and a refusal is a failure', async () => {
    const { tokens, store, sealer } = createTestTokens(entra);
    const caller = await callerFor(entra, 'bruno');
    const first = await tokens.onBehalfOf({ caller, generation: GENERATION });
    await sleep(2_500);
    const request = {
      userId: caller.userId,
      homeAccountId: first.homeAccountId,
      generation: GENERATION,
      forceRefresh: false,
    };
    const renewed = await tokens.silent(request);
    expect(renewed.source).toBe('network');
    expect(renewed.accessToken).not.toBe(first.accessToken);
    expect(await readCache(store, sealer, caller.userId)).toContain(renewed.accessToken);

    await sleep(2_500);
    await control(entra, 'PUT', '/users/bruno/fault', { kind: 'revoked' });
    await expect(tokens.silent(request)).rejects.toMatchObject({ failure: { kind: 'needs-user' } });
  });
});

describe('msal-node, when an exchange brings no id_token', () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra({
      port: 0,
      spaOrigins: [SPA_ORIGIN],
      idTokenOnObo: false,
      lifetimes: { accessToken: EXPIRES_IN_ONE_SECOND },
    });
  });
  afterAll(() => entra.close());

  it('stores what a hand-made account renews only with forceCache', async () => {
    const cache = await exchange(entra, ADELE.name);
    await sleep(2_500);
    const forgetful = confidentialClient(entra, { cache });
    await silent(forgetful, homeOf(ADELE));
    const keeping = confidentialClient(entra, { cache });
    await silent(keeping, homeOf(ADELE), { forceCache: true });
    expect(refreshTokensIn(forgetful.getTokenCache().serialize())).toEqual(refreshTokensIn(cache));
    expect(refreshTokensIn(keeping.getTokenCache().serialize())).not.toEqual(refreshTokensIn(cache));
  });

  it('does not keep Stead from storing the new refresh token', async () => {
    const { tokens, store, sealer } = createTestTokens(entra);
    const caller = await callerFor(entra, 'bruno');
    const { homeAccountId } = await tokens.onBehalfOf({ caller, generation: GENERATION });
    const before = await readCache(store, sealer, caller.userId);
    await sleep(2_500);
    const token = await tokens.silent({
      userId: caller.userId,
      homeAccountId,
      generation: GENERATION,
      forceRefresh: false,
    });
    expect(token).toMatchObject({ source: 'network', stored: true, homeAccountId });
    const after = await readCache(store, sealer, caller.userId);
    expect(refreshTokensIn(after)).toHaveLength(1);
    expect(refreshTokensIn(after)).not.toEqual(refreshTokensIn(before));
  });
});

describe('one token for each API, whatever scopes the token endpoint names', () => {
  const GRAPH = 'https://graph.microsoft.com';
  const ORDERS_ID = '11111111-2222-4333-8444-555555555555';
  const ORDERS = defineApi({
    name: 'orders',
    resource: `api://${ORDERS_ID}`,
    baseUrl: 'https://orders.example',
  });
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra({
      port: 0,
      spaOrigins: [SPA_ORIGIN],
      apps: {
        api: {
          requiredResourceAccess: [{ resource: GRAPH_APP_ID, permissions: ['User.Read', 'Files.Read'] }],
        },
      },
      apis: [{ id: ORDERS_ID, name: 'Orders', exposes: ['orders.read'] }],
    });
  });
  afterAll(() => entra.close());

  /** What Entra answers is not verified in a real tenant, so each of these must do. */
  const ANSWERS: [what: string, scope: string | undefined, permissions: string[] | undefined][] = [
    ['full names', `${GRAPH}/User.Read`, ['user.read']],
    ['full names and the default scope', `${GRAPH}/User.Read ${GRAPH}/.default`, ['user.read']],
    ['short names', 'User.Read Files.Read', ['user.read', 'files.read']],
    ["OpenID Connect's scopes, too", `openid profile email ${GRAPH}/User.Read`, ['user.read']],
    ['lower case', `${GRAPH.toLowerCase()}/user.read`, ['user.read']],
    ['the default scope alone', `${GRAPH}/.default`, undefined],
    ["OpenID Connect's scopes alone", 'openid profile email', undefined],
    ['none', undefined, undefined],
  ];

  /** Sends requests, and gives the tokens of an API this `scope`. */
  const answering =
    (scope: string | undefined, resource = GRAPH): typeof fetch =>
    async (address, init) => {
      const response = await fetch(address, init);
      const isForApi = String(init?.body ?? '').includes(encodeURIComponent(`${resource}/.default`));
      if (!isForApi) return response;
      const { scope: _, ...body } = (await response.json()) as Record<string, unknown>;
      return Response.json({ ...body, ...(scope !== undefined && { scope }) }, { status: response.status });
    };

  const requests = async () =>
    (await journal(entra)).filter(({ grant }) => grant === 'on_behalf_of' || grant === 'refresh_token');

  it.each(ANSWERS)('is found again with %s', async (_what, scope, permissions) => {
    const { tokens, store, sealer } = createTestTokens(entra, { fetch: answering(scope) });
    const caller = await callerFor(entra, ADELE.name);
    await control(entra, 'DELETE', '/requests');
    const exchange = { caller, generation: GENERATION };
    const first = await tokens.onBehalfOf(exchange);
    const silently = {
      userId: caller.userId,
      homeAccountId: first.homeAccountId,
      generation: GENERATION,
      forceRefresh: false,
    };
    await tokens.onBehalfOf({ ...exchange, api: ORDERS });
    expect(await requests()).toHaveLength(2);
    const again = [
      await tokens.onBehalfOf(exchange),
      await tokens.silent(silently),
      await tokens.onBehalfOf({ ...exchange, api: ORDERS }),
      await tokens.silent(silently),
    ];
    expect(again.map(({ source }) => source)).toEqual(again.map(() => 'cache'));
    expect(await requests()).toHaveLength(2);
    for (const token of [first, again[0], again[1], again[3]]) {
      expect(token).toMatchObject({ accessToken: first.accessToken, permissions });
    }
    expect(again[2]).toMatchObject({ permissions: ['orders.read'] });

    // A renewal replaces the token, and adds none.
    const renewed = await tokens.silent({ ...silently, forceRefresh: true });
    expect(renewed).toMatchObject({ source: 'network', permissions });
    expect(await tokens.silent(silently)).toMatchObject({
      source: 'cache',
      accessToken: renewed.accessToken,
    });
    expect(accessTokensIn(await readCache(store, sealer, caller.userId))).toHaveLength(2);
    expect(await requests()).toHaveLength(3);
  });

  it.each([
    'orders.read',
    'User.Read',
    `orders.read ${GRAPH}/User.Read ${GRAPH}/.default`,
  ])('is never the token of another API, although that is answered with %s', async (scope) => {
    const { tokens, store, sealer } = createTestTokens(entra, { fetch: answering(scope, ORDERS.resource) });
    const caller = await callerFor(entra, ADELE.name);
    await control(entra, 'DELETE', '/requests');
    const exchange = { caller, generation: GENERATION };
    const ofOrders = await tokens.onBehalfOf({ ...exchange, api: ORDERS });
    const silently = {
      userId: caller.userId,
      homeAccountId: ofOrders.homeAccountId,
      generation: GENERATION,
      forceRefresh: false,
    };
    const ofGraph = await tokens.silent(silently);
    expect(ofGraph.source).toBe('network');
    for (let round = 0; round < 2; round += 1) {
      const [orders, graph] = [
        await tokens.silent({ ...silently, api: ORDERS }),
        await tokens.silent(silently),
      ];
      expect(orders).toMatchObject({ source: 'cache', accessToken: ofOrders.accessToken });
      expect(graph).toMatchObject({ source: 'cache', accessToken: ofGraph.accessToken });
    }
    expect(accessTokensIn(await readCache(store, sealer, caller.userId))).toHaveLength(2);
    expect(await requests()).toHaveLength(2);
  });

  it.each(
    ANSWERS.slice(0, 5),
  )('is also found by the previous release with %s, which asks for User.Read', async (_what, scope) => {
    const { tokens, store, sealer } = createTestTokens(entra, { fetch: answering(scope) });
    const caller = await callerFor(entra, ADELE.name);
    const { accessToken } = await tokens.onBehalfOf({ caller, generation: GENERATION });
    const cache = await readCache(store, sealer, caller.userId);
    const previous = confidentialClient(entra, { cache });
    expect(await silent(previous, homeOf(ADELE))).toMatchObject({ fromCache: true, accessToken });

    // What it renews replaces this release's token, and this release uses it.
    await silent(previous, homeOf(ADELE), { forceRefresh: true });
    expect(accessTokensIn(previous.getTokenCache().serialize())).toHaveLength(1);
  });

  it.each([
    ['one token', [['User.Read']]],
    ['a token for each task', [['User.Read'], ['Files.Read']]],
  ])('is one that the previous release kept, although it kept %s', async (_what, kept) => {
    await control(entra, 'PUT', '/answers', { everythingGranted: false });
    const previous = confidentialClient(entra);
    const caller = await callerFor(entra, ADELE.name);
    for (const scopes of kept) {
      await previous.acquireTokenOnBehalfOf({ oboAssertion: caller.assertion, scopes });
    }
    const { tokens, store, sealer } = createTestTokens(entra);
    const cache = previous.getTokenCache().serialize();
    await store.write(caller.userId, await sealer.seal(caller.userId, cache, GENERATION), undefined);
    await control(entra, 'DELETE', '/requests');
    const silently = {
      userId: caller.userId,
      homeAccountId: undefined,
      generation: GENERATION,
      forceRefresh: false,
    };
    const found = [
      await tokens.silent(silently),
      await tokens.onBehalfOf({ caller, generation: GENERATION }),
      await tokens.silent(silently),
    ];
    // The newest, or one of those that were issued in the same second.
    const [{ accessToken } = { accessToken: '' }] = found;
    for (const token of found) {
      expect(token).toMatchObject({ source: 'cache', accessToken });
      expect(kept.flat().map((scope) => [scope.toLowerCase()])).toContainEqual(token.permissions);
    }
    expect(await requests()).toEqual([]);
    await control(entra, 'PUT', '/answers', { everythingGranted: true });
    await tokens.silent({ ...silently, forceRefresh: true });
    expect(accessTokensIn(await readCache(store, sealer, caller.userId))).toHaveLength(1);
  });

  it('is one although several operations store theirs at once', async () => {
    const { tokens, store, sealer } = createTestTokens(entra);
    const caller = await callerFor(entra, ADELE.name);
    const { homeAccountId } = await tokens.onBehalfOf({ caller, generation: GENERATION });
    const silently = { userId: caller.userId, homeAccountId, generation: GENERATION, forceRefresh: true };
    await Promise.all([
      tokens.silent(silently),
      tokens.silent({ ...silently, api: ORDERS }),
      tokens.onBehalfOf({ caller: await callerFor(entra, ADELE.name), generation: GENERATION }),
      tokens.silent(silently),
    ]);
    expect(accessTokensIn(await readCache(store, sealer, caller.userId))).toHaveLength(2);
    await control(entra, 'DELETE', '/requests');
    await tokens.silent({ ...silently, forceRefresh: false });
    await tokens.silent({ ...silently, api: ORDERS, forceRefresh: false });
    expect(await requests()).toEqual([]);
  });
});

describe('tokens of one user, wanted by a request and the worker at once', () => {
  let entra: Entra;
  beforeAll(async () => {
    entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
  });
  afterAll(() => entra.close());

  it('keep the refresh token of an exchange that lands while the refresh is on the wire', async () => {
    const { tokens, store, sealer } = createTestTokens(entra);
    const caller = await callerFor(entra, ADELE.name);
    const { homeAccountId } = await tokens.onBehalfOf({ caller, generation: GENERATION });

    const letGo = await holdToken(entra, ADELE.name);
    const refreshing = tokens.silent({
      userId: caller.userId,
      homeAccountId,
      generation: GENERATION,
      forceRefresh: true,
    });
    await waitForGrant(entra, ADELE.name);
    const exchanged = await tokens.onBehalfOf({
      caller: await callerFor(entra, ADELE.name),
      generation: GENERATION,
    });
    const afterExchange = refreshTokensIn(await readCache(store, sealer, caller.userId));

    await letGo();
    const refreshed = await refreshing;
    const atTheEnd = await readCache(store, sealer, caller.userId);
    expect([exchanged.stored, refreshed.stored]).toEqual([true, true]);
    expect([exchanged.source, refreshed.source]).toEqual(['network', 'network']);
    expect(refreshTokensIn(atTheEnd)).toEqual(afterExchange);
  });
});
