/** Tokens that the stand-in gives to applications themselves. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GRAPH_TOKENS } from '../../../../dev/entra/applicationEndpoints.ts';
import {
  API_CLIENT_ID,
  API_CLIENT_SECRET,
  API_SCOPE_NAME,
  GRAPH_APP_ID,
  OTHER_TENANT_ID,
  SPA_CLIENT_ID,
  TENANT_ID,
  WEBHOOK_CLIENT_ID,
  WEBHOOK_CLIENT_SECRET,
} from '../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import {
  confidentialClient,
  control,
  journal,
  postToken,
  SPA_ORIGIN,
} from '../../../support/entraClients.ts';

let entra: Entra;
beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
});
afterAll(() => entra.close());

const REQUEST = {
  grant_type: 'client_credentials',
  client_id: API_CLIENT_ID,
  client_secret: API_CLIENT_SECRET,
  scope: 'https://graph.microsoft.com/.default',
};
const FOR_THE_API = {
  ...REQUEST,
  client_id: WEBHOOK_CLIENT_ID,
  client_secret: WEBHOOK_CLIENT_SECRET,
  scope: `api://${API_CLIENT_ID}/.default`,
};
const claimsOf = async (request: Record<string, string>, tenant = TENANT_ID) =>
  decodeJwt(String((await postToken(entra, request, { tenant })).body.access_token));
const assign = (body: unknown) => control(entra, 'PUT', `/applications/${API_CLIENT_ID}/app-roles`, body);

describe('the client credentials grant', () => {
  it('gives a token of the application, and no other', async () => {
    const { status, body } = await postToken(entra, REQUEST);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        token_type: 'Bearer',
        expires_in: expect.any(Number),
        ext_expires_in: expect.any(Number),
        access_token: expect.any(String),
      },
    });
    const claims = decodeJwt(String(body.access_token));
    expect(claims).toMatchObject({ aud: GRAPH_APP_ID, tid: TENANT_ID, azp: API_CLIENT_ID, idtyp: 'app' });
    expect(claims.sub).toBe(claims.oid);
    for (const name of ['scp', 'roles', 'name', 'preferred_username'])
      expect(claims).not.toHaveProperty(name);
    const last = (await journal(entra)).at(-1);
    expect(last).toMatchObject({ grant: 'client_credentials', client: API_CLIENT_ID, status: 200 });
    expect(last?.user).toBeUndefined();
  });

  it('satisfies MSAL', async () => {
    const scopes = [`${GRAPH_APP_ID}/.default`];
    const result = await confidentialClient(entra).acquireTokenByClientCredential({ scopes });
    expect(result).toMatchObject({ fromCache: false, account: null });
  });

  it('has another service principal in each tenant', async () => {
    const [here, again, there] = [
      await claimsOf(REQUEST),
      await claimsOf(REQUEST),
      await claimsOf(REQUEST, OTHER_TENANT_ID),
    ];
    expect(again.oid).toBe(here.oid);
    expect(there.oid).not.toBe(here.oid);
    expect(there.iss).toBe(`${entra.origin}/${OTHER_TENANT_ID}/v2.0`);
  });

  it('has the roles that were assigned in this tenant, to this client, at this resource', async () => {
    await assign([
      { client: WEBHOOK_CLIENT_ID, roles: ['One', 'Two'] },
      { client: API_CLIENT_ID, roles: ['Three'] },
    ]);
    expect(await claimsOf(FOR_THE_API)).toMatchObject({ aud: API_CLIENT_ID, roles: ['One', 'Two'] });
    expect(await claimsOf(FOR_THE_API, OTHER_TENANT_ID)).not.toHaveProperty('roles');
    expect(await claimsOf({ ...FOR_THE_API, scope: REQUEST.scope })).not.toHaveProperty('roles');
    await assign([]);
    expect(await claimsOf(FOR_THE_API)).not.toHaveProperty('roles');
  });

  it.each([
    ['no list', {}],
    ['no client', [{ roles: ['One'] }]],
    ['roles that are no list', [{ client: WEBHOOK_CLIENT_ID, roles: 'One' }]],
    ['a tenant that is no text', [{ client: WEBHOOK_CLIENT_ID, roles: [], tenant: 5 }]],
  ])('refuses to be told of assignments with %s', async (_, body) => {
    expect((await assign(body)).status).toBe(400);
  });

  it.each([
    ['a permission by name', { scope: `api://${API_CLIENT_ID}/${API_SCOPE_NAME}` }, {}, 400, 1002012],
    ['an OpenID Connect scope', { scope: 'openid https://graph.microsoft.com/.default' }, {}, 400, 1002012],
    ['no scope', { scope: '' }, {}, 400, 900144],
    ['an unknown resource', { scope: 'api://nobody/.default' }, {}, 400, 500011],
    ['no tenant', {}, { tenant: 'organizations' }, 400, 50059],
    ['a wrong secret', { client_secret: 'wrong' }, {}, 401, 7000215],
    ['a public client', { client_id: SPA_CLIENT_ID, client_secret: '' }, { origin: SPA_ORIGIN }, 401, 700025],
  ])('refuses %s', async (_, different, options, status, code) => {
    const answer = await postToken(entra, { ...REQUEST, ...different }, options);
    expect(answer).toMatchObject({ status, body: { error_codes: [code] } });
  });
});

describe('an API that was registered at Graph', () => {
  const graph = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${entra.origin}/v1.0${path}`, {
      method,
      headers: {
        authorization: `Bearer ${GRAPH_TOKENS.administrator}`,
        'content-type': 'application/json',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (response.status === 204 ? {} : await response.json()) as Record<string, string>;
  };
  const ROLE = {
    id: '99999999-8888-4777-8666-555555555556',
    value: 'Some.Do',
    isEnabled: true,
    allowedMemberTypes: ['Application'],
    displayName: 'Some',
    description: 'Some',
  };

  it('gives the roles that were assigned there, as long as they are enabled, and idtyp if it asks for it', async () => {
    const { id, appId } = await graph('POST', '/applications', { displayName: 'Some', appRoles: [ROLE] });
    const resource = await graph('POST', '/servicePrincipals', { appId });
    const webhook = await graph('POST', '/servicePrincipals', { appId: WEBHOOK_CLIENT_ID });
    const request = { ...FOR_THE_API, scope: `${appId}/.default` };
    expect(await claimsOf(request)).not.toHaveProperty('roles');
    await graph('POST', `/servicePrincipals/${resource.id}/appRoleAssignedTo`, {
      principalId: webhook.id,
      resourceId: resource.id,
      appRoleId: ROLE.id,
    });
    const claims = await claimsOf(request);
    expect(claims).toMatchObject({ aud: appId, roles: ['Some.Do'] });
    expect(claims).not.toHaveProperty('idtyp');
    expect(await claimsOf(request, OTHER_TENANT_ID)).not.toHaveProperty('roles');

    await graph('PATCH', `/applications/${id}`, {
      appRoles: [{ ...ROLE, isEnabled: false }],
      optionalClaims: { accessToken: [{ name: 'idtyp' }] },
    });
    const later = await claimsOf(request);
    expect(later).not.toHaveProperty('roles');
    expect(later).toMatchObject({ idtyp: 'app' });
  });
});
