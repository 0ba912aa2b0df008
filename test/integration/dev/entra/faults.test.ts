/** Faults as they look on the wire; what msal-node makes of them is in `msalNodeFaults.test.ts`. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  DEMO_USERS,
  type DemoUser,
  OTHER_TENANT_ID,
  OTHER_TENANT_USER,
  TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { control, journal, postToken, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

const [ADELE, BRUNO] = DEMO_USERS;
const ERIK = OTHER_TENANT_USER;
const API = { client_id: API_CLIENT_ID, client_secret: API_CLIENT_SECRET };

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterAll(() => entra.close());
afterEach(async () => {
  await control(entra, 'DELETE', '/fault');
  for (const tid of [TENANT_ID, OTHER_TENANT_ID]) await control(entra, 'DELETE', `/tenants/${tid}/fault`);
  await control(entra, 'DELETE', '/users/adele/fault');
});

/** The web API's two ways to a token for a user; both to be asked for again and again. */
async function grantsOf(user: DemoUser) {
  const { accessToken } = await signIn(entra, user.name, { tenant: user.tid });
  const exchange = () =>
    postToken(
      entra,
      {
        ...API,
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        requested_token_use: 'on_behalf_of',
        scope: 'User.Read offline_access',
        assertion: accessToken,
      },
      { tenant: user.tid },
    );
  const refresh_token = String((await exchange()).body.refresh_token);
  const refresh = () =>
    postToken(
      entra,
      { ...API, grant_type: 'refresh_token', scope: 'User.Read', refresh_token },
      { tenant: user.tid },
    );
  return { exchange, refresh };
}

describe("a tenant's fault", () => {
  it('hits everybody there at each grant, and nobody elsewhere', async () => {
    const [erik, adele] = [await grantsOf(ERIK), await grantsOf(ADELE)];
    await control(entra, 'PUT', `/tenants/${OTHER_TENANT_ID}/fault`, { kind: 'throttled', retryAfter: 7 });
    for (const ask of [erik.exchange, erik.refresh]) {
      const { status, headers } = await ask();
      expect(status).toBe(429);
      expect(headers.get('retry-after')).toBe('7');
    }
    for (const ask of [adele.exchange, adele.refresh]) expect((await ask()).status).toBe(200);

    await control(entra, 'DELETE', `/tenants/${OTHER_TENANT_ID}/fault`);
    expect((await erik.refresh()).status).toBe(200);
  });

  it('hits Graph where it is set for Graph', async () => {
    const tokenOf = async (user: DemoUser) =>
      (await signIn(entra, user.name, { tenant: user.tid, scope: 'User.Read' })).accessToken;
    const me = (token: string) =>
      fetch(`${entra.origin}/v1.0/me`, { headers: { authorization: `Bearer ${token}` } });
    await control(entra, 'PUT', `/tenants/${OTHER_TENANT_ID}/fault`, { kind: 'server-error', at: 'graph' });
    expect((await me(await tokenOf(ERIK))).status).toBe(503);
    expect((await me(await tokenOf(ADELE))).status).toBe(200);
  });

  it('counts its requests over all who meet it', async () => {
    const [adele, bruno] = [await grantsOf(ADELE), await grantsOf(BRUNO)];
    await control(entra, 'PUT', `/tenants/${TENANT_ID}/fault`, { kind: 'server-error', times: 2 });
    expect((await adele.refresh()).status).toBe(503);
    expect((await bruno.refresh()).status).toBe(503);
    expect((await adele.refresh()).status).toBe(200);
  });

  it('revokes what everybody there was given before', async () => {
    const [erik, adele] = [await grantsOf(ERIK), await grantsOf(ADELE)];
    await control(entra, 'PUT', `/tenants/${OTHER_TENANT_ID}/fault`, { kind: 'revoked' });
    expect((await erik.refresh()).body).toMatchObject({ error: 'invalid_grant', error_codes: [50173] });
    expect((await adele.refresh()).status).toBe(200);
    expect((await (await grantsOf(ERIK)).refresh()).status).toBe(200);
  });

  it("stands beside a person's own", async () => {
    const adele = await grantsOf(ADELE);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'consent' });
    await control(entra, 'PUT', `/tenants/${TENANT_ID}/fault`, { kind: 'throttled', times: 1 });
    expect((await adele.refresh()).status).toBe(429);
    expect((await adele.refresh()).body).toMatchObject({ error_codes: [65001] });
  });
});

describe('consent and claims', () => {
  it('consent that is withdrawn refuses both grants until somebody consents anew', async () => {
    const { exchange, refresh } = await grantsOf(ADELE);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'consent' });
    await control(entra, 'DELETE', '/users/adele/fault');
    const body = { error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required' };
    for (const ask of [exchange, refresh]) expect(await ask()).toMatchObject({ status: 400, body });
    await signIn(entra, 'adele');
    for (const ask of [exchange, refresh]) expect((await ask()).status).toBe(200);
  });

  it('claims refuse both grants until they are taken away', async () => {
    const { exchange, refresh } = await grantsOf(ADELE);
    const body = {
      error: 'interaction_required',
      error_codes: [50076],
      claims: expect.stringContaining('polids'),
    };
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'claims' });
    for (const ask of [exchange, refresh]) expect(await ask()).toMatchObject({ status: 400, body });
    await control(entra, 'DELETE', '/users/adele/fault');
    for (const ask of [exchange, refresh]) expect((await ask()).status).toBe(200);
  });
});

describe('an error of choice', () => {
  it.each([
    ['a dead grant', { error: 'invalid_grant', errorNo: 700082 }, 400],
    ['a sign-in that is needed', { error: 'login_required', errorNo: 50058 }, 400],
    [
      'a refusal with a suberror',
      { error: 'interaction_required', errorNo: 50079, suberror: 'basic_action' },
      400,
    ],
    ['an application that is gone', { error: 'unauthorized_client', errorNo: 700016 }, 400],
    ['a wrong secret', { error: 'invalid_client', errorNo: 7000215, status: 401 }, 401],
    ['a time-out said with a status', { error: 'request_timeout', errorNo: 90033, status: 408 }, 408],
    ['a dead grant without a number', { error: 'invalid_grant' }, 400],
    ['an outage said with a 400', { error: 'temporarily_unavailable', errorNo: 90033 }, 400],
  ])('is answered as it was asked for: %s', async (_what, fault, status) => {
    const { exchange, refresh } = await grantsOf(ADELE);
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'error', ...fault });
    const { error } = fault;
    const errorNo = 'errorNo' in fault ? fault.errorNo : undefined;
    for (const ask of [exchange, refresh]) {
      const answer = await ask();
      expect(answer).toMatchObject({ status, body: { error } });
      expect(answer.body.error_codes).toEqual(errorNo === undefined ? undefined : [errorNo]);
      expect(answer.body.error_description).toMatch(
        errorNo === undefined ? /^(?!.*AADSTS)/ : new RegExp(`^AADSTS${errorNo}: `),
      );
      expect(answer.body.suberror).toBe('suberror' in fault ? fault.suberror : undefined);
      expect(answer.body).not.toHaveProperty('claims');
    }
    expect((await journal(entra)).at(-1)).toMatchObject({ status, error });
  });

  it('carries claims and Retry-After, and heals after its times', async () => {
    const { refresh } = await grantsOf(ADELE);
    const claims = '{"access_token":{"acrs":{"essential":true,"value":"c1"}}}';
    await control(entra, 'PUT', '/users/adele/fault', {
      kind: 'error',
      error: 'interaction_required',
      errorNo: 50076,
      claims,
      retryAfter: 4,
      times: 1,
    });
    const answer = await refresh();
    expect(answer.body.claims).toBe(claims);
    expect(answer.headers.get('retry-after')).toBe('4');
    expect((await refresh()).status).toBe(200);
  });
});

it.each([200, 502])('html is a page with the status that was asked for: %d', async (status) => {
  const { accessToken } = await signIn(entra, 'adele', { scope: 'User.Read' });
  await control(entra, 'PUT', '/users/adele/fault', { kind: 'html', at: 'graph', status });
  const response = await fetch(`${entra.origin}/v1.0/me`, {
    headers: { authorization: `Bearer ${accessToken}` },
  });
  expect(response.status).toBe(status);
  expect(response.headers.get('content-type')).toContain('text/html');
});
