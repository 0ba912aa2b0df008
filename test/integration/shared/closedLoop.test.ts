/** Refusals on their way to the one who can do something about them: from the worker, the exchange or Graph to the user. */

import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { API_CLIENT_ID, TENANT_ID } from '../../../dev/entra/directory.ts';
import type { FaultRequest } from '../../../dev/entra/faultRules.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { photo } from '../../../functions/profile/photo.ts';
import { readConfig } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import { shippedTasks } from '../../../shared/graphTasks/shippedTasks.ts';
import type { LogEvent } from '../../../shared/log.ts';
import { createStead } from '../../../shared/stead.ts';
import { azureStores } from '../../../shared/stores/azure.ts';
import { createLocalApp } from '../../../shared/testing/localApp.ts';
import { accountOf, markUser } from '../../support/accountOf.ts';
import { control, journal, SPA_ORIGIN } from '../../support/entraClients.ts';
import { callerFor } from '../../support/userTokens.ts';

const tasks = shippedTasks(['read-profile']);

const MINUTE = 60_000;
/** The second check is due, and the request's memory still holds the first token. */
const KEEP_WARM = 54.5 * MINUTE;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterEach(async () => {
  await control(entra, 'DELETE', '/users/adele/fault');
});
afterAll(() => entra.close());

/** Gives the id of the policy that a `claims` fault asks for. */
async function setFault(fault: FaultRequest): Promise<string> {
  const answer = await control(entra, 'PUT', '/users/adele/fault', fault);
  return ((await answer.json()) as { policyId?: string }).policyId ?? '';
}

const exchanges = async () =>
  (await journal(entra)).filter(({ grant, status }) => grant === 'on_behalf_of' && status === 200).length;

/** Adele with a page that stays open, and a worker that has checked once. */
async function adeleAtWork(options: Parameters<typeof createLocalApp>[1] = {}) {
  const app = createLocalApp(entra, options);
  const { assertion, userId } = await callerFor(entra, 'adele');
  await app.getProfile(assertion);
  app.clock.aheadMs = 2 * MINUTE;
  expect(await app.sweep()).toMatchObject({ fromCache: 1 });
  app.clock.aheadMs = KEEP_WARM;
  return {
    app,
    assertion,
    userId,
    row: () => accountOf(app, userId),
    /** The user signs in with what was asked of them, and asks again. */
    async signInAnew(claims?: string) {
      return app.getProfile((await callerFor(entra, 'adele', claims)).assertion);
    },
  };
}

/** What one call is refused with. */
async function refusalOf(call: Promise<unknown>): Promise<Partial<Failure>> {
  const error: unknown = await call.then(
    () => undefined,
    (reason) => reason,
  );
  return (error as { failure?: object } | undefined)?.failure ?? {};
}

describe('a challenge that the worker meets', () => {
  it('is kept, is the answer to the user’s next call, and ends with a sign-in that satisfies it', async () => {
    const { app, assertion, row, signInAnew } = await adeleAtWork();
    const policyId = await setFault({ kind: 'claims', at: 'token' });
    expect(await app.sweep()).toMatchObject({ failed: { 'needs-user': 1 } });
    const kept = await row();
    expect(kept).toMatchObject({
      state: 'needs-user',
      failure: { kind: 'needs-user', code: 'AADSTS50076', claims: expect.stringContaining(policyId) },
    });

    const refusal = await refusalOf(app.getProfile(assertion));
    expect(refusal).toMatchObject({ kind: 'needs-user', claims: kept?.failure?.claims });
    // The same again, but for the ids of the call.
    const again = await refusalOf(app.getProfile(assertion));
    expect({ ...again, upstream: refusal.upstream }).toEqual(refusal);
    expect(await row()).toMatchObject({ state: 'needs-user' });
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 0 });

    expect((await signInAnew(refusal.claims)).source).toBe('network');
    expect(await row()).toMatchObject({ state: 'active', failure: undefined, attempts: 0 });
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, refreshed: 1 });
  });

  it('is kept when a task meets it at Graph', async () => {
    const { app, assertion, row, signInAnew } = await adeleAtWork({ tasks });
    const policyId = await setFault({ kind: 'claims', at: 'graph' });
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 0, failed: 1 } });
    expect(await row()).toMatchObject({ state: 'needs-user' });

    const refusal = await refusalOf(app.getProfile(assertion));
    expect(refusal).toMatchObject({ kind: 'needs-user', claims: expect.stringContaining(policyId) });
    expect((await signInAnew(refusal.claims)).result.givenName).toBe('Adele');
    expect(await row()).toMatchObject({ state: 'active', failure: undefined });
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 1, failed: 0 } });
  });

  it('is put to the user also when only the task meets it, and not the profile', async () => {
    const { app, assertion, row, signInAnew } = await adeleAtWork({ tasks });
    // Once: the profile is read without a challenge.
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'claims', at: 'graph', times: 1 });
    expect(await app.sweep()).toMatchObject({ refreshed: 1, tasks: { done: 0, failed: 1 } });
    expect(await row()).toMatchObject({ state: 'needs-user', failure: { code: 'graph_401' } });

    const refusal = await refusalOf(app.getProfile(assertion));
    expect(refusal.claims).toBeDefined();
    expect(await row()).toMatchObject({ state: 'needs-user' });
    expect((await signInAnew(refusal.claims)).result.givenName).toBe('Adele');
    expect(await row()).toMatchObject({ state: 'active', failure: undefined });
  });

  it('is no more when the policy is gone: the exchange decides, not what was kept', async () => {
    const { app, assertion, row } = await adeleAtWork();
    await setFault({ kind: 'claims', at: 'token' });
    await app.sweep();
    await control(entra, 'DELETE', '/users/adele/fault');
    const before = await exchanges();
    expect((await app.getProfile(assertion)).source).toBe('network');
    expect(await exchanges()).toBe(before + 1);
    expect(await row()).toMatchObject({ state: 'active', failure: undefined });
  });
});

/** What no one can read as a challenge, or put into a header. */
const UNREADABLE = ['[]', '"x"', '{"access_token":', '{"access_token":null}', `{"a":"${'€'.repeat(4_000)}"}`];

describe('a challenge that is no JSON object, or too large to pass on', () => {
  it.each(
    UNREADABLE,
  )('costs a sign-in and no more when the token endpoint sends it (case %#)', async (claims) => {
    const { app, assertion, row, signInAnew } = await adeleAtWork();
    await setFault({ kind: 'error', at: 'token', error: 'interaction_required', errorNo: 50076, claims });
    expect(await app.sweep()).toMatchObject({ failed: { 'needs-user': 1 } });
    expect((await row())?.failure).not.toHaveProperty('claims');
    const refusal = await refusalOf(app.getProfile(assertion));
    expect(refusal).toMatchObject({ kind: 'needs-user', code: 'AADSTS50076' });
    expect(refusal).not.toHaveProperty('claims');

    await control(entra, 'DELETE', '/users/adele/fault');
    expect((await signInAnew()).source).toBe('network');
    expect(await row()).toMatchObject({ state: 'active', failure: undefined });
  });

  it.each(UNREADABLE)('in a row is removed by the next visit (case %#)', async (claims) => {
    const { app, assertion, row, userId } = await adeleAtWork();
    await markUser(app, userId, { kind: 'needs-user', code: 'graph_401', claims, at: app.now() });
    expect((await app.getProfile(assertion)).source).toBe('network');
    expect(await row()).toMatchObject({ state: 'active', failure: undefined });
  });

  it('never keeps MSAL from asking the token endpoint, with a user present or without', async () => {
    const { app, assertion, row } = await adeleAtWork();
    const { homeAccountId, generation = '', userId } = (await row()) ?? {};
    if (userId === undefined) throw new Error('the user has no row');
    const caller = await app.verifyAccessToken(assertion);
    for (const claims of ['[]', 'null', '{']) {
      expect(await app.tokens.onBehalfOf({ caller, claims, generation })).toMatchObject({
        source: 'network',
      });
      const silent = { userId, homeAccountId, generation, forceRefresh: false, claims };
      expect(await app.tokens.silent(silent)).toMatchObject({ source: 'network' });
    }
  });
});

describe('a refusal that the worker meets', () => {
  it('of consent is one of consent to the user too, without claims, and ends with the consent', async () => {
    const { app, assertion, row, signInAnew } = await adeleAtWork();
    await setFault({ kind: 'consent', at: 'token' });
    expect(await app.sweep()).toMatchObject({ failed: { consent: 1 } });
    const refusal = await refusalOf(app.getProfile(assertion));
    expect(refusal).toMatchObject({ kind: 'consent', suberror: 'consent_required' });
    expect(refusal).not.toHaveProperty('claims');
    expect(await row()).toMatchObject({ state: 'needs-user', failure: { kind: 'consent' } });
    expect((await row())?.history.at(-1)).toMatchObject({
      outcome: 'failed',
      kind: 'consent',
      code: 'AADSTS65001',
    });

    expect((await signInAnew()).source).toBe('network');
    expect(await row()).toMatchObject({ state: 'active', failure: undefined });
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, refreshed: 1 });
  });

  it('is asked about at once with PUT, by a page that was served a moment ago', async () => {
    const app = createLocalApp(entra);
    const { assertion, userId } = await callerFor(entra, 'adele');
    await app.getProfile(assertion);
    await markUser(app, userId, { kind: 'needs-user', code: 'AADSTS50173', at: app.now() });
    expect((await app.getProfile(assertion)).source).toBe('memory');
    expect((await app.connection.put(assertion)).connection.state).toBe('needs-user');
    expect((await app.getProfile(assertion)).source).toBe('network');
    expect((await app.connection.get(assertion)).connection.state).toBe('active');
  });

  it('of a revoked grant ends with the next call, by an exchange that trusts no cache', async () => {
    const { app, assertion, row } = await adeleAtWork();
    await setFault({ kind: 'revoked', at: 'token' });
    expect(await app.sweep()).toMatchObject({ failed: { 'needs-user': 1 } });
    expect(await row()).toMatchObject({ state: 'needs-user', failure: { code: 'AADSTS50173' } });
    const before = await exchanges();
    expect((await app.getProfile(assertion)).source).toBe('network');
    expect(await exchanges()).toBe(before + 1);
    expect(await row()).toMatchObject({ state: 'active', failure: undefined });
    app.clock.aheadMs += 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, refreshed: 1 });
  });
});

describe('a challenge that a request meets', () => {
  it.each<FaultRequest['at']>([
    'token',
    'graph',
  ])('at %s is the answer, and ends with a sign-in that satisfies it', async (at) => {
    const app = createLocalApp(entra);
    const { assertion, userId } = await callerFor(entra, 'adele');
    const policyId = await setFault({ kind: 'claims', at });
    const refusal = await refusalOf(app.getProfile(assertion));
    expect(refusal).toMatchObject({ kind: 'needs-user', claims: expect.stringContaining(policyId) });

    const { assertion: satisfied } = await callerFor(entra, 'adele', refusal.claims);
    expect((await app.getProfile(satisfied)).result.givenName).toBe('Adele');
    expect(await accountOf(app, userId)).toMatchObject({ state: 'active', failure: undefined });
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ claimed: 1, fromCache: 1 });
  });

  it('with a token that was fine until then is the answer too', async () => {
    const app = createLocalApp(entra);
    const { assertion } = await callerFor(entra, 'adele');
    await app.getProfile(assertion);
    const policyId = await setFault({ kind: 'claims', at: 'graph' });
    const refusal = await refusalOf(app.getProfile(assertion));
    expect(refusal).toMatchObject({ kind: 'needs-user', claims: expect.stringContaining(policyId) });
  });
});

describe('the directory', () => {
  it('is told with every exchange that this client understands challenges', async () => {
    const asked: URLSearchParams[] = [];
    const server = createServer(async (request, response) => {
      asked.push(new URLSearchParams(await text(request)));
      response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
    }).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close().closeAllConnections());
    await once(server, 'listening');
    const { userTokens, graph: api } = createStead(
      readConfig({
        ENTRA_TENANT_ID: TENANT_ID,
        ENTRA_CLIENT_ID: API_CLIENT_ID,
        ENTRA_CLIENT_SECRET: 'not used here',
        ENTRA_AUTHORITY: `http://localhost:${(server.address() as AddressInfo).port}`,
        TokenStore: 'UseDevelopmentStorage=true',
      }),
      { stores: azureStores },
    ).services;
    const caller = await callerFor(entra, 'adele');
    for (const claims of [undefined, '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}']) {
      const operation = { log: () => undefined };
      const call = userTokens.onBehalfOf(operation, { caller, api, claims, generation: undefined });
      expect(await refusalOf(call)).toMatchObject({ kind: 'needs-user' });
    }
    expect(asked.map((parameters) => JSON.parse(parameters.get('claims') ?? ''))).toMatchObject([
      { access_token: { xms_cc: { values: ['CP1'] } } },
      { access_token: { xms_cc: { values: ['CP1'] }, acrs: { essential: true, value: 'c1' } } },
    ]);
  });
});

describe('the audit', () => {
  const USED = { event: 'token.used', api: 'graph' } as const;
  const usesIn = (events: readonly LogEvent[]) => events.filter(({ event }) => event === 'token.used');

  it('has a line for each use of Graph: by what, as whom, and where the token came from', async () => {
    const app = createLocalApp(entra);
    const another = createLocalApp(entra, { accounts: app.accounts, tokenCache: app.tokenCache });
    const { assertion, userId } = await callerFor(entra, 'adele');
    const user = app.logId(userId);
    await app.getProfile(assertion);
    await app.getProfile(assertion);
    // Another instance, which finds the token in the stored cache.
    await another.ask(photo, assertion);
    await another.ask(photo, assertion);
    for (const ask of [app.connection.get, app.connection.put, app.connection.delete]) await ask(assertion);
    expect(usesIn([...app.events, ...another.events])).toEqual([
      { ...USED, user, by: 'get-profile', source: 'network' },
      { ...USED, user, by: 'get-profile', source: 'memory' },
      { ...USED, user, by: 'photo', source: 'cache' },
      { ...USED, user, by: 'photo', source: 'memory' },
    ]);
  });

  it('has a line for a use that Graph refused, too', async () => {
    const app = createLocalApp(entra);
    const { assertion, userId } = await callerFor(entra, 'adele');
    await setFault({ kind: 'claims', at: 'graph', times: 1 });
    expect(await refusalOf(app.getProfile(assertion))).toMatchObject({ kind: 'needs-user' });
    // The refusal is remembered for a moment.
    app.clock.aheadMs += 10_000;
    await app.getProfile(assertion);
    const user = app.logId(userId);
    expect(usesIn(app.events)).toEqual([
      { ...USED, user, by: 'get-profile', source: 'network' },
      { ...USED, user, by: 'get-profile', source: 'cache' },
    ]);
  });
});
