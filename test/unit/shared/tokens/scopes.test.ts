import { describe, expect, it } from 'vitest';
import { graph } from '../../../../shared/adapters/graph/graphApi.ts';
import { defineApi } from '../../../../shared/tokens/defineApi.ts';
import {
  consentMissing,
  defaultScopeOf,
  isScopeOf,
  isTokenOf,
  missingScopes,
  permissionsIn,
  scopeToKeep,
  withScopes,
} from '../../../../shared/tokens/scopes.ts';

const ID = '11111111-2222-4333-8444-555555555555';
const ORDERS = defineApi({ name: 'orders', resource: `api://${ID}`, baseUrl: 'https://orders.example' });
const BY_ID = defineApi({ name: 'orders', resource: ID, baseUrl: 'https://orders.example' });
const US_GRAPH = {
  ...graph,
  resource: 'https://graph.microsoft.us',
  otherResources: [graph.resource, ...(graph.otherResources ?? [])],
};

describe('a scope', () => {
  it.each([
    [graph, 'User.Read', true],
    [graph, 'https://graph.microsoft.com/User.Read', true],
    [graph, 'https://graph.microsoft.us/User.Read', true],
    [graph, '00000003-0000-0000-c000-000000000000/User.Read', true],
    [graph, 'HTTPS://Graph.Microsoft.com/user.read', true],
    [US_GRAPH, 'User.Read', true],
    [US_GRAPH, 'https://graph.microsoft.com/User.Read', true],
    [graph, `api://${ID}/orders.read`, false],
    [graph, 'https://graph.microsoft.com.example/User.Read', false],
    [ORDERS, `api://${ID}/orders.read`, true],
    [ORDERS, `API://${ID}/orders.read`, true],
    [ORDERS, `${ID}/orders.read`, false],
    [BY_ID, `${ID}/orders.read`, true],
    [ORDERS, 'orders.read', false],
  ])('belongs to an API by its resource (case %#)', (api, scope, isTheirs) => {
    expect(isScopeOf(api, scope)).toBe(isTheirs);
  });

  it.each([
    [graph, 'https://graph.microsoft.com/.default'],
    [US_GRAPH, 'https://graph.microsoft.us/.default'],
    [ORDERS, `api://${ID}/.default`],
    [BY_ID, `${ID}/.default`],
  ])('that stands for all of an API has its resource (case %#)', (api, scope) => {
    expect(defaultScopeOf(api)).toBe(scope);
  });
});

describe('the permissions of an answer', () => {
  it.each([
    ['User.Read Files.Read', ['user.read', 'files.read']],
    ['https://graph.microsoft.com/User.Read https://graph.microsoft.com/.default', ['user.read']],
    ['openid profile email User.Read', ['user.read']],
    ['  User.Read\tFiles.Read ', ['user.read', 'files.read']],
    [`api://${ID}/orders.read ${ID}/orders.write`, ['orders.read', 'orders.write']],
    ['https://graph.microsoft.com/.default', undefined],
    ['openid profile email offline_access', undefined],
    ['', undefined],
  ])('in %j are %j', (answered, permissions) => {
    expect(permissionsIn(answered)).toEqual(permissions);
  });
});

describe('the scopes that a token lacks', () => {
  it.each([
    [['User.Read'], ['user.read'], []],
    [['https://graph.microsoft.com/User.Read'], ['user.read'], []],
    [['User.Read', 'Files.Read'], ['user.read'], ['Files.Read']],
    [['User.Read'], [], ['User.Read']],
    [['User.Read'], ['user.readbasic'], ['User.Read']],
    [['User.Read', 'Mail.Read'], undefined, []],
    [['openid', 'offline_access', 'https://graph.microsoft.com/.default'], ['user.read'], []],
  ])('%j with %j are %j', (scopes, granted, missing) => {
    expect(missingScopes(scopes, granted)).toEqual(missing);
  });
});

describe('a missing consent', () => {
  it('names what to consent to, with the resource of this deployment', () => {
    expect(consentMissing(US_GRAPH, ['Files.Read', 'https://graph.microsoft.com/Mail.Read'])).toEqual({
      kind: 'consent',
      code: 'consent_required',
      suberror: 'consent_required',
      scopes: ['https://graph.microsoft.us/Files.Read', 'https://graph.microsoft.us/Mail.Read'],
    });
  });

  it('is the only failure that names scopes', () => {
    const outage = { kind: 'transient', code: 'http_503' } as const;
    expect(withScopes(outage, graph, ['Files.Read'])).toBe(outage);
    const refused = { kind: 'consent', code: 'AADSTS65001' } as const;
    expect(withScopes(refused, graph, ['Files.Read'])).toEqual({
      ...refused,
      scopes: ['https://graph.microsoft.com/Files.Read'],
    });
  });
});

describe('the scope under which a token is kept', () => {
  const DEFAULT = 'https://graph.microsoft.com/.default';

  it.each([
    [undefined, DEFAULT],
    ['', DEFAULT],
    [DEFAULT, DEFAULT],
    ['User.Read', `${DEFAULT} User.Read`],
    ['openid profile User.Read', `${DEFAULT} openid profile User.Read`],
    [
      `https://graph.microsoft.com/User.Read ${DEFAULT}`,
      `${DEFAULT} https://graph.microsoft.com/User.Read User.Read`,
    ],
    [`User.Read api://${ID}/orders.read`, `${DEFAULT} User.Read`],
    [
      'HTTPS://GRAPH.MICROSOFT.COM/.DEFAULT https://graph.microsoft.com/User.Read user.read',
      `${DEFAULT} https://graph.microsoft.com/User.Read User.Read`,
    ],
  ])('for %j of Graph is found by what is asked for', (answered, kept) => {
    expect(scopeToKeep(graph, answered)).toBe(kept);
  });

  it('has no short names for another API, because these would be Graph’s', () => {
    expect(scopeToKeep(ORDERS, `api://${ID}/orders.read`)).toBe(
      `api://${ID}/.default api://${ID}/orders.read`,
    );
  });

  it.each([
    'orders.read',
    `api://${ID}/orders.read orders.read https://graph.microsoft.com/User.Read`,
  ])('has the resource of another API, whatever the answer names (%s)', (answered) => {
    expect(scopeToKeep(ORDERS, answered)).toBe(`api://${ID}/.default api://${ID}/orders.read`);
    expect(scopeToKeep(BY_ID, 'openid User.Read')).toBe(`${ID}/.default openid ${ID}/User.Read`);
  });

  it.each([
    ['openid profile email', false],
    ['User.Read Mail.Read', true],
    ['orders.read', false],
    [`api://${ID}/.default User.Read`, false],
    [`api://${ID}/.default ${DEFAULT}`, false],
    [`${DEFAULT} orders.read`, true],
    [`User.Read api://${ID}/orders.read`, false],
    ['User.Read', true],
    [DEFAULT, true],
    [`api://${ID}/orders.read openid`, false],
  ])('%j is that of a token for Graph: %s', (scope, isGraphs) => {
    expect(isTokenOf(graph, scope)).toBe(isGraphs);
  });
});
