/** Every refusal of Entra's and of Graph's is logged with the ids by which they find it, and ours goes out to them. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { defineTask } from '../../../../shared/worker/defineTask.ts';
import { accountOf } from '../../../support/accountOf.ts';
import { control, SPA_ORIGIN } from '../../../support/entraClients.ts';
import { callerFor } from '../../../support/userTokens.ts';

const MINUTE = 60_000;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;
const GUID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;
const ISO = /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { accessToken: EXPIRED_AT_ONCE },
  });
});
afterEach(async () => {
  for (const fault of ['/fault', '/users/adele/fault']) await control(entra, 'DELETE', fault);
});
afterAll(() => entra.close());

const appWith = (more: Parameters<typeof createLocalApp>[1] = {}) => {
  const correlationId = randomUUID();
  const app = createLocalApp(entra, { correlationId, ...more });
  const refused = () => app.events.filter(({ event }) => event === 'upstream.refused');
  return { app, correlationId, refused };
};
const byEntra = (correlationId: string, code: string) => ({
  event: 'upstream.refused',
  user: expect.stringMatching(/^[\da-f]{16}$/),
  service: 'entra',
  code,
  upstreamCorrelationId: correlationId,
  traceId: expect.stringMatching(GUID),
  timestamp: expect.stringMatching(ISO),
});
const byGraph = (correlationId: string, code: string) => ({
  event: 'upstream.refused',
  user: expect.stringMatching(/^[\da-f]{16}$/),
  service: 'graph',
  code,
  upstreamCorrelationId: correlationId,
  requestId: expect.stringMatching(GUID),
  timestamp: expect.stringMatching(ISO),
});

/** A sign-in does not give it. */
const NO_CONSENT = {
  kind: 'error',
  error: 'invalid_grant',
  errorNo: 65001,
  suberror: 'consent_required',
};

describe('a refusal of Entra’s', () => {
  it('of an exchange is logged, and the error carries the same ids', async () => {
    const { app, correlationId, refused } = appWith();
    await control(entra, 'PUT', '/users/adele/fault', NO_CONSENT);
    const { assertion } = await callerFor(entra, 'adele');
    const error = await app.getProfile(assertion).catch((caught: unknown) => caught);
    expect(refused()).toEqual([byEntra(correlationId, 'AADSTS65001')]);
    const [line] = refused();
    expect(error).toHaveProperty('failure.upstream', {
      service: 'entra',
      code: 'AADSTS65001',
      correlationId,
      traceId: line?.event === 'upstream.refused' && line.traceId,
      timestamp: line?.event === 'upstream.refused' && line.timestamp,
    });
  });

  it('of a refresh is logged, and its ids are not stored', async () => {
    const { app, correlationId, refused } = appWith();
    const user = await app.visit('adele');
    await control(entra, 'PUT', '/users/adele/fault', NO_CONSENT);
    app.clock.aheadMs = 2 * MINUTE;
    await app.sweep();
    expect(refused()).toEqual([byEntra(correlationId, 'AADSTS65001')]);
    expect((await accountOf(app, user))?.failure).toEqual({
      kind: 'consent',
      code: 'AADSTS65001',
      suberror: 'consent_required',
      at: expect.any(Date),
    });
  });

  it('as a page has no ids, and is logged all the same', async () => {
    const { app, refused } = appWith();
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'html' });
    await expect(app.visit('adele')).rejects.toThrow();
    expect(refused()).toEqual([
      { event: 'upstream.refused', user: expect.any(String), service: 'entra', code: 'http_503_not_json' },
    ]);
  });
});

describe('a refusal of Graph’s', () => {
  it('of the profile is logged, and the error carries the same ids', async () => {
    const { app, correlationId, refused } = appWith();
    await control(entra, 'PUT', '/fault', { kind: 'server-error', at: 'graph' });
    const { assertion } = await callerFor(entra, 'adele');
    const error = await app.getProfile(assertion).catch((caught: unknown) => caught);
    expect(refused()).toEqual([byGraph(correlationId, '503')]);
    expect(error).toMatchObject({ failure: { upstream: { service: 'graph', code: '503', correlationId } } });
  });

  it('of a challenge that the next token meets is logged, although the request goes well', async () => {
    const { app, correlationId, refused } = appWith();
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'claims', at: 'graph', times: 1 });
    const { assertion } = await callerFor(entra, 'adele');
    await app.getProfile(assertion).catch(() => undefined);
    expect(refused()[0]).toEqual(byGraph(correlationId, '401'));
  });

  it('of a task is logged', async () => {
    const ask = defineTask({
      name: 'ask',
      api: graph,
      scopes: ['User.Read'],
      run: ({ graph: client }) => client.api('/me').get(),
    });
    const { app, correlationId, refused } = appWith({ tasks: [ask] });
    await app.visit('adele');
    await control(entra, 'PUT', '/fault', { kind: 'throttled', at: 'graph' });
    app.clock.aheadMs = 2 * MINUTE;
    await app.sweep();
    expect(refused()).toEqual([byGraph(correlationId, '429')]);
  });

  it('is logged where there is no such thing', async () => {
    const ask = defineTask({
      name: 'ask',
      api: graph,
      scopes: ['User.Read'],
      run: ({ graph: client }) => client.api('/nowhere').get(),
    });
    const { app, refused } = appWith({ tasks: [ask] });
    await app.visit('adele');
    app.clock.aheadMs = 2 * MINUTE;
    expect(await app.sweep()).toMatchObject({ tasks: { failed: 1 } });
    expect(refused()).toMatchObject([{ service: 'graph', code: '404' }]);
  });
});

it('sends an id of ours only if it is a GUID', async () => {
  const { app, refused } = appWith({ correlationId: 'not a GUID' });
  await control(entra, 'PUT', '/users/adele/fault', NO_CONSENT);
  await expect(app.visit('adele')).rejects.toThrow();
  expect(refused()).toEqual([byEntra(expect.stringMatching(GUID) as unknown as string, 'AADSTS65001')]);
});

describe('an exchange of a token that has ended', () => {
  it.each([
    ['by Entra’s number', { errorNo: 500133 }, 60],
    ['without a number, by the time', {}, -1],
    ['with another number, by the time', { errorNo: 50013 }, -1],
  ])('is an expired token: %s', async (_what, fault, endsInSeconds) => {
    const { app } = appWith();
    const caller = await callerFor(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'error', error: 'invalid_grant', ...fault });
    const expiresOn = new Date(Date.now() + endsInSeconds * 1_000);
    await expect(
      app.tokens.onBehalfOf({ caller: { ...caller, expiresOn }, generation: undefined }),
    ).rejects.toMatchObject({ name: 'TokenInvalidError' });
  });

  it('is not taken for an outage', async () => {
    const { app } = appWith();
    const caller = await callerFor(entra, 'adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'server-error' });
    await expect(
      app.tokens.onBehalfOf({ caller: { ...caller, expiresOn: new Date(0) }, generation: undefined }),
    ).rejects.toMatchObject({ failure: { kind: 'transient' } });
  });
});
