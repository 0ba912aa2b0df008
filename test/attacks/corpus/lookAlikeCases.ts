/** Claims of the right shape whose value only looks right, in tokens that the authority really signed. */
import {
  API_CLIENT_ID,
  DEMO_USERS,
  GRAPH_APP_ID,
  OTHER_TENANT_ID,
  SPA_CLIENT_ID,
} from '../../../dev/entra/directory.ts';
import { type Forge, now } from '../forge.ts';
import { type Expected, INVALID, WRONG_CLIENT, WRONG_SCOPE } from '../outcome.ts';
import { type AttackCase, token } from './attackCase.ts';

const [ADELE, BRUNO] = DEMO_USERS;

type LookAlike = [name: string, value: (forge: Forge) => unknown, expected: Expected];

const path = (tid: string) => `/${tid}/v2.0`;
const LOOK_ALIKES: Record<string, LookAlike[]> = {
  iss: [
    ['of another tenant', ({ origin }) => origin + path(OTHER_TENANT_ID), INVALID],
    ['of "common"', ({ origin }) => origin + path('common'), INVALID],
    ['the unfilled template', ({ origin }) => origin + path('{tenantid}'), INVALID],
    ['with a slash behind', ({ origin }) => `${origin}${path(ADELE.tid)}/`, INVALID],
    ['with a query', ({ origin }) => `${origin}${path(ADELE.tid)}?`, INVALID],
    ['with a fragment', ({ origin }) => `${origin}${path(ADELE.tid)}#`, INVALID],
    ['with a space before', ({ origin }) => ` ${origin}${path(ADELE.tid)}`, INVALID],
    ['with a line break behind', ({ origin }) => `${origin}${path(ADELE.tid)}\n`, INVALID],
    ['behind another host', ({ origin }) => `https://evil.example/${origin}${path(ADELE.tid)}`, INVALID],
    ['as user info of another host', ({ origin }) => `${origin}@evil.example${path(ADELE.tid)}`, INVALID],
    ['of a host that begins alike', ({ origin }) => `${origin}.evil.example${path(ADELE.tid)}`, INVALID],
    ['of a host that ends alike', ({ origin }) => origin.replace('//', '//evil-') + path(ADELE.tid), INVALID],
    ['over another protocol', ({ origin }) => origin.replace('http:', 'https:') + path(ADELE.tid), INVALID],
    ['with dot segments', ({ origin }) => `${origin}/x/..${path(ADELE.tid)}`, INVALID],
    ['the v1.0 issuer', () => `https://sts.windows.net/${ADELE.tid}/`, INVALID],
    // RFC 7519 §4.1.1: case-sensitive; only the GUID in it has no case.
    ['with its host in upper case', ({ origin }) => origin.toUpperCase() + path(ADELE.tid), INVALID],
    ['with its path in upper case', ({ origin }) => `${origin}/${ADELE.tid}/V2.0`, INVALID],
    ['with its tenant in upper case', ({ origin }) => origin + path(ADELE.tid.toUpperCase()), 'verified'],
  ],
  aud: [
    ['of the page, as in an id token', () => SPA_CLIENT_ID, INVALID],
    ['of Graph', () => GRAPH_APP_ID, INVALID],
    ['of Graph by name', () => 'https://graph.microsoft.com', INVALID],
    ['the App ID URI, which is for v1.0 tokens', () => `api://${API_CLIENT_ID}`, INVALID],
    ['among others', () => [GRAPH_APP_ID, API_CLIENT_ID], INVALID],
    ['with something behind', () => `${API_CLIENT_ID}.evil.example`, INVALID],
    ['with something before', () => `x${API_CLIENT_ID}`, INVALID],
    ['with a space behind', () => `${API_CLIENT_ID} `, INVALID],
    ['two in one string', () => `${GRAPH_APP_ID} ${API_CLIENT_ID}`, INVALID],
    ['in upper case', () => API_CLIENT_ID.toUpperCase(), 'verified'],
  ],
  tid: [
    ['of another tenant than the issuer', () => OTHER_TENANT_ID, INVALID],
    ['a domain name', () => 'harbour.example', INVALID],
    ['in braces', () => `{${ADELE.tid}}`, INVALID],
    ['without dashes', () => ADELE.tid.replaceAll('-', ''), INVALID],
    ['with a line break behind', () => `${ADELE.tid}\n`, INVALID],
    ['with a space before', () => ` ${ADELE.tid}`, INVALID],
    ['with a NUL behind', () => `${ADELE.tid}\0`, INVALID],
    ['with a fullwidth digit', () => ADELE.tid.replace('0', '０'), INVALID],
    ['in upper case', () => ADELE.tid.toUpperCase(), 'verified'],
  ],
  oid: [
    ['as a URN', () => `urn:uuid:${ADELE.oid}`, INVALID],
    ['in braces', () => `{${ADELE.oid}}`, INVALID],
    ['without dashes', () => ADELE.oid.replaceAll('-', ''), INVALID],
    ['a path out of its folder', () => `../${ADELE.oid}`, INVALID],
    ['with another tenant before', () => `${OTHER_TENANT_ID}/${ADELE.oid}`, INVALID],
    ['with a row key’s separator', () => `${ADELE.oid}_${BRUNO.oid}`, INVALID],
    ['with a line break behind', () => `${ADELE.oid}\n`, INVALID],
    ['with a NUL behind', () => `${ADELE.oid}\0`, INVALID],
    ['a name to sign in with', () => ADELE.upn, INVALID],
    ['in upper case', () => ADELE.oid.toUpperCase(), 'verified'],
  ],
  ver: [
    ['of the other form', () => '1.0', INVALID],
    ['without its minor part', () => '2', INVALID],
    ['with a space behind', () => '2.0 ', INVALID],
    ['of the future', () => '3.0', INVALID],
  ],
  scp: [
    ['in another case', () => 'Access_As_User', WRONG_SCOPE],
    ['with something behind', () => 'access_as_user.read', WRONG_SCOPE],
    ['with something before', () => 'no_access_as_user', WRONG_SCOPE],
    ['with its resource before', () => `api://${API_CLIENT_ID}/access_as_user`, WRONG_SCOPE],
    ['behind a comma', () => 'openid,access_as_user', WRONG_SCOPE],
    ['behind a tab', () => 'openid\taccess_as_user', WRONG_SCOPE],
    ['behind a line break', () => 'openid\naccess_as_user', WRONG_SCOPE],
    ['behind a no-break space', () => 'openid\u00a0access_as_user', WRONG_SCOPE],
    ['with a Cyrillic letter', () => '\u0430ccess_as_user', WRONG_SCOPE],
    ['with a zero-width space', () => 'access_as_user\u200b', WRONG_SCOPE],
    ['a wildcard', () => '*', WRONG_SCOPE],
    ['.default', () => '.default', WRONG_SCOPE],
    ['of another permission', () => 'User.Read', WRONG_SCOPE],
    ['one space', () => ' ', WRONG_SCOPE],
    ['as JSON in a string', () => '["access_as_user"]', WRONG_SCOPE],
    ['among others', () => 'openid access_as_user profile', 'answered'],
    ['twice', () => 'access_as_user access_as_user', 'answered'],
  ],
  azp: [
    ['the API itself', () => API_CLIENT_ID, WRONG_CLIENT],
    ['with something behind', () => `${SPA_CLIENT_ID},`, WRONG_CLIENT],
    ['with a space before', () => ` ${SPA_CLIENT_ID}`, WRONG_CLIENT],
    ['two in one string', () => `${API_CLIENT_ID} ${SPA_CLIENT_ID}`, WRONG_CLIENT],
    ['in upper case', () => SPA_CLIENT_ID.toUpperCase(), 'answered'],
  ],
  idtyp: [
    ['user', () => 'user', 'answered'],
    ['app', () => 'app', INVALID],
    ['app in another case', () => 'APP', INVALID],
    ['app with a space behind', () => 'app ', INVALID],
    ['device', () => 'device', INVALID],
  ],
  sub: [['that is somebody else’s object id', () => BRUNO.oid, 'answered']],
  preferred_username: [['that is somebody else’s', () => BRUNO.upn, 'answered']],
  exp: [
    ['past, beyond the tolerance', () => now() - 65, INVALID],
    ['past, within the tolerance', () => now() - 20, 'verified'],
    ['zero', () => 0, INVALID],
    ['negative', () => -1, INVALID],
    ['as a string of digits', () => String(now() + 3_600), INVALID],
    ['as a date', () => new Date(Date.now() + 3_600_000).toISOString(), INVALID],
    ['with a fraction', () => now() + 3_600.5, 'answered'],
    ['no point in time', () => 1e300, INVALID],
  ],
  nbf: [
    ['in an hour', () => now() + 3_600, INVALID],
    ['to come, beyond the tolerance', () => now() + 90, INVALID],
    ['to come, within the tolerance', () => now() + 30, 'verified'],
    ['as a string of digits', () => String(now()), INVALID],
    ['negative', () => -1, 'answered'],
    ['no point in time', () => 1e300, INVALID],
  ],
  iat: [
    ['as a string of digits', () => String(now()), INVALID],
    // RFC 7519 §4.1.6: it tells the age, and limits nothing; nbf and exp do.
    ['in an hour', () => now() + 3_600, 'answered'],
    ['some minutes back, as Entra dates it', () => now() - 300, 'answered'],
  ],
};

export const lookAlikeCases: readonly AttackCase[] = Object.entries(LOOK_ALIKES).flatMap(([claim, rows]) =>
  rows.map(([name, value, expected]) =>
    token(`${claim}: ${name}`, (forge) => forge.signed(forge.claims({ [claim]: value(forge) })), expected),
  ),
);
