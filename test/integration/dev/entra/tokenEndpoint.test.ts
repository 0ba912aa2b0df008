import { decodeJwt } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  GRAPH_APP_ID,
  SPA_CLIENT_ID,
} from '../../../../dev/entra/directory.ts';
import { DEFAULT_LIFETIMES } from '../../../../dev/entra/lifetimes.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { API_SCOPE, control, postToken, SPA_ORIGIN, signIn } from '../../../support/entraClients.ts';

let entra: Entra;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterAll(() => entra.close());
afterEach(async () => {
  await control(entra, 'PUT', '/lifetimes', DEFAULT_LIFETIMES);
});

describe('the token endpoint', () => {
  const obo = {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    requested_token_use: 'on_behalf_of',
    client_id: API_CLIENT_ID,
    client_secret: API_CLIENT_SECRET,
    scope: 'User.Read offline_access',
    assertion: 'x.y.z',
  };
  const { client_secret: _, ...noSecret } = obo;

  it.each([
    ['an unknown tenant', obo, { tenant: 'nowhere' }, 400, 90002],
    ['an unknown client', { ...obo, client_id: 'nobody' }, {}, 400, 700016],
    ['no secret', noSecret, {}, 401, 7000218],
    ['a wrong secret', { ...obo, client_secret: 'wrong' }, {}, 401, 7000215],
    ["a web API's request out of a page", obo, { origin: SPA_ORIGIN }, 400, 9002326],
    [
      'a public client with a secret',
      { ...obo, client_id: SPA_CLIENT_ID },
      { origin: SPA_ORIGIN },
      401,
      700025,
    ],
    ['an unknown grant', { ...obo, grant_type: 'password' }, {}, 400, 70003],
    ['a token use other than on_behalf_of', { ...obo, requested_token_use: 'x' }, {}, 400, 900144],
    ['an assertion that is no token', obo, {}, 400, 50013],
  ])('refuses %s', async (_case, params, options, status, code) => {
    const answer = await postToken(entra, params, options);
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({
      error: expect.any(String),
      error_description: expect.stringMatching(new RegExp(`^AADSTS${code}: `)),
      error_codes: [code],
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/),
      trace_id: expect.any(String),
      correlation_id: expect.any(String),
    });
  });

  it.each([
    ['two resources', `User.Read ${API_SCOPE}`, 28000],
    ['an unknown resource', 'api://nothing/here', 500011],
    ['a permission Graph cannot have', 'read-everything', 70011],
    ['nothing', '', 900144],
  ])('refuses a scope of %s', async (_case, scope, code) => {
    const { accessToken } = await signIn(entra, 'adele');
    expect((await postToken(entra, { ...obo, assertion: accessToken, scope })).body.error_codes).toEqual([
      code,
    ]);
  });

  it('answers Graph scopes as they were asked for, and all of .default', async () => {
    await control(entra, 'PUT', `/applications/${API_CLIENT_ID}`, {
      requiredResourceAccess: [{ resource: GRAPH_APP_ID, permissions: ['User.Read', 'Contacts.Read'] }],
    });
    const { accessToken } = await signIn(entra, 'bruno');
    const ask = (scope: string) => postToken(entra, { ...obo, assertion: accessToken, scope });
    const full = await ask('https://graph.microsoft.com/User.Read openid');
    expect(full.body.scope).toBe(
      'https://graph.microsoft.com/User.Read https://graph.microsoft.com/Contacts.Read openid',
    );
    expect(decodeJwt(String(full.body.access_token)).scp).toBe('User.Read Contacts.Read openid');
    expect(full.body).not.toHaveProperty('refresh_token');
    const all = await ask('https://graph.microsoft.com/.default');
    expect(decodeJwt(String(all.body.access_token)).scp).toBe('User.Read Contacts.Read');
  });

  it('tells the lifetimes in force', async () => {
    await control(entra, 'PUT', '/lifetimes', { accessToken: 303, refreshIn: 100 });
    const { accessToken } = await signIn(entra, 'adele');
    const { body } = await postToken(entra, { ...obo, assertion: accessToken });
    expect(body).toMatchObject({ expires_in: 303, refresh_in: 100 });
    const { iat = 0, exp } = decodeJwt(String(body.access_token));
    expect(exp).toBe(iat + 303);
    expect(body).not.toHaveProperty('refresh_token_expires_in');
    await control(entra, 'PUT', '/lifetimes', { refreshIn: null });
    expect((await postToken(entra, { ...obo, assertion: accessToken })).body).not.toHaveProperty(
      'refresh_in',
    );
  });

  it('gives tokens for Graph a lifetime of their own, if they have one', async () => {
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: 330 });
    const { accessToken } = await signIn(entra, 'adele');
    const forApi = decodeJwt(accessToken);
    expect(forApi.exp).toBe((forApi.iat ?? 0) + DEFAULT_LIFETIMES.accessToken);
    const ask = () => postToken(entra, { ...obo, assertion: accessToken });
    const { body } = await ask();
    expect(body.expires_in).toBe(330);
    const forGraph = decodeJwt(String(body.access_token));
    expect(forGraph.exp).toBe((forGraph.iat ?? 0) + 330);
    await control(entra, 'PUT', '/lifetimes', { graphAccessToken: null });
    expect((await ask()).body.expires_in).toBe(DEFAULT_LIFETIMES.accessToken);
  });

  it('throttles with Retry-After and a JSON body', async () => {
    const { accessToken } = await signIn(entra, 'adele');
    await control(entra, 'PUT', '/fault', { kind: 'throttled', retryAfter: 7, times: 1 });
    const answer = await postToken(entra, { ...obo, assertion: accessToken });
    expect(answer).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    expect(answer.headers.get('retry-after')).toBe('7');
  });
});
