/** Tokens that are good for something else, and the older form of ours. */
import {
  API_CLIENT_ID,
  DEMO_USERS,
  GRAPH_APP_ID,
  OTHER_TENANT_ID,
  SPA_CLIENT_ID,
} from '../../../dev/entra/directory.ts';
import type { Json } from '../jws.ts';
import { type Expected, INVALID, WRONG_CLIENT, WRONG_SCOPE, WRONG_TENANT } from '../outcome.ts';
import { type AttackCase, token } from './attackCase.ts';

const ADELE = DEMO_USERS[0];

const issued: AttackCase[] = [
  token('kind: an access token of a real sign-in', (_, { accessToken }) => accessToken, 'answered'),
  token('kind: the page’s id token', (_, { idToken }) => idToken, INVALID),
  token('kind: the API’s own id token, whose audience is right', (_, { apiIdToken }) => apiIdToken, INVALID),
  token('kind: the token for Graph that the API holds', (_, { graphToken }) => graphToken, INVALID),
  token('kind: the page’s refresh token', (_, { spaRefreshToken }) => spaRefreshToken, INVALID),
  token('kind: the API’s refresh token', (_, { apiRefreshToken }) => apiRefreshToken, INVALID),
];

/** Application permissions (https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference). */
const appOnly: [name: string, different: Json, expected: Expected][] = [
  ['app-only: idtyp, roles, no scp', { idtyp: 'app', roles: ['access_as_user'], scp: undefined }, INVALID],
  ['app-only: without idtyp', { roles: ['access_as_user'], scp: undefined }, INVALID],
  ['app-only: without roles', { idtyp: 'app', scp: undefined }, INVALID],
  ['app-only: roles as a string', { roles: 'access_as_user', scp: undefined }, INVALID],
  ['app-only: idtyp beside a scp', { idtyp: 'app' }, INVALID],
  [
    'app-only: the right name in roles, another in scp',
    { roles: ['access_as_user'], scp: 'openid' },
    WRONG_SCOPE,
  ],
  ['app-only: the right name in "scope" alone', { scope: 'access_as_user', scp: undefined }, INVALID],
  ['delegated: roles beside scp are fine', { roles: ['Profile.Admin'] }, 'answered'],
];

const v1: [name: string, different: Json, expected: Expected][] = [
  ['v1: for the App ID URI', {}, 'verified'],
  ['v1: for the client id', { aud: API_CLIENT_ID }, 'verified'],
  ['v1: for the App ID URI in upper case', { aud: `api://${API_CLIENT_ID.toUpperCase()}` }, 'verified'],
  ['v1: with its tenant in upper case', { tid: ADELE.tid.toUpperCase() }, 'verified'],
  ['v1: issuer without its slash', { iss: `https://sts.windows.net/${ADELE.tid}` }, INVALID],
  ['v1: issuer over http', { iss: `http://sts.windows.net/${ADELE.tid}/` }, INVALID],
  ['v1: issuer of a host that ends alike', { iss: `https://evil-sts.windows.net/${ADELE.tid}/` }, INVALID],
  [
    'v1: issuer of a host that begins alike',
    { iss: `https://sts.windows.net.evil.example/${ADELE.tid}/` },
    INVALID,
  ],
  ['v1: issuer of another tenant', { iss: `https://sts.windows.net/${OTHER_TENANT_ID}/` }, INVALID],
  ['v1: issuer of another cloud', { iss: `https://sts.chinacloudapi.cn/${ADELE.tid}/` }, INVALID],
  ['v1: issuer with a version behind', { iss: `https://sts.windows.net/${ADELE.tid}/v2.0` }, INVALID],
  ['v1: no issuer', { iss: undefined }, INVALID],
  ['v1: said to be v2', { ver: '2.0' }, INVALID],
  ['v1: of no version', { ver: undefined }, INVALID],
  ['v1: audience of Graph', { aud: 'https://graph.microsoft.com/' }, INVALID],
  ['v1: audience of Graph by id', { aud: GRAPH_APP_ID }, INVALID],
  ['v1: App ID URI with a slash behind', { aud: `api://${API_CLIENT_ID}/` }, INVALID],
  ['v1: App ID URI with the scope behind', { aud: `api://${API_CLIENT_ID}/access_as_user` }, INVALID],
  ['v1: App ID URI of the page', { aud: `api://${SPA_CLIENT_ID}` }, INVALID],
  ['v1: an array of audiences', { aud: [`api://${API_CLIENT_ID}`] }, INVALID],
  ['v1: no scp', { scp: undefined }, INVALID],
  ['v1: another scp', { scp: 'user_impersonation' }, WRONG_SCOPE],
  ['v1: app-only', { scp: undefined, roles: ['access_as_user'], idtyp: 'app' }, INVALID],
  ['v1: no appid', { appid: undefined }, WRONG_CLIENT],
  ['v1: another appid', { appid: API_CLIENT_ID }, WRONG_CLIENT],
  ['v1: its client by azp, which is for v2.0 tokens', { appid: undefined, azp: SPA_CLIENT_ID }, WRONG_CLIENT],
  [
    'v1: of a tenant that is not on the list',
    { tid: OTHER_TENANT_ID, iss: `https://sts.windows.net/${OTHER_TENANT_ID}/` },
    WRONG_TENANT,
  ],
  ['v1: past', { exp: 1_000 }, INVALID],
];

export const tokenKindCases: readonly AttackCase[] = [
  ...issued,
  ...appOnly.map(([name, different, expected]) =>
    token(name, ({ signed, claims }) => signed(claims(different)), expected),
  ),
  ...v1.map(([name, different, expected]) =>
    token(name, ({ signed, claimsV1 }) => signed(claimsV1(different)), expected),
  ),
];
