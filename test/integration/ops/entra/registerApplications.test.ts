import { describe, expect, it } from 'vitest';
import { GRAPH_TOKENS } from '../../../../dev/entra/applicationEndpoints.ts';
import { GRAPH_APP_ID, TENANT_ID, WEBHOOK_CLIENT_ID } from '../../../../dev/entra/directory.ts';
import { PlainError } from '../../../../ops/cli/errors.ts';
import type { Wish } from '../../../../ops/entra/applicationWish.ts';
import { withIds } from '../../../../ops/entra/call.ts';
import { WAKE_ROLE } from '../../../../shared/adapters/entra/accessToken.ts';
import {
  contentOf,
  createGraphDirectory,
  EVERYTHING,
  type GraphDirectory,
  MANAGED_IDENTITY,
  type Sent,
} from '../../../support/graphDirectory.ts';
import { cleanUp, register, requestLine, runUntilItDies } from './registrations.ts';

/** What a run leaves behind that nothing has interrupted. */
async function completeContent(wish: Partial<Wish>) {
  const directory = createGraphDirectory();
  await register(directory, wish);
  return { content: contentOf(directory), writes: directory.writes };
}

describe('a new registration', () => {
  it('has two applications that know each other, and what was wished for', async () => {
    const directory = createGraphDirectory();
    const { registered, plan } = await register(directory, EVERYTHING);
    expect(plan).toEqual({ calls: [], notes: [] });
    expect(registered.api).toMatchObject({
      displayName: 'stead (API)',
      signInAudience: 'AzureADMyOrg',
      tags: ['stead:stead', 'stead-part:api'],
      identifierUris: [`api://${registered.api?.appId}`],
      api: {
        requestedAccessTokenVersion: 2,
        knownClientApplications: [registered.page?.appId],
        preAuthorizedApplications: [],
        oauth2PermissionScopes: [{ value: 'access_as_user', type: 'User', isEnabled: true }],
      },
      optionalClaims: { accessToken: [{ name: 'idtyp' }, { name: 'xms_cc' }] },
      requiredResourceAccess: [
        { resourceAppId: GRAPH_APP_ID, resourceAccess: [{ type: 'Scope' }, { type: 'Scope' }] },
      ],
    });
    expect(registered.page).toMatchObject({
      displayName: 'stead (page)',
      spa: {
        redirectUris: [
          'http://localhost:3000/',
          'http://localhost:3000/redirect.html',
          'http://localhost:3000/admin.html',
        ],
      },
      requiredResourceAccess: [
        {
          resourceAppId: registered.api?.appId,
          resourceAccess: [{ id: registered.api?.api.oauth2PermissionScopes[0]?.id, type: 'Scope' }],
        },
      ],
    });
    expect(registered.credentials).toMatchObject([
      {
        issuer: `https://login.microsoftonline.com/${TENANT_ID}/v2.0`,
        subject: MANAGED_IDENTITY,
        audiences: ['api://AzureADTokenExchange'],
      },
    ]);
    expect(registered.grants.map(({ scope }) => scope).sort()).toEqual([
      'User.Read Mail.Read',
      'access_as_user',
    ]);
    expect(directory.writes.map(requestLine)).toEqual([
      'POST /applications',
      'POST /applications',
      'PATCH /applications/*',
      'PATCH /applications/*',
      'POST /servicePrincipals',
      'POST /servicePrincipals',
      'POST /applications/*/federatedIdentityCredentials',
      'POST /servicePrincipals',
      'POST /servicePrincipals/*/appRoleAssignedTo',
      'POST /oauth2PermissionGrants',
      'POST /oauth2PermissionGrants',
    ]);
  });

  it('lets Azure Monitor alone start a run of the worker', async () => {
    const directory = createGraphDirectory();
    const { registered } = await register(directory, EVERYTHING);
    expect(registered.api?.appRoles).toMatchObject([
      { value: WAKE_ROLE, isEnabled: true, allowedMemberTypes: ['Application'] },
    ]);
    expect(registered.webhookPrincipal?.appId).toBe(WEBHOOK_CLIENT_ID);
    expect(registered.assignments).toMatchObject([
      {
        principalId: registered.webhookPrincipal?.id,
        resourceId: registered.apiPrincipal?.id,
        appRoleId: registered.api?.appRoles[0]?.id,
      },
    ]);
  });

  it('uses the service principal of Azure Monitor that the tenant has', async () => {
    const directory = createGraphDirectory();
    const { id } = directory.directory.createPrincipal({ appId: WEBHOOK_CLIENT_ID });
    const { registered } = await register(directory, { wakeWorker: true });
    expect(registered.assignments).toMatchObject([{ principalId: id }]);
  });

  it('asks for User.Read alone, and for no credential and no consent, if nothing is wished for', async () => {
    const directory = createGraphDirectory();
    const { registered } = await register(directory);
    expect(registered.api?.requiredResourceAccess.map((one) => one.resourceAccess.length)).toEqual([1]);
    expect(directory.directory.credentials.newest()).toEqual([]);
    expect(directory.directory.grants.newest()).toEqual([]);
    expect(JSON.stringify(directory.writes)).not.toMatch(/password|secret/i);
  });

  it('is found again by its name, beside others', async () => {
    const directory = createGraphDirectory({ pageSize: 1 });
    await register(directory);
    await register(directory, { name: 'other', multiTenant: true });
    expect(directory.directory.applications.newest()).toHaveLength(4);
    const { calls } = await register(directory);
    expect(calls).toEqual([]);
  });
});

describe('a second run', () => {
  it.each([0, 6_000])('changes nothing when a write is seen after %i ms', async (settleMs) => {
    const directory = createGraphDirectory({ settleMs });
    await register(directory, EVERYTHING);
    const { content } = await completeContent(EVERYTHING);
    expect(contentOf(directory)).toEqual(content);
    const before = directory.writes.length;
    const { calls, sent } = await register(directory, EVERYTHING);
    expect({ calls, sent }).toEqual({ calls: [], sent: 0 });
    expect(directory.writes).toHaveLength(before);
  });

  it('adds what is wished for in addition, and nothing else', async () => {
    const directory = createGraphDirectory();
    await register(directory);
    const { calls } = await register(directory, { ...EVERYTHING, pageUrls: ['https://page.example'] });
    expect(calls.map(requestLine)).toEqual([
      'PATCH /applications/*',
      'PATCH /applications/*',
      'POST /applications/*/federatedIdentityCredentials',
      'POST /servicePrincipals',
      'POST /servicePrincipals/*/appRoleAssignedTo',
      'POST /oauth2PermissionGrants',
      'POST /oauth2PermissionGrants',
    ]);
    expect(Object.keys(calls[0]?.body ?? {})).toEqual(['appRoles', 'web', 'requiredResourceAccess']);
    const { registered } = await register(directory);
    expect(registered.page?.spa.redirectUris).toContain('http://localhost:3000/');
    expect(registered.page?.spa.redirectUris).toContain('https://page.example/redirect.html');
  });
});

describe('a dry run', () => {
  it.each<[string, Partial<Wish>]>([
    ['of nothing but the applications', {}],
    ['of everything', EVERYTHING],
  ])('%s shows what the real run then sends', async (_, wish) => {
    const directory = createGraphDirectory();
    const { calls } = await register(directory, wish, { dryRun: true });
    expect(directory.requests.filter(({ method }) => method !== 'GET')).toEqual([]);

    const { registered } = await register(directory, wish);
    const ids = {
      '{api.id}': registered.api?.id ?? '',
      '{api.appId}': registered.api?.appId ?? '',
      '{page.id}': registered.page?.id ?? '',
      '{page.appId}': registered.page?.appId ?? '',
      '{apiPrincipal.id}': registered.apiPrincipal?.id ?? '',
      '{pagePrincipal.id}': registered.pagePrincipal?.id ?? '',
      '{webhookPrincipal.id}': registered.webhookPrincipal?.id ?? '',
    };
    const shown = calls.map((call) => withIds(call, ids));
    expect(shown.map(({ method, path, body }) => ({ method, path, body }))).toEqual(directory.writes);
  });

  it('of a correction shows it too', async () => {
    const directory = createGraphDirectory();
    await register(directory);
    const { calls } = await register(directory, EVERYTHING, { dryRun: true });
    const before = directory.writes.length;
    const { registered } = await register(directory, EVERYTHING);
    const ids = { '{webhookPrincipal.id}': registered.webhookPrincipal?.id ?? '' };
    const shown = calls.map((call) => withIds(call, ids));
    expect(shown.map(({ method, path, body }) => ({ method, path, body }))).toEqual(
      directory.writes.slice(before),
    );
  });
});

describe('a run that died', () => {
  const CALLS = 11;
  const deaths = [0, 4_000].flatMap((settleMs) =>
    [true, false].flatMap((isDone) =>
      Array.from({ length: CALLS }, (_, at) => ({ settleMs, isDone, at: at + 1 })),
    ),
  );

  it('has as many calls as are tried here', async () => {
    expect((await completeContent(EVERYTHING)).writes).toHaveLength(CALLS);
  });

  it.each(
    deaths,
  )('with call $at (done: $isDone, seen after $settleMs ms) is completed by the next', async (death) => {
    const { content } = await completeContent(EVERYTHING);
    const directory = createGraphDirectory({ settleMs: death.settleMs });
    await runUntilItDies(directory, () => register(directory, EVERYTHING), death.at, death.isDone);
    const { plan } = await register(directory, EVERYTHING);
    expect(plan).toEqual({ calls: [], notes: [] });
    expect(contentOf(directory)).toEqual(content);
  });

  it('and left a second application behind is completed, and the second one is named', async () => {
    const directory = createGraphDirectory({ settleMs: 20_000 });
    await runUntilItDies(directory, () => register(directory), 1, true);
    const { plan, registered } = await register(directory);
    expect(plan.calls).toEqual([]);
    expect(plan.notes).toEqual([expect.stringMatching(/has the tags of this registration too/)]);
    expect(registered.strays).toHaveLength(1);
    await cleanUp(directory);
    expect(directory.directory.applications.newest()).toEqual([]);
  });
});

describe('an application that exists already', () => {
  const FOREIGN_SCOPE = {
    id: '99999999-8888-4777-8666-555555555555',
    value: 'Reports.Read',
    type: 'Admin',
    isEnabled: true,
    adminConsentDisplayName: 'Read reports',
    adminConsentDescription: 'Reads reports.',
    userConsentDisplayName: null,
    userConsentDescription: null,
  };
  const FOREIGN_ROLE = {
    id: '98989898-7676-4545-8323-101010101010',
    value: 'Reports.Send',
    isEnabled: true,
    allowedMemberTypes: ['User'],
    displayName: 'Send reports',
    description: 'Sends reports.',
  };
  const FOREIGN_CLIENT = '12121212-3434-4565-8787-909090909090';
  const FOREIGN_PREAUTHORIZED = { appId: FOREIGN_CLIENT, delegatedPermissionIds: [FOREIGN_SCOPE.id] };
  const FOREIGN_ACCESS = {
    resourceAppId: '00000009-0000-0000-c000-000000000000',
    resourceAccess: [{ id: '7504609f-c495-4c64-8542-686125a5a36f', type: 'Role' }],
  };

  function withForeign(directory: GraphDirectory) {
    const api = directory.directory.createApplication({
      displayName: 'Our API',
      tags: ['ours'],
      signInAudience: 'AzureADMultipleOrgs',
      identifierUris: [`api://${TENANT_ID}/our-api`],
      requiredResourceAccess: [FOREIGN_ACCESS],
      appRoles: [FOREIGN_ROLE],
      optionalClaims: { idToken: [{ name: 'email' }], accessToken: [{ name: 'idtyp', essential: true }] },
      api: {
        acceptMappedClaims: true,
        oauth2PermissionScopes: [FOREIGN_SCOPE],
        knownClientApplications: [FOREIGN_CLIENT],
        preAuthorizedApplications: [FOREIGN_PREAUTHORIZED],
      },
      web: { redirectUris: ['https://our.example/signin'] },
    });
    const page = directory.directory.createApplication({
      displayName: 'Our page',
      signInAudience: 'AzureADMyOrg',
      spa: { redirectUris: ['https://our.example/', 'http://localhost:3000/'] },
      requiredResourceAccess: [FOREIGN_ACCESS],
    });
    return { apiClientId: String(api.appId), pageClientId: String(page.appId) };
  }

  it.each([
    false,
    true,
  ])('gets what it lacks and keeps what it has (whole members: %s)', async (wholeMembers) => {
    const directory = createGraphDirectory({ wholeMembers });
    const ids = withForeign(directory);
    const { calls, registered, plan } = await register(directory, { ...EVERYTHING, ...ids });
    expect(plan).toEqual({
      calls: [],
      notes: [expect.stringMatching(/^"Our API" accepts mapped claims/)],
    });
    expect(calls.map(({ why }) => why).slice(0, 2)).toEqual([
      `Correct the application of the API: the App ID URI api://${ids.apiClientId} is missing; its access tokens are not of version 2; the scope access_as_user is missing; the page is not among its known client applications; the role Worker.Run is missing; the redirect URI https://api.example/api/connection/link/callback of the platform Web is missing; it does not ask for User.Read, Mail.Read of Microsoft Graph; its access tokens lack the optional claims xms_cc`,
      'Correct the application of the page: the redirect URIs http://localhost:3000/redirect.html, http://localhost:3000/admin.html are missing; it does not ask for the scope of the API',
    ]);
    expect(registered.api).toMatchObject({
      displayName: 'Our API',
      tags: ['ours'],
      signInAudience: 'AzureADMultipleOrgs',
      identifierUris: [`api://${TENANT_ID}/our-api`, `api://${ids.apiClientId}`],
      web: { redirectUris: ['https://our.example/signin', EVERYTHING.linkUrl] },
      appRoles: [FOREIGN_ROLE, { value: WAKE_ROLE }],
      optionalClaims: {
        idToken: [{ name: 'email' }],
        accessToken: [{ name: 'idtyp', essential: true }, { name: 'xms_cc' }],
      },
      api: {
        acceptMappedClaims: true,
        requestedAccessTokenVersion: 2,
        preAuthorizedApplications: [FOREIGN_PREAUTHORIZED],
        oauth2PermissionScopes: [FOREIGN_SCOPE, { value: 'access_as_user' }],
        knownClientApplications: [FOREIGN_CLIENT, ids.pageClientId],
      },
      requiredResourceAccess: [FOREIGN_ACCESS, { resourceAppId: GRAPH_APP_ID }],
    });
    expect(registered.page).toMatchObject({
      spa: {
        redirectUris: expect.arrayContaining(['https://our.example/', 'http://localhost:3000/admin.html']),
      },
      requiredResourceAccess: [FOREIGN_ACCESS, { resourceAppId: ids.apiClientId }],
    });
    expect((await register(directory, { ...EVERYTHING, ...ids })).calls).toEqual([]);
    await cleanUp(directory);
    expect(directory.directory.applications.newest()).toHaveLength(2);
  });

  it('has a scope with another id, which is used', async () => {
    const directory = createGraphDirectory();
    const { appId } = directory.directory.createApplication({
      displayName: 'Our API',
      api: { oauth2PermissionScopes: [{ ...FOREIGN_SCOPE, value: 'access_as_user' }] },
    });
    const { registered, plan } = await register(directory, { apiClientId: String(appId) });
    expect(registered.page?.requiredResourceAccess[0]?.resourceAccess).toEqual([
      { id: FOREIGN_SCOPE.id, type: 'Scope' },
    ]);
    expect(plan.notes).toEqual([expect.stringMatching(/^Only administrators may consent/)]);
  });

  it('keeps the wider consent that it has, and gets the rest', async () => {
    const directory = createGraphDirectory();
    const { registered } = await register(directory);
    directory.directory.createGrant({
      clientId: registered.apiPrincipal?.id,
      resourceId: registered.graph.id,
      consentType: 'AllPrincipals',
      scope: 'Files.Read User.Read',
    });
    await register(directory, EVERYTHING);
    expect(directory.directory.grants.newest().map(({ scope }) => scope)).toEqual([
      'Files.Read User.Read Mail.Read',
      'access_as_user',
    ]);
  });

  it('has the credential of the identity with another audience, which is corrected', async () => {
    const directory = createGraphDirectory();
    const { registered } = await register(directory);
    const credential = {
      name: 'by-hand',
      issuer: `https://login.microsoftonline.com/${TENANT_ID}/v2.0`,
      subject: MANAGED_IDENTITY,
      audiences: ['api://AzureADTokenExchangeUSGov'],
    };
    directory.directory.createCredential(registered.api?.id ?? '', credential);
    const { calls } = await register(directory, { managedIdentity: MANAGED_IDENTITY });
    expect(calls.map(({ why }) => why)).toEqual(['Correct the federated credential "by-hand"']);
    expect(directory.directory.credentials.newest()).toMatchObject([
      { ...credential, audiences: ['api://AzureADTokenExchange'] },
    ]);
  });

  it.each<[string, Partial<Wish>, RegExp]>([
    [
      'unknown',
      { apiClientId: FOREIGN_CLIENT },
      /no application with the client id 12121212.*--api-client-id/,
    ],
    [
      'unknown permission',
      { permissions: ['User.Read', 'Mail.Sned'] },
      /no delegated permission "Mail.Sned"/,
    ],
  ])('that is %s is refused', async (_, wish, message) => {
    const directory = createGraphDirectory();
    await expect(register(directory, wish)).rejects.toThrow(message);
    expect(directory.writes).toEqual([]);
  });

  it('with a redirect URI on another platform is refused, before anything is changed', async () => {
    const directory = createGraphDirectory();
    const { appId } = directory.directory.createApplication({
      displayName: 'Our page',
      web: { redirectUris: ['http://localhost:3000/redirect.html'] },
    });
    await expect(register(directory, { pageClientId: String(appId) })).rejects.toThrow(
      /"Our page" has http:\/\/localhost:3000\/redirect.html on another platform/,
    );
    expect(directory.writes).toEqual([]);
  });

  it('with twenty federated credentials is refused', async () => {
    const directory = createGraphDirectory();
    const { registered } = await register(directory);
    for (let n = 0; n < 20; n += 1) {
      const credential = {
        name: `some-${n}`,
        issuer: 'https://some.example',
        subject: `${n}`,
        audiences: ['a'],
      };
      directory.directory.createCredential(registered.api?.id ?? '', credential);
    }
    await expect(register(directory, EVERYTHING)).rejects.toThrow(/has 20 federated credentials/);
  });
});

describe('a troubled Graph', () => {
  const answer = (status: number, code: string, message: string, headers: Record<string, string> = {}) =>
    Promise.resolve(Response.json({ error: { code, message } }, { status, headers }));

  it('that throttles is given the time that it asks for', async () => {
    const directory = createGraphDirectory();
    let left = 2;
    directory.interfere = ({ method }) => {
      if (method === 'GET' || left === 0) return undefined;
      left -= 1;
      return answer(429, 'TooManyRequests', 'Slow down', { 'retry-after': '17' });
    };
    await register(directory);
    expect(directory.told).toContain('Graph throttles. Trying again in 17 s.');
    expect(contentOf(directory)).toEqual((await completeContent({})).content);
  });

  it.each([
    1, 2, 3, 4, 5, 6, 7, 8, 9,
  ])('that loses the answer to call %i ends with the same state', async (at) => {
    const { content } = await completeContent(EVERYTHING);
    const directory = createGraphDirectory();
    let count = 0;
    directory.interfere = ({ method }, pass) => {
      if (method === 'GET') return undefined;
      count += 1;
      if (count !== at) return undefined;
      return pass().then(() => Promise.reject(new TypeError('fetch failed')));
    };
    await register(directory, EVERYTHING);
    expect(contentOf(directory)).toEqual(content);
  });

  it('that stays away is told of', async () => {
    const directory = createGraphDirectory();
    directory.interfere = () => Promise.reject(new TypeError('fetch failed'));
    await expect(register(directory)).rejects.toThrow(
      /^https:\/\/graph\.microsoft\.com does not answer\. Check the network, and --graph-url\.$/,
    );
  });

  it('that refuses says which role is needed', async () => {
    const directory = createGraphDirectory();
    await expect(register(directory, {}, { token: GRAPH_TOKENS.reader })).rejects.toThrow(
      /^POST \/applications was answered with 403 Authorization_RequestDenied: Insufficient privileges.*\n.*Application Administrator or Cloud Application Administrator/,
    );
    const { developer } = GRAPH_TOKENS;
    await expect(register(directory, EVERYTHING, { token: developer })).rejects.toThrow(
      /^POST \/servicePrincipals\/[^/]+\/appRoleAssignedTo was answered with 403.*\n.*AppRoleAssignment\.ReadWrite\.All.*--wake-worker/,
    );
    const withoutWaking = { ...EVERYTHING, wakeWorker: false };
    await expect(register(directory, withoutWaking, { token: developer })).rejects.toThrow(
      /^POST \/oauth2PermissionGrants was answered with 403.*\n.*Privileged Role Administrator.*--admin-consent/,
    );
    await expect(register(directory, {}, { token: 'of-nobody' })).rejects.toThrow(/401.*\n.*az login/);
  });

  it('is never quoted with a token', async () => {
    const directory = createGraphDirectory();
    const token = `eyJ0eXAiOiJKV1QifQ.${'x'.repeat(40)}.c2lnbmF0dXJl`;
    directory.interfere = () =>
      answer(400, 'BadRequest', `Authorization: Bearer ${token} and ${token} is bad`);
    const error: unknown = await register(directory, {}, { token }).catch((one: unknown) => one);
    expect(error).toBeInstanceOf(PlainError);
    expect(String(error)).not.toContain('xxxx');
    expect(String(error)).toContain('[token]');
  });

  it('whose list goes on elsewhere gets no further request', async () => {
    const directory = createGraphDirectory();
    directory.interfere = () =>
      Promise.resolve(Response.json({ value: [], '@odata.nextLink': 'https://elsewhere.example/v1.0/next' }));
    await expect(register(directory)).rejects.toThrow(/not of https:\/\/graph.microsoft.com/);
  });

  it('that forgets what it took is told of, after some rounds', async () => {
    const directory = createGraphDirectory();
    await register(directory);
    const isChange = ({ method, path }: Sent) => method === 'PATCH' && path.startsWith('/applications');
    directory.interfere = (sent) =>
      isChange(sent) ? Promise.resolve(new Response(null, { status: 204 })) : undefined;
    await expect(register(directory, { permissions: ['User.Read', 'Mail.Read'] })).rejects.toThrow(
      /does not show them:\n- Correct the application of the API: it does not ask for Mail.Read/,
    );
  });

  it('of another tenant than the one that was named is left alone', async () => {
    const directory = createGraphDirectory();
    const tenantId = '77777777-7777-4777-8777-777777777777';
    await expect(register(directory, {}, { tenantId })).rejects.toThrow(/--tenant names 7777/);
    expect(directory.writes).toEqual([]);
  });

  it('that does not tell its tenant takes the one that was named', async () => {
    const directory = createGraphDirectory();
    directory.interfere = ({ path }) =>
      path.startsWith('/organization') ? answer(403, 'Authorization_RequestDenied', 'No.') : undefined;
    await expect(register(directory)).rejects.toThrow(/Name the tenant with --tenant/);
    const { registered } = await register(directory, {}, { tenantId: TENANT_ID });
    expect(registered.tenantId).toBe(TENANT_ID);
  });
});
