import { describe, expect, it } from 'vitest';
import type { Wish } from '../../../../ops/entra/applicationWish.ts';
import { linesOf } from '../../../../ops/entra/call.ts';
import { planCleanUp } from '../../../../ops/entra/cleanUpApplications.ts';
import { type Application, type Principal, toApplication } from '../../../../ops/entra/graphObjects.ts';
import { planRegistration, type Registered } from '../../../../ops/entra/registrationPlan.ts';
import { cloudOf } from '../../../../shared/clouds.ts';
import { EVERYTHING, MANAGED_IDENTITY, wishOf } from '../../../support/graphDirectory.ts';

const TENANT = '0ba8ac9d-87b2-4ac0-a8a6-7c15e1295179';
const GRAPH: Principal = {
  id: 'graph-principal',
  appId: '00000003-0000-0000-c000-000000000000',
  oauth2PermissionScopes: [
    { id: 'id-of-user-read', value: 'User.Read', type: 'User', isEnabled: true },
    { id: 'id-of-mail-read', value: 'Mail.Read', type: 'User', isEnabled: true },
  ],
};
const NOTHING: Registered = {
  tenantId: TENANT,
  graph: GRAPH,
  api: undefined,
  page: undefined,
  apiPrincipal: undefined,
  pagePrincipal: undefined,
  webhookPrincipal: undefined,
  assignments: [],
  credentials: [],
  grants: [],
  strays: [],
};

const plan = (wish: Partial<Wish>, registered: Partial<Registered> = {}) =>
  planRegistration(wishOf(wish), { ...NOTHING, ...registered });

/** The state after the calls of a plan, as Graph would have it. Ids stand for themselves. */
function stateAfter(wish: Partial<Wish>): Registered {
  const bodies: Record<string, Record<string, unknown>> = {};
  const state = { ...NOTHING };
  for (const { method, path, body = {}, makes } of plan(wish).calls) {
    if (makes === 'api' || makes === 'page')
      bodies[makes] = { ...body, id: `{${makes}.id}`, appId: `{${makes}.appId}` };
    else if (makes !== undefined)
      state[makes] = { id: `{${makes}.id}`, appId: String(body.appId), oauth2PermissionScopes: [] };
    else if (method === 'PATCH')
      Object.assign(bodies[path === '/applications/{api.id}' ? 'api' : 'page'] ?? {}, body);
    else if (path === '/oauth2PermissionGrants')
      state.grants = [...state.grants, { id: 'grant', ...body } as never];
    else if (path.endsWith('/appRoleAssignedTo'))
      state.assignments = [...state.assignments, { id: 'assignment', ...body } as never];
    else state.credentials = [...state.credentials, { id: 'credential', ...body } as never];
  }
  return { ...state, api: toApplication(bodies.api ?? {}), page: toApplication(bodies.page ?? {}) };
}

const withApi = (registered: Registered, change: (api: Application) => Partial<Application>): Registered =>
  registered.api ? { ...registered, api: { ...registered.api, ...change(registered.api) } } : registered;

describe('planRegistration', () => {
  it.each<[string, Partial<Wish>]>([
    ['little', {}],
    ['everything', EVERYTHING],
    ['other tenants', { ...EVERYTHING, multiTenant: true }],
  ])('has nothing left to do after a registration of %s', (_, wish) => {
    expect(plan(wish, stateAfter(wish))).toEqual({ calls: [], notes: [] });
  });

  it('needs no id before the call that gives it', () => {
    const known = new Set<string>();
    for (const call of plan(EVERYTHING).calls) {
      const needed = JSON.stringify([call.path, call.body]).match(/\{\w+\.(?:id|appId)\}/g) ?? [];
      // The page is created first, and the API is told of it.
      for (const id of needed) expect(known).toContain(id);
      if (call.makes !== undefined) known.add(`{${call.makes}.id}`).add(`{${call.makes}.appId}`);
    }
  });

  it('keeps the other redirect URIs of the API', () => {
    const other = 'https://other.example/';
    const state = withApi(stateAfter(EVERYTHING), () => ({
      web: { redirectUris: [other] },
      otherRedirectUris: [other],
    }));
    expect(plan(EVERYTHING, state).calls[0]?.body).toEqual({
      web: { redirectUris: [other, EVERYTHING.linkUrl] },
    });
  });

  it('refuses a redirect URI of a link that is one of a page', () => {
    const state = withApi(stateAfter(EVERYTHING), () => ({
      web: { redirectUris: [] },
      spa: { redirectUris: [String(EVERYTHING.linkUrl)] },
    }));
    expect(() => plan(EVERYTHING, state)).toThrow(/on another platform than "Web"/);
  });

  it('never names a secret or a preauthorized application in what it creates', () => {
    expect(JSON.stringify(plan(EVERYTHING).calls)).not.toMatch(/password|secret|preAuthorized/i);
  });

  it('trusts the managed identity by its principal id, in its tenant and cloud', () => {
    const cloud = cloudOf('https://login.microsoftonline.us');
    const { calls } = plan({ managedIdentity: MANAGED_IDENTITY, cloud });
    expect(calls.at(-1)?.body).toEqual({
      name: `managed-identity-${MANAGED_IDENTITY}`,
      issuer: `https://login.microsoftonline.us/${TENANT}/v2.0`,
      subject: MANAGED_IDENTITY,
      audiences: ['api://AzureADTokenExchangeUSGov'],
      description: 'Stead: stead',
    });
  });

  it.each<[string, (api: Application) => Partial<Application>, string, string[]]>([
    [
      'the App ID URI',
      () => ({ identifierUris: [] }),
      'the App ID URI api://{api.appId} is missing',
      ['identifierUris'],
    ],
    [
      'version 2',
      ({ api }) => ({ api: { ...api, requestedAccessTokenVersion: null } }),
      'its access tokens are not of version 2',
      ['api'],
    ],
    [
      'the scope',
      ({ api }) => ({ api: { ...api, oauth2PermissionScopes: [] } }),
      'the scope access_as_user is missing',
      ['api'],
    ],
    [
      'the page',
      ({ api }) => ({ api: { ...api, knownClientApplications: [] } }),
      'the page is not among its known client applications',
      ['api'],
    ],
    [
      'a permission',
      () => ({ requiredResourceAccess: [] }),
      'it does not ask for User.Read, Mail.Read of Microsoft Graph',
      ['requiredResourceAccess'],
    ],
    [
      'the redirect URI of a link',
      () => ({ web: { redirectUris: [] }, otherRedirectUris: [] }),
      `the redirect URI ${EVERYTHING.linkUrl} of the platform Web is missing`,
      ['web'],
    ],
    [
      'an optional claim',
      () => ({ optionalClaims: { accessToken: [{ name: 'idtyp' }] } }),
      'its access tokens lack the optional claims xms_cc',
      ['optionalClaims'],
    ],
  ])('corrects an API without %s, and writes nothing else', (_, change, wrong, properties) => {
    const { calls } = plan(EVERYTHING, withApi(stateAfter(EVERYTHING), change));
    expect(calls.map(({ why }) => why)).toEqual([`Correct the application of the API: ${wrong}`]);
    expect(Object.keys(calls[0]?.body ?? {})).toEqual(properties);
  });

  it('opens an application to other tenants, and closes none', () => {
    const { calls } = plan({ ...EVERYTHING, multiTenant: true }, stateAfter(EVERYTHING));
    expect(calls.map(({ body }) => body)).toEqual(Array(2).fill({ signInAudience: 'AzureADMultipleOrgs' }));
    expect(plan(EVERYTHING, stateAfter({ ...EVERYTHING, multiTenant: true })).calls).toEqual([]);
  });

  it('says what is unusual, and leaves it', () => {
    const registered = withApi(stateAfter(EVERYTHING), ({ api }) => ({
      api: { ...api, acceptMappedClaims: true, preAuthorizedApplications: [{ appId: '{page.appId}' }] },
    }));
    expect(plan(EVERYTHING, registered)).toEqual({
      calls: [],
      notes: [
        expect.stringMatching(/preauthorized the page/),
        expect.stringMatching(/accepts mapped claims/),
      ],
    });
  });

  it('refuses what it must not change', () => {
    const renamed = withApi(stateAfter(EVERYTHING), ({ api }) => ({
      api: {
        ...api,
        oauth2PermissionScopes: api.oauth2PermissionScopes.map((scope) => ({ ...scope, value: 'other' })),
      },
    }));
    expect(() => plan(EVERYTHING, renamed)).toThrow(/has renamed the scope access_as_user to other/);
    const personal = withApi(stateAfter(EVERYTHING), () => ({ signInAudience: 'PersonalMicrosoftAccount' }));
    expect(() => plan(EVERYTHING, personal)).toThrow(/personal Microsoft accounts alone/);
  });
});

describe('planCleanUp', () => {
  it('touches only what has both tags', () => {
    const { api, page } = stateAfter({});
    const tagged = [api, page].flatMap((one) => one ?? []);
    expect(planCleanUp(tagged).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'DELETE /applications/{page.id}',
      'PATCH /applications/{api.id}',
      'DELETE /applications/{api.id}',
    ]);
    expect(planCleanUp(tagged.map((one) => ({ ...one, tags: ['stead:stead'] })))).toEqual([]);
  });
});

describe('linesOf', () => {
  it('has the reason, the request line and the body', () => {
    const call = {
      method: 'POST',
      path: '/servicePrincipals',
      body: { appId: 'a' },
      why: 'Create it',
    } as const;
    expect(linesOf(call)).toEqual([
      '# Create it',
      'POST /v1.0/servicePrincipals',
      '{',
      '  "appId": "a"',
      '}',
      '',
    ]);
  });
});
