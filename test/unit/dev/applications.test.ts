/** What the stand-in's registrations refuse, as Graph does. */
import { beforeEach, describe, expect, it } from 'vitest';
import { applicationEndpoints, GRAPH_TOKENS } from '../../../dev/entra/applicationEndpoints.ts';
import { createApplications } from '../../../dev/entra/applications.ts';
import { TENANT_ID, WEBHOOK_CLIENT_ID } from '../../../dev/entra/directory.ts';
import { selfSignedCertificate } from '../../../dev/selfSignedCertificate.ts';

const SCOPE = {
  id: '99999999-8888-4777-8666-555555555555',
  value: 'some',
  type: 'User',
  isEnabled: true,
  adminConsentDisplayName: 'Some',
  adminConsentDescription: 'Some',
};
const ROLE = {
  id: '99999999-8888-4777-8666-555555555556',
  value: 'Some.Do',
  isEnabled: true,
  allowedMemberTypes: ['Application'],
  displayName: 'Some',
  description: 'Some',
};
const OTHER_ID = '12121212-3434-4565-8787-909090909090';

let now: number;
let send: (method: string, path: string, body?: unknown, token?: string) => Promise<Answer>;
type Answer = { status: number; body: Record<string, unknown>; code: string; message: string };

function open(options: { settleMs?: number; pageSize?: number } = {}): void {
  now = 0;
  const { pageSize = 100, ...more } = options;
  const app = applicationEndpoints(createApplications({ ...more, now: () => now }), { pageSize });
  send = async (method, path, body, token = GRAPH_TOKENS.administrator) => {
    const response = await app.request(`/v1.0${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
    const { code = '', message = '' } = (json.error ?? {}) as { code?: string; message?: string };
    return { status: response.status, body: json, code, message };
  };
}
beforeEach(() => open());

const create = async (body: Record<string, unknown> = {}) =>
  (await send('POST', '/applications', { displayName: 'Some', ...body })).body as {
    id: string;
    appId: string;
  };

describe('an application', () => {
  it.each<[string, Record<string, unknown>]>([
    ['has a name', { displayName: '' }],
    ['has a known audience', { signInAudience: 'Everybody' }],
    ['has no property that Graph does not know', { colour: 'red' }],
    ['has no member that Graph does not know', { api: { colour: 'red' } }],
    ['gets its ids from Graph', { appId: OTHER_ID }],
    ['is created without a password', { passwordCredentials: [{ displayName: 'some' }] }],
    ['has tags without spaces', { tags: ['a b'] }],
    ['has each tag once', { tags: ['a', 'a'] }],
    ['has App ID URIs of its own', { identifierUris: ['api://some'] }],
    ['has no App ID URI of a foreign domain', { identifierUris: ['https://foreign.example'] }],
    ['has access tokens of a known version', { api: { requestedAccessTokenVersion: 3 } }],
    ['knows clients by GUIDs', { api: { knownClientApplications: ['some'] } }],
    ['has scopes with ids', { api: { oauth2PermissionScopes: [{ ...SCOPE, id: 'some' }] } }],
    [
      'has scopes with values without spaces',
      { api: { oauth2PermissionScopes: [{ ...SCOPE, value: 'a b' }] } },
    ],
    [
      'has scopes with texts',
      { api: { oauth2PermissionScopes: [{ ...SCOPE, adminConsentDescription: '' }] } },
    ],
    [
      'has new scopes that are enabled',
      { api: { oauth2PermissionScopes: [{ ...SCOPE, isEnabled: false }] } },
    ],
    ['has each scope id once', { api: { oauth2PermissionScopes: [SCOPE, { ...SCOPE, value: 'other' }] } }],
    ['has each scope value once', { api: { oauth2PermissionScopes: [SCOPE, { ...SCOPE, id: OTHER_ID }] } }],
    [
      'preauthorizes for scopes that it has',
      { api: { preAuthorizedApplications: [{ appId: OTHER_ID, delegatedPermissionIds: [OTHER_ID] }] } },
    ],
    ['has app roles with ids', { appRoles: [{ ...ROLE, id: 'some' }] }],
    ['has app roles with values without spaces', { appRoles: [{ ...ROLE, value: 'a b' }] }],
    ['has app roles with texts', { appRoles: [{ ...ROLE, description: '' }] }],
    ['has app roles for users or applications', { appRoles: [{ ...ROLE, allowedMemberTypes: [] }] }],
    ['has app roles for nobody else', { appRoles: [{ ...ROLE, allowedMemberTypes: ['Group'] }] }],
    ['has new app roles that are enabled', { appRoles: [{ ...ROLE, isEnabled: false }] }],
    ['has each app role id once', { appRoles: [ROLE, { ...ROLE, value: 'Other' }] }],
    ['has each app role value once', { appRoles: [ROLE, { ...ROLE, id: OTHER_ID }] }],
    ['is not told where an app role is defined', { appRoles: [{ ...ROLE, origin: 'Application' }] }],
    ['has redirect URIs with https', { spa: { redirectUris: ['http://page.example/'] } }],
    ['has redirect URIs without fragments', { spa: { redirectUris: ['https://page.example/#a'] } }],
    ['has redirect URIs without wildcards', { spa: { redirectUris: ['https://*.page.example/'] } }],
    ['has short redirect URIs', { spa: { redirectUris: [`https://page.example/${'a'.repeat(256)}`] } }],
    [
      'has each redirect URI on one platform',
      { spa: { redirectUris: ['https://a.example/'] }, web: { redirectUris: ['https://a.example/'] } },
    ],
    [
      'names each resource once',
      { requiredResourceAccess: Array(2).fill({ resourceAppId: OTHER_ID, resourceAccess: [] }) },
    ],
    [
      'names each permission once',
      {
        requiredResourceAccess: [
          { resourceAppId: OTHER_ID, resourceAccess: Array(2).fill({ id: OTHER_ID, type: 'Scope' }) },
        ],
      },
    ],
    ['has each optional claim once', { optionalClaims: { accessToken: [{ name: 'a' }, { name: 'a' }] } }],
  ])('%s', async (_, body) => {
    const { status } = await send('POST', '/applications', { displayName: 'Some', ...body });
    expect(status).toBe(400);
    expect((await send('GET', '/applications')).body.value).toEqual([]);
  });

  it('has App ID URIs that no other application has', async () => {
    await create({ identifierUris: [`api://${TENANT_ID}/some`] });
    expect(
      await send('POST', '/applications', {
        displayName: 'Other',
        identifierUris: [`api://${TENANT_ID}/some`],
      }),
    ).toMatchObject({
      status: 400,
      message: 'Another object with the same value for property identifierUris already exists.',
    });
  });

  it('keeps an enabled scope as it is until it is disabled', async () => {
    const { id } = await create({ api: { oauth2PermissionScopes: [SCOPE] } });
    const scopes = (list: unknown[]) =>
      send('PATCH', `/applications/${id}`, { api: { oauth2PermissionScopes: list } });
    const refused = { status: 400, code: 'CannotDeleteOrUpdateEnabledEntitlement' };
    expect(await scopes([])).toMatchObject(refused);
    expect(await scopes([{ ...SCOPE, value: 'other' }])).toMatchObject(refused);
    expect(await scopes([{ ...SCOPE, isEnabled: false, value: 'other' }])).toMatchObject(refused);
    expect(await scopes([{ ...SCOPE, isEnabled: false }])).toMatchObject({ status: 204 });
    expect(await scopes([])).toMatchObject({ status: 204 });
  });

  it('keeps an enabled app role as it is until it is disabled', async () => {
    const { id } = await create({ appRoles: [ROLE] });
    const roles = (list: unknown[]) => send('PATCH', `/applications/${id}`, { appRoles: list });
    const refused = { status: 400, code: 'CannotDeleteOrUpdateEnabledEntitlement' };
    expect(await roles([])).toMatchObject(refused);
    expect(await roles([{ ...ROLE, value: 'Other' }])).toMatchObject(refused);
    expect(await roles([{ ...ROLE, isEnabled: false }])).toMatchObject({ status: 204 });
    expect(await roles([])).toMatchObject({ status: 204 });
  });

  it('keeps what a change does not name, and replaces lists as a whole', async () => {
    const { id } = await create({
      tags: ['a'],
      spa: { redirectUris: ['https://a.example/'] },
      api: { requestedAccessTokenVersion: 2 },
    });
    await send('PATCH', `/applications/${id}`, {
      spa: { redirectUris: ['https://b.example/'] },
      api: { knownClientApplications: [OTHER_ID] },
    });
    expect((await send('GET', `/applications/${id}`)).body).toMatchObject({
      tags: ['a'],
      spa: { redirectUris: ['https://b.example/'] },
      api: { requestedAccessTokenVersion: 2, knownClientApplications: [OTHER_ID] },
    });
  });

  it('is not known for a while after it was created, and known for a while after it was deleted', async () => {
    open({ settleMs: 5_000 });
    const { id, appId } = await create();
    expect(await send('GET', `/applications/${id}`)).toMatchObject({
      status: 404,
      code: 'Request_ResourceNotFound',
    });
    expect(await send('PATCH', `/applications/${id}`, { tags: ['a'] })).toMatchObject({ status: 404 });
    expect(await send('POST', '/servicePrincipals', { appId })).toMatchObject({
      status: 400,
      code: 'NoBackingApplicationObject',
    });
    now = 5_000;
    expect((await send('GET', `/applications(appId='${appId}')`)).body).toMatchObject({ id, tags: [] });
    expect(await send('PATCH', `/applications/${id}`, { tags: ['a'] })).toMatchObject({ status: 204 });
    expect((await send('GET', `/applications/${id}`)).body).toMatchObject({ tags: [] });
    now = 10_000;
    expect((await send('GET', `/applications/${id}`)).body).toMatchObject({ tags: ['a'] });
    await send('DELETE', `/applications/${id}`);
    expect(await send('DELETE', `/applications/${id}`)).toMatchObject({ status: 404 });
    expect(await send('GET', `/applications/${id}`)).toMatchObject({ status: 200 });
  });

  it('is found by its tag, and listed page by page, with what is selected', async () => {
    open({ pageSize: 1 });
    await create({ displayName: 'One', tags: ['a'] });
    await create({ displayName: 'Two', tags: ['b'] });
    await create({ displayName: 'Three', tags: ['a'] });
    const filter = encodeURIComponent("tags/any(t:t eq 'a')");
    const { body } = await send('GET', `/applications?$filter=${filter}&$select=displayName`);
    expect(body.value).toEqual([{ displayName: 'One' }]);
    const next = new URL(String(body['@odata.nextLink']));
    const rest = await send('GET', `${next.pathname.replace('/v1.0', '')}${next.search}`);
    expect(rest.body).toEqual({ value: [{ displayName: 'Three' }] });
    expect(await send('GET', "/applications?$filter=notes eq 'a'")).toMatchObject({
      status: 400,
      code: 'Request_UnsupportedQuery',
    });
  });
});

describe('a service principal', () => {
  it('exists once for an application, and goes with it and its grants', async () => {
    const { id, appId } = await create({ api: { oauth2PermissionScopes: [SCOPE] } });
    const { body } = await send('POST', '/servicePrincipals', { appId });
    expect(await send('POST', '/servicePrincipals', { appId })).toMatchObject({ status: 409 });
    expect((await send('GET', `/servicePrincipals(appId='${appId}')`)).body).toMatchObject({
      oauth2PermissionScopes: [SCOPE],
    });
    const grant = { clientId: body.id, resourceId: body.id, consentType: 'AllPrincipals', scope: 'some' };
    expect(await send('POST', '/oauth2PermissionGrants', grant)).toMatchObject({ status: 201 });
    await send('DELETE', `/applications/${id}`);
    expect(await send('GET', `/servicePrincipals/${body.id}`)).toMatchObject({ status: 404 });
    expect((await send('GET', '/oauth2PermissionGrants')).body.value).toEqual([]);
  });
});

describe('an assignment of an app role', () => {
  const assign = (resourceId: unknown, body: object, token?: string) =>
    send('POST', `/servicePrincipals/${resourceId}/appRoleAssignedTo`, body, token);

  async function two() {
    const { id, appId } = await create({ appRoles: [ROLE, { ...ROLE, ...USERS_ALONE }] });
    const resource = (await send('POST', '/servicePrincipals', { appId })).body;
    const webhook = (await send('POST', '/servicePrincipals', { appId: WEBHOOK_CLIENT_ID })).body;
    return { id, body: { principalId: webhook.id, resourceId: resource.id, appRoleId: ROLE.id } };
  }
  const USERS_ALONE = { id: OTHER_ID, value: 'Other', allowedMemberTypes: ['User'] };

  it('exists once, between two service principals, and goes with its application', async () => {
    const { id, body } = await two();
    expect(await assign(body.resourceId, body)).toMatchObject({ status: 201, body });
    expect(await assign(body.resourceId, body)).toMatchObject({
      status: 400,
      message: 'Permission being assigned already exists on the object.',
    });
    const list = () => send('GET', `/servicePrincipals/${body.resourceId}/appRoleAssignedTo`);
    expect((await list()).body.value).toMatchObject([body]);
    await send('DELETE', `/applications/${id}`);
    expect(await list()).toMatchObject({ status: 404 });
  });

  it.each([
    ['an unknown principal', { principalId: OTHER_ID }, 404],
    ['an unknown role', { appRoleId: SCOPE.id }, 400],
    ['a role for users alone', { appRoleId: OTHER_ID }, 400],
    ['another resource than the address', { resourceId: '' }, 404],
  ])('is refused for %s', async (_, change, status) => {
    const { body } = await two();
    expect(await assign(body.resourceId, { ...body, ...change })).toMatchObject({ status });
  });

  it('takes an administrator', async () => {
    const { body } = await two();
    expect(await assign(body.resourceId, body, GRAPH_TOKENS.developer)).toMatchObject({ status: 403 });
  });

  it('may be for an application of Microsoft, which no tenant has registered', async () => {
    const { body } = await two();
    const found = await send('GET', `/servicePrincipals(appId='${WEBHOOK_CLIENT_ID}')`);
    expect(found.body).toMatchObject({ id: body.principalId, displayName: 'AzNS AAD Webhook' });
    expect(await send('POST', '/servicePrincipals', { appId: WEBHOOK_CLIENT_ID })).toMatchObject({
      status: 409,
    });
  });
});

describe('a federated credential', () => {
  const CREDENTIAL = { name: 'some', issuer: 'https://some.example', subject: 'some', audiences: ['a'] };

  it.each([
    ['has a name for URLs', { name: 'a b' }, 400],
    ['has a name of three characters', { name: 'ab' }, 400],
    ['has one audience', { audiences: ['a', 'b'] }, 400],
    ['has an issuer', { issuer: '' }, 400],
    ['has a name of its own', { subject: 'other' }, 409],
    ['has an issuer and a subject of its own', { name: 'other' }, 409],
  ])('%s', async (_, change, status) => {
    const { id } = await create();
    const path = `/applications/${id}/federatedIdentityCredentials`;
    await send('POST', path, CREDENTIAL);
    expect(await send('POST', path, { ...CREDENTIAL, ...change })).toMatchObject({ status });
  });

  it('keeps its name, and is one of twenty at most', async () => {
    const { id } = await create();
    const path = `/applications/${id}/federatedIdentityCredentials`;
    const { body } = await send('POST', path, CREDENTIAL);
    expect(await send('PATCH', `${path}/${body.id}`, { name: 'other' })).toMatchObject({ status: 400 });
    expect(await send('PATCH', `${path}/${body.id}`, { audiences: ['b'] })).toMatchObject({ status: 204 });
    for (let n = 1; n < 20; n += 1) {
      expect(await send('POST', path, { ...CREDENTIAL, name: `some-${n}`, subject: `${n}` })).toMatchObject({
        status: 201,
      });
    }
    expect(await send('POST', path, { ...CREDENTIAL, name: 'last', subject: 'last' })).toMatchObject({
      status: 400,
    });
    expect((await send('GET', path)).body.value).toHaveLength(20);
  });
});

describe('the policy of consent', () => {
  it("is Microsoft's own, and not everybody sees it", async () => {
    const path = '/policies/authorizationPolicy?$select=defaultUserRolePermissions';
    expect((await send('GET', path)).body.defaultUserRolePermissions).toEqual({
      permissionGrantPoliciesAssigned: ['ManagePermissionGrantsForSelf.microsoft-user-default-recommended'],
    });
    expect((await send('GET', path, undefined, GRAPH_TOKENS.developer)).status).toBe(403);
    expect((await send('GET', '/policies/another')).status).toBe(404);
  });
});

describe('a certificate', () => {
  const { certificate } = selfSignedCertificate();
  const KEY = {
    type: 'AsymmetricX509Cert',
    usage: 'Verify',
    key: certificate.raw.toString('base64'),
  };

  it('is added by a change of the application', async () => {
    const { id } = await create();
    expect(await send('PATCH', `/applications/${id}`, { keyCredentials: [KEY] })).toMatchObject({
      status: 204,
    });
  });

  it.each([
    ['a type', { type: 'Symmetric' }],
    ['a usage', { usage: 'Sign' }],
    ['a key that can be read', { key: 'AAAA' }],
  ])('has %s', async (_, change) => {
    const { id } = await create();
    const body = { keyCredentials: [{ ...KEY, ...change }] };
    expect(await send('PATCH', `/applications/${id}`, body)).toMatchObject({ status: 400 });
  });
});

describe('a password', () => {
  it('is told once, when it is added, and is good for two years unless something else is said', async () => {
    const { id } = await create();
    const path = `/applications/${id}`;
    const { status, body } = await send('POST', `${path}/addPassword`, {
      passwordCredential: { displayName: 'some' },
    });
    expect({ status, body }).toMatchObject({
      status: 200,
      body: {
        displayName: 'some',
        secretText: expect.stringMatching(/^[\w-]{32}$/),
        startDateTime: '1970-01-01T00:00:00.000Z',
        endDateTime: '1972-01-01T00:00:00.000Z',
      },
    });
    const told = (await send('GET', path)).body;
    expect(told.passwordCredentials).toEqual([
      { ...body, secretText: null, hint: String(body.secretText).slice(0, 3) },
    ]);
    expect(JSON.stringify(told)).not.toContain(body.secretText);
    const { keyId } = body;
    expect(await send('POST', `${path}/removePassword`, { keyId })).toMatchObject({ status: 204 });
    expect(await send('POST', `${path}/removePassword`, { keyId })).toMatchObject({ status: 400 });
  });

  it('ends after it begins', async () => {
    const { id } = await create();
    const passwordCredential = { endDateTime: '1969-01-01T00:00:00Z' };
    expect(await send('POST', `/applications/${id}/addPassword`, { passwordCredential })).toMatchObject({
      status: 400,
    });
  });
});

describe('a grant', () => {
  it('exists once for client, resource and person, and only its scope changes', async () => {
    const { appId } = await create();
    const { id } = (await send('POST', '/servicePrincipals', { appId })).body;
    const grant = { clientId: id, resourceId: id, consentType: 'AllPrincipals', scope: 'a' };
    const { body } = await send('POST', '/oauth2PermissionGrants', grant);
    expect(await send('POST', '/oauth2PermissionGrants', grant)).toMatchObject({
      status: 409,
      message: 'Permission entry already exists.',
    });
    expect(await send('POST', '/oauth2PermissionGrants', { ...grant, clientId: OTHER_ID })).toMatchObject({
      status: 404,
    });
    expect(await send('POST', '/oauth2PermissionGrants', { ...grant, principalId: OTHER_ID })).toMatchObject({
      status: 400,
    });
    expect(await send('PATCH', `/oauth2PermissionGrants/${body.id}`, { scope: 'a b' })).toMatchObject({
      status: 204,
    });
    expect(await send('PATCH', `/oauth2PermissionGrants/${body.id}`, { clientId: OTHER_ID })).toMatchObject({
      status: 400,
    });
  });
});

describe('a caller', () => {
  it('needs a token, and a role for what they do', async () => {
    const { appId, id } = await create();
    expect(await send('GET', '/organization', undefined, 'of-nobody')).toMatchObject({ status: 401 });
    expect(await send('POST', '/applications', { displayName: 'a' }, GRAPH_TOKENS.reader)).toMatchObject({
      status: 403,
      code: 'Authorization_RequestDenied',
    });
    expect(await send('POST', '/servicePrincipals', { appId }, GRAPH_TOKENS.developer)).toMatchObject({
      status: 201,
    });
    const grant = { clientId: id, resourceId: id, consentType: 'AllPrincipals', scope: 'a' };
    expect(await send('POST', '/oauth2PermissionGrants', grant, GRAPH_TOKENS.developer)).toMatchObject({
      status: 403,
    });
  });
});
