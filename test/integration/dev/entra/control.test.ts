import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  DEMO_USERS,
  homeAccountId,
  SPA_CLIENT_ID,
  TENANT_ID,
} from '../../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../../dev/entra/lifetimes.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import {
  confidentialClient,
  control,
  GRAPH_SCOPES,
  journal,
  SPA_ORIGIN,
  signIn,
} from '../../../support/entraClients.ts';

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterAll(() => entra.close());
afterEach(async () => {
  await control(entra, 'DELETE', '/fault');
  await control(entra, 'PUT', '/lifetimes', { ...DEFAULT_LIFETIMES, refreshIn: null });
});

const errorOf = async (response: Response) => ({
  status: response.status,
  error: String(((await response.json()) as { error: unknown }).error),
});

it('lists the users by the names that faults take', async () => {
  const users = await (await control(entra, 'GET', '/users')).json();
  for (const { name, displayName, upn, oid, tid, ...rest } of DEMO_USERS) {
    const id = homeAccountId({ name, displayName, upn, oid, tid, ...rest });
    expect(users).toContainEqual({ name, displayName, upn, oid, tid, homeAccountId: id });
  }
});

describe('a fault', () => {
  it.each([
    ['not JSON', 'nonsense', 'not JSON'],
    ['not an object', '[]', 'kind'],
    ['without a kind', {}, 'revoked, consent, claims'],
    ['of an unknown kind', { kind: 'flood' }, 'revoked, consent, claims'],
    ['of a kind that only the server has', { kind: 'invalid-client' }, 'must be one of'],
    ['at a place it has not', { kind: 'revoked', at: 'graph' }, '"at" of "revoked" must be one of token'],
    ['at a place that only the server has', { kind: 'html', at: 'jwks' }, 'must be one of token, graph'],
    ['with a field it does not take', { kind: 'html', ms: 4 }, 'it takes kind, at, times'],
    ['with times on what cannot heal', { kind: 'revoked', times: 1 }, 'takes no "times"'],
    ['with times of zero', { kind: 'html', times: 0 }, '"times" must be whole requests from 1'],
    ['with half a second', { kind: 'throttled', retryAfter: 0.5 }, '"retryAfter" must be whole seconds'],
    ['with text for a number', { kind: 'throttled', retryAfter: '5' }, '"retryAfter" must be whole seconds'],
    ['of a delay without its length', { kind: 'delay' }, 'needs "ms"'],
    ['of an error without its code', { kind: 'error', errorNo: 1 }, 'needs "error"'],
    ['with an error of prose', { kind: 'error', error: 'not this', errorNo: 1 }, '"error" must be a code'],
    ['with a status that has no body', { kind: 'html', status: 204 }, '"status" must be 200 or'],
    ['with claims that are no text', { kind: 'error', errorNo: 1, claims: {} }, '"claims" must be text'],
  ])('%s is refused with what is allowed', async (_case, body, message) => {
    const { status, error } = await errorOf(await control(entra, 'PUT', '/users/adele/fault', body));
    expect(status).toBe(400);
    expect(error).toContain(message);
  });

  it('for an unknown user is refused with the users there are', async () => {
    for (const [method, body] of [['PUT', { kind: 'html' }] as const, ['DELETE'] as const]) {
      const { status, error } = await errorOf(await control(entra, method, '/users/nobody/fault', body));
      expect(status).toBe(404);
      expect(error).toContain('adele, bruno');
    }
  });

  it('for an unknown tenant, or for what stands for one, is refused', async () => {
    for (const tid of ['nowhere', 'common', 'organizations']) {
      for (const [method, body] of [['PUT', { kind: 'html' }] as const, ['DELETE'] as const]) {
        const { status, error } = await errorOf(await control(entra, method, `/tenants/${tid}/fault`, body));
        expect(status).toBe(404);
        expect(error).toContain(`no tenant "${tid}"`);
      }
    }
  });

  it("of the server's kind is not set for a tenant", async () => {
    const path = `/tenants/${TENANT_ID}/fault`;
    const refused = await errorOf(await control(entra, 'PUT', path, { kind: 'invalid-client' }));
    expect(refused.status).toBe(400);
    expect(refused.error).not.toContain('invalid-client');
  });

  it("of a person's kind is not set for everybody", async () => {
    for (const kind of ['revoked', 'consent', 'claims', 'throttled-user']) {
      expect((await control(entra, 'PUT', '/fault', { kind })).status).toBe(400);
    }
  });

  it('at jwks hits the published keys alone', async () => {
    await control(entra, 'PUT', '/fault', { kind: 'server-error', at: 'jwks', times: 1 });
    await expect(signIn(entra, 'adele')).resolves.toBeDefined();
    const keys = () => fetch(`${entra.origin}/${TENANT_ID}/discovery/v2.0/keys`);
    expect((await keys()).status).toBe(503);
    expect((await keys()).status).toBe(200);
  });
});

describe('lifetimes', () => {
  it('change field by field and come back', async () => {
    expect(await (await control(entra, 'GET', '/lifetimes')).json()).toEqual(DEFAULT_LIFETIMES);
    await control(entra, 'PUT', '/lifetimes', { accessToken: 303, refreshIn: 9 });
    const changed = await (await control(entra, 'GET', '/lifetimes')).json();
    expect(changed).toEqual({ ...DEFAULT_LIFETIMES, accessToken: 303, refreshIn: 9 });
  });

  it.each([
    [[], 'expected an object'],
    [{ accessTokens: 5 }, 'allowed are code, accessToken'],
    [{ accessToken: 0 }, '"accessToken" must be whole seconds'],
    [{ accessToken: null }, '"accessToken" must be whole seconds'],
    [{ code: '5' }, '"code" must be whole seconds'],
  ])('%j is refused with what is allowed', async (body, message) => {
    const { status, error } = await errorOf(await control(entra, 'PUT', '/lifetimes', body));
    expect(status).toBe(400);
    expect(error).toContain(message);
    expect(await (await control(entra, 'GET', '/lifetimes')).json()).toEqual(DEFAULT_LIFETIMES);
  });
});

it('the journal tells endpoint, grant, user, client, status and error, and no token', async () => {
  await signIn(entra, 'adele');
  await control(entra, 'DELETE', '/requests');
  const { accessToken } = await signIn(entra, 'adele');
  const result = await confidentialClient(entra).acquireTokenOnBehalfOf({
    oboAssertion: accessToken,
    scopes: GRAPH_SCOPES,
  });
  await fetch(`${entra.origin}/v1.0/me`, { headers: { authorization: `Bearer ${result?.accessToken}` } });
  await fetch(`${entra.origin}/${TENANT_ID}/discovery/v2.0/keys`);
  await fetch(`${entra.origin}/v1.0/me`);

  const at = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  const spa = { client: SPA_CLIENT_ID, at };
  const user = 'adele';
  expect(await journal(entra)).toEqual([
    { at, endpoint: 'discovery', status: 200 },
    { ...spa, endpoint: 'authorize', status: 200 },
    { ...spa, endpoint: 'authorize', status: 302, user },
    { ...spa, endpoint: 'token', grant: 'authorization_code', status: 200, user },
    { at, client: API_CLIENT_ID, endpoint: 'token', grant: 'on_behalf_of', status: 200, user },
    { at, client: API_CLIENT_ID, endpoint: 'graph', status: 200, user },
    { at, endpoint: 'jwks', status: 200 },
    { at, endpoint: 'graph', status: 401, error: 'InvalidAuthenticationToken' },
  ]);
  await control(entra, 'DELETE', '/requests');
  expect(await journal(entra)).toEqual([]);
});

describe('from a page', () => {
  const from = (origin: string, method: string, path: string) =>
    fetch(`${entra.origin}/dev${path}`, { method, headers: { origin } });

  it('the registered origins may steer the server', async () => {
    const preflight = await fetch(`${entra.origin}/dev/users/adele/fault`, {
      method: 'OPTIONS',
      headers: {
        origin: SPA_ORIGIN,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBe(SPA_ORIGIN);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('PUT');
    expect(preflight.headers.get('access-control-allow-headers')).toBe('content-type');
    const users = await from(SPA_ORIGIN, 'GET', '/users');
    expect(users.headers.get('access-control-allow-origin')).toBe(SPA_ORIGIN);
  });

  it('any other origin is refused, whatever the method', async () => {
    const before = (await from(SPA_ORIGIN, 'GET', '/users')).status;
    expect(before).toBe(200);
    const refused = await from('http://evil.example', 'POST', '/keys/rotate');
    expect(refused.status).toBe(403);
    expect(refused.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('consent and answers', () => {
  it.each([
    ['PUT', '/answers', { stripNumber: true }, 'allowed are defaultBeside'],
    ['PUT', '/answers', { stripNumbers: 1 }, '"stripNumbers" must be true or false'],
    ['PUT', '/answers', [], 'expected an object'],
    ['PUT', '/consent', { delay: 1 }, 'expected an object with "delaySeconds"'],
    ['PUT', '/consent', { delaySeconds: -1 }, '"delaySeconds" must be a number from 0'],
    ['PUT', `/tenants/${TENANT_ID}/consent`, {}, 'expected { "usersMayConsent": true or false }'],
    ['PUT', `/applications/${API_CLIENT_ID}`, { name: 'x' }, 'allowed are requiredResourceAccess'],
    ['PUT', `/applications/${API_CLIENT_ID}`, { requiredResourceAccess: [{}] }, '"permissions": [<name>]'],
    ['PUT', `/applications/${API_CLIENT_ID}`, { knownClientApplications: [1] }, 'a list of application ids'],
  ])('%s %s with %j is refused with what is allowed', async (method, path, body, message) => {
    const { status, error } = await errorOf(await control(entra, method, path, body));
    expect(status).toBe(400);
    expect(error).toContain(message);
  });

  it.each([
    ['PUT', '/applications/nobody'],
    ['DELETE', '/users/nobody/consent'],
    ['DELETE', '/tenants/nowhere/consent'],
    ['PUT', '/tenants/nowhere/consent'],
  ])('%s %s names nobody that there is', async (method, path) => {
    expect((await control(entra, method, path, method === 'PUT' ? {} : undefined)).status).toBe(404);
  });
});
