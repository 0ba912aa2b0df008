import { Client, type GraphError, HTTPMessageHandler } from '@microsoft/microsoft-graph-client';
import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  DEMO_USERS,
  OTHER_TENANT_USER,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { control, journal, postToken, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN], answers: { everythingGranted: false } });
});
afterAll(() => entra.close());
afterEach(async () => {
  await control(entra, 'DELETE', '/fault');
  await control(entra, 'DELETE', '/users/adele/fault');
});

const me = (token: string, query = '') =>
  fetch(`${entra.origin}/v1.0/me${query}`, { headers: { authorization: `Bearer ${token}` } });

const graphToken = async (user: string, scope = 'User.Read') =>
  (await signIn(entra, user, { scope })).accessToken;

it('answers the default properties to the real Graph client', async () => {
  const token = await graphToken('adele');
  // The client's own authentication sends tokens over https only: the header is set by hand.
  const client = Client.initWithMiddleware({ baseUrl: entra.origin, middleware: new HTTPMessageHandler() });
  const get = (path: string) => client.api(path).header('Authorization', `Bearer ${token}`).get();
  const adele = DEMO_USERS[0];
  expect(await get('/me')).toEqual({
    '@odata.context': `${entra.origin}/v1.0/$metadata#users/$entity`,
    businessPhones: [],
    displayName: 'Adele Brandt',
    givenName: 'Adele',
    jobTitle: adele.profile.jobTitle,
    mail: adele.profile.mail,
    mobilePhone: adele.profile.mobilePhone,
    officeLocation: adele.profile.officeLocation,
    preferredLanguage: 'de-DE',
    surname: 'Brandt',
    userPrincipalName: adele.upn,
    id: adele.oid,
  });
  const refused = await get('/me?$select=shoeSize').catch((error: GraphError) => error);
  expect(refused).toMatchObject({ statusCode: 400, code: 'BadRequest' });
});

it('answers what $select names and nothing else, null where nothing is known', async () => {
  const response = await me(await graphToken('bruno'), '?$select=displayName,department,city,employeeId');
  expect(await response.json()).toEqual({
    '@odata.context': `${entra.origin}/v1.0/$metadata#users(displayName,department,city,employeeId)/$entity`,
    displayName: 'Bruno Okafor',
    department: 'Maintenance',
    city: null,
    employeeId: null,
  });
});

it("answers a guest's id and principal name in the resource tenant", async () => {
  const guest = await (await me(await graphToken('dana'), '?$select=id,userPrincipalName,userType')).json();
  expect(guest).toMatchObject({
    id: DEMO_USERS[3].oid,
    userPrincipalName: 'dana_visitor.example#EXT#@harbour.example',
    userType: 'Guest',
  });
});

describe('the photo', () => {
  const photo = (token: string, path = 'photo') =>
    fetch(`${entra.origin}/v1.0/me/${path}/$value`, { headers: { authorization: `Bearer ${token}` } });
  /** Width and height, as a PNG's header tells them. */
  const sizeOf = (png: Buffer) => [png.readUInt32BE(16), png.readUInt32BE(20)];

  it('is a PNG of the size that was asked for, and the largest otherwise', async () => {
    const token = await graphToken('adele');
    for (const [path, side] of [
      ['photos/48x48', 48],
      ['photos/96x96', 96],
      ['photo', 648],
    ] as const) {
      const response = await photo(token, path);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('image/png');
      const png = Buffer.from(await response.arrayBuffer());
      expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
      expect(sizeOf(png)).toEqual([side, side]);
    }
  });

  it('is not there for most people, nor in other sizes', async () => {
    const [bruno, adele] = [await graphToken('bruno'), await graphToken('adele')];
    for (const response of [
      await photo(bruno),
      await photo(bruno, 'photos/96x96'),
      await photo(adele, 'photos/97x97'),
    ]) {
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: 'ImageNotFound' } });
    }
  });

  it.each([
    ['chiara', 400],
    ['dana', 401],
  ])('is refused oddly of people whose mailbox is not here (%s: %i)', async (name, status) => {
    const response = await photo(await graphToken(name));
    expect(response.status).toBe(status);
    expect(response.headers.get('www-authenticate')).toBeNull();
  });

  it('of the directory has one size alone', async () => {
    const { name, tid } = OTHER_TENANT_USER;
    const { accessToken: token } = await signIn(entra, name, { scope: 'User.Read', tenant: tid });
    expect((await photo(token, 'photos/96x96')).status).toBe(404);
    const response = await photo(token);
    expect(sizeOf(Buffer.from(await response.arrayBuffer()))).toEqual([50, 50]);
  });

  it('needs a token as the profile does, and meets the same faults', async () => {
    expect((await fetch(`${entra.origin}/v1.0/me/photo/$value`)).status).toBe(401);
    expect((await photo(await graphToken('adele', 'Contacts.Read'))).status).toBe(403);
    const token = await graphToken('adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'throttled', at: 'graph', times: 1 });
    expect((await photo(token)).status).toBe(429);
    expect((await photo(token)).status).toBe(200);
  });
});

describe('refuses', () => {
  it('a request without a token, with a token for another audience, and with a broken one', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    for (const response of [
      await fetch(`${entra.origin}/v1.0/me`),
      await me(accessToken),
      await me('x.y.z'),
    ]) {
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer /);
      expect(await response.json()).toEqual({
        error: {
          code: 'InvalidAuthenticationToken',
          message: expect.any(String),
          innerError: expect.objectContaining({ 'request-id': expect.any(String), date: expect.any(String) }),
        },
      });
    }
  });

  it('a token that has expired', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: 1 });
    const token = await graphToken('adele');
    await control(entra, 'PUT', '/lifetimes', { accessToken: 3600 });
    await vi.waitUntil(() => Date.now() / 1000 > (decodeJwt(token).exp ?? 0), { timeout: 10_000 });
    expect((await me(token)).status).toBe(401);
  });

  it('a token without User.Read', async () => {
    const response = await me(await graphToken('adele', 'Contacts.Read'));
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { code: 'Authorization_RequestDenied' } });
  });
});

describe('faults at graph', () => {
  it.each([
    ['throttled', { retryAfter: 3 }, 429, 'TooManyRequests', '3'],
    ['server-error', {}, 503, 'serviceNotAvailable', null],
  ])('%s answers in the shape of Graph', async (kind, more, status, code, retryAfter) => {
    const token = await graphToken('adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind, at: 'graph', times: 1, ...more });
    const response = await me(token);
    expect(response.status).toBe(status);
    expect(response.headers.get('retry-after')).toBe(retryAfter);
    expect(await response.json()).toMatchObject({ error: { code } });
    expect((await me(token)).status).toBe(200);
  });

  it('html answers a page, reset and hang do not answer', async () => {
    const token = await graphToken('adele');
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'html', at: 'graph', times: 1 });
    const page = await me(token);
    expect(page.status).toBe(503);
    expect(page.headers.get('content-type')).toContain('text/html');
    await control(entra, 'PUT', '/fault', { kind: 'reset', at: 'graph', times: 1 });
    await expect(me(token)).rejects.toThrow('fetch failed');
    await control(entra, 'PUT', '/fault', { kind: 'hang', at: 'graph', times: 1 });
    const signal = AbortSignal.timeout(1_000);
    const hanging = fetch(`${entra.origin}/v1.0/me`, {
      headers: { authorization: `Bearer ${token}` },
      signal,
    });
    await expect(hanging).rejects.toThrow('timeout');
    expect((await journal(entra)).slice(-2).map((entry) => entry.status)).toEqual([0, 0]);
    expect((await me(token)).status).toBe(200);
  });

  it('claims challenges until a token comes from a sign-in that met them', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    const obo = (assertion: string, more: Record<string, string> = {}) =>
      postToken(entra, {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        requested_token_use: 'on_behalf_of',
        client_id: API_CLIENT_ID,
        client_secret: API_CLIENT_SECRET,
        scope: 'User.Read',
        assertion,
        ...more,
      });
    await control(entra, 'PUT', '/users/adele/fault', { kind: 'claims', at: 'graph' });

    const refused = await me(String((await obo(accessToken)).body.access_token));
    expect(refused.status).toBe(401);
    const challenge = refused.headers.get('www-authenticate') ?? '';
    expect(challenge).toContain('error="insufficient_claims"');
    const claims = Buffer.from(/claims="([^"]+)"/.exec(challenge)?.[1] ?? '', 'base64').toString();
    expect((await obo(accessToken, { claims })).body).toMatchObject({
      error: 'interaction_required',
      claims,
    });

    const stepUp = await signIn(entra, 'adele', { claims });
    const answer = await obo(stepUp.accessToken, { claims });
    expect((await me(String(answer.body.access_token))).status).toBe(200);
  });
});
