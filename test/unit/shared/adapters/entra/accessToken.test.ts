import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AccessTokenRules,
  checkAccessToken,
  isCompactJws,
} from '../../../../../shared/adapters/entra/accessToken.ts';
import { ForbiddenError, TokenInvalidError } from '../../../../../shared/errors.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const OTHER_TID = 'b0000000-0000-4000-8000-00000000000b';
const OID = 'c0000000-0000-4000-8000-00000000000c';
const API = 'd0000000-0000-4000-8000-00000000000d';
const SPA = 'e0000000-0000-4000-8000-00000000000e';
const AUTHORITY = 'https://login.microsoftonline.com';

const RULES: AccessTokenRules = {
  clientId: API,
  scope: 'access_as_user',
  authority: AUTHORITY,
  allowedTenants: [TID],
  allowedClients: undefined,
};

type Claims = Record<string, unknown>;
const v2 = (different: Claims = {}): Claims => ({
  ver: '2.0',
  iss: `${AUTHORITY}/${TID}/v2.0`,
  aud: API,
  tid: TID,
  oid: OID,
  azp: SPA,
  scp: 'access_as_user',
  preferred_username: 'anna@contoso.example',
  ...different,
});
const v1 = (different: Claims = {}): Claims => ({
  ver: '1.0',
  iss: `https://sts.windows.net/${TID}/`,
  aud: `api://${API}`,
  tid: TID,
  oid: OID,
  appid: SPA,
  scp: 'access_as_user',
  upn: 'anna@contoso.example',
  ...different,
});
const check = (claims: Claims, rules: Partial<AccessTokenRules> = {}) =>
  checkAccessToken(claims, { ...RULES, ...rules });

const USER = { tid: TID, oid: OID, userPrincipalName: 'anna@contoso.example' };
const upper = (value: string): string => value.toUpperCase();

describe('checkAccessToken accepts', () => {
  it.each<[what: string, claims: Claims, rules?: Partial<AccessTokenRules>]>([
    ['a v2.0 token', v2()],
    ['a v1.0 token for the App ID URI', v1()],
    ['a v1.0 token for the client id', v1({ aud: API })],
    ['one scope among others', v2({ scp: 'openid access_as_user profile' })],
    ['idtyp "user"', v2({ idtyp: 'user' })],
    [
      'GUIDs in upper case',
      v2({ tid: upper(TID), oid: upper(OID), aud: upper(API), iss: `${AUTHORITY}/${upper(TID)}/v2.0` }),
    ],
    ['v1.0 GUIDs in upper case', v1({ tid: upper(TID), oid: upper(OID), aud: `api://${upper(API)}` })],
    ['a tenant of the list', v2(), { allowedTenants: [OTHER_TID, TID] }],
    ['any tenant, if told so', v2(), { allowedTenants: 'any' }],
    ['a client of the list by azp', v2(), { allowedClients: [SPA] }],
    ['a client of the list by appid', v1(), { allowedClients: [SPA] }],
    ['a client id in upper case', v2({ azp: upper(SPA) }), { allowedClients: [SPA] }],
    ['any client, without a list', v2({ azp: undefined })],
    [
      'a v1.0 token of the US Government’s cloud',
      v1({ iss: `https://sts.windows.net/${TID}/` }),
      { authority: 'https://login.microsoftonline.us' },
    ],
    [
      'a v1.0 token of the cloud that 21Vianet runs',
      v1({ iss: `https://sts.chinacloudapi.cn/${TID}/` }),
      { authority: 'https://login.partner.microsoftonline.cn' },
    ],
    [
      'the issuer of another cloud’s authority',
      v2({ iss: `https://localhost:1/${TID}/v2.0` }),
      { authority: 'https://localhost:1' },
    ],
  ])('%s', (_what, claims, rules) => {
    expect(check(claims, rules)).toEqual(USER);
  });

  it.each([
    [undefined, undefined],
    ['', undefined],
    [7, undefined],
    ['x'.repeat(321), undefined],
    ['x'.repeat(320), 'x'.repeat(320)],
  ])('whatever is in the place of a user name, and keeps what could be one', (name, kept) => {
    expect(check(v2({ preferred_username: name })).userPrincipalName).toBe(kept);
  });
});

describe('checkAccessToken finds invalid', () => {
  it.each<[what: string, claims: Claims, rules?: Partial<AccessTokenRules>]>([
    ['no tid', v2({ tid: undefined })],
    ['a tid that is a name', v2({ tid: 'contoso.example', iss: `${AUTHORITY}/contoso.example/v2.0` })],
    ['no oid', v2({ oid: undefined })],
    ['an oid with more behind it', v2({ oid: `${OID}/../${OID}` })],
    ['no version', v2({ ver: undefined })],
    ['a version of the future', v2({ ver: '3.0' })],
    ['no version, but else as v1.0', v1({ ver: undefined })],
    ['a version that is a number', v2({ ver: 2 })],
    ['no issuer', v2({ iss: undefined })],
    ['several issuers', v2({ iss: [`${AUTHORITY}/${TID}/v2.0`] })],
    [
      'the issuer of another tenant',
      v2({ iss: `${AUTHORITY}/${OTHER_TID}/v2.0` }),
      { allowedTenants: 'any' },
    ],
    ['the tenant of another issuer', v2({ tid: OTHER_TID }), { allowedTenants: 'any' }],
    ['the issuer template', v2({ iss: `${AUTHORITY}/{tenantid}/v2.0` })],
    ['the issuer of "common"', v2({ iss: `${AUTHORITY}/common/v2.0` })],
    ['an issuer with something behind it', v2({ iss: `${AUTHORITY}/${TID}/v2.0/` })],
    ['an issuer with something before it', v2({ iss: `https://evil.example/?${AUTHORITY}/${TID}/v2.0` })],
    ['an issuer whose host only begins alike', v2({ iss: `${AUTHORITY}.evil.example/${TID}/v2.0` })],
    [
      'an issuer whose host only ends alike',
      v2({ iss: `https://evil-login.microsoftonline.com/${TID}/v2.0` }),
    ],
    ['an issuer over http', v2({ iss: `http://login.microsoftonline.com/${TID}/v2.0` })],
    ['the v1.0 issuer in a v2.0 token', v2({ iss: `https://sts.windows.net/${TID}/` })],
    ['the v2.0 issuer in a v1.0 token', v1({ iss: `${AUTHORITY}/${TID}/v2.0` })],
    ['the v1.0 issuer of another cloud', v1({ iss: `https://sts.chinacloudapi.cn/${TID}/` })],
    [
      'the public cloud’s v1.0 issuer in another cloud',
      v1(),
      { authority: 'https://login.partner.microsoftonline.cn' },
    ],
    ['a v1.0 issuer without its slash', v1({ iss: `https://sts.windows.net/${TID}` })],
    ['no audience', v2({ aud: undefined })],
    ['the audience of another API', v2({ aud: OTHER_TID })],
    ['several audiences', v2({ aud: [API] })],
    ['the App ID URI in a v2.0 token', v2({ aud: `api://${API}` })],
    ['an audience with something behind it', v1({ aud: `api://${API}/access_as_user` })],
    ['Graph’s audience', v1({ aud: 'https://graph.microsoft.com' })],
    ['an application by idtyp', v2({ idtyp: 'app' })],
    ['an application by its roles alone', v2({ scp: undefined, roles: ['access_as_user'] })],
    ['a scp that is an array', v2({ scp: ['access_as_user'] })],
    ['a scp that is null', v2({ scp: null })],
  ])('%s', (_what, claims, rules) => {
    expect(() => check(claims, rules)).toThrow(TokenInvalidError);
  });

  it('an empty set of claims', () => expect(() => check({})).toThrow(TokenInvalidError));
});

describe('checkAccessToken forbids', () => {
  it.each<[what: string, reason: ForbiddenError['what'], claims: Claims, rules?: Partial<AccessTokenRules>]>([
    ['another tenant', 'tenant', v2({ tid: OTHER_TID, iss: `${AUTHORITY}/${OTHER_TID}/v2.0` })],
    ['every tenant, if the list is empty', 'tenant', v2(), { allowedTenants: [] }],
    ['another client', 'client', v2({ azp: OTHER_TID }), { allowedClients: [SPA] }],
    ['a client without a name', 'client', v2({ azp: undefined }), { allowedClients: [SPA] }],
    [
      'a v2.0 token that names its client by appid',
      'client',
      v2({ azp: undefined, appid: SPA }),
      { allowedClients: [SPA] },
    ],
    [
      'a v1.0 token that names its client by azp',
      'client',
      v1({ appid: undefined, azp: SPA }),
      { allowedClients: [SPA] },
    ],
    ['no scope at all', 'scope', v2({ scp: '' })],
    ['another scope', 'scope', v2({ scp: 'openid profile' })],
    ['a scope that begins alike', 'scope', v2({ scp: 'access_as_user_admin' })],
    ['a scope that ends alike', 'scope', v2({ scp: 'no_access_as_user' })],
    ['the scope in another case', 'scope', v2({ scp: 'Access_As_User' })],
    ['the scope with its resource', 'scope', v2({ scp: `api://${API}/access_as_user` })],
    ['the scope behind a comma', 'scope', v2({ scp: 'openid,access_as_user' })],
  ])('%s', (_what, reason, claims, rules) => {
    expect(() => check(claims, rules)).toThrow(ForbiddenError);
    expect(() => check(claims, rules)).toThrow(expect.objectContaining({ what: reason }));
  });

  it('without a word of what the claims hold', () => {
    const secret = 'canary';
    for (const name of ['iss', 'aud', 'tid', 'oid', 'ver', 'scp', 'azp']) {
      const claims = v2({ [name]: secret });
      expect(() => check(claims, { allowedClients: [SPA] })).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining(secret) }),
      );
    }
  });
});

describe('isCompactJws', () => {
  const segment = fc.uint8Array({ minLength: 1 }).map((bytes) => Buffer.from(bytes).toString('base64url'));

  it('takes any three segments of base64url', () => {
    fc.assert(
      fc.property(fc.tuple(segment, segment, segment), (segments) => {
        expect(isCompactJws(segments.join('.'))).toBe(true);
      }),
    );
  });

  it('takes one text alone for the same bytes', () => {
    const bytesOf = (text: string) =>
      JSON.stringify(text.split('.').map((one) => Buffer.from(one, 'base64url').toString('hex')));
    fc.assert(
      fc.property(
        fc.tuple(segment, segment, segment),
        fc.nat(),
        fc.string({ unit: fc.constantFrom(...'AQgwB-_+/= \t\n.') }),
        (segments, at, insert) => {
          const text = segments.join('.');
          const cut = at % (text.length + 1);
          for (const other of [
            text.slice(0, cut) + insert + text.slice(cut),
            text.slice(0, cut) + insert + text.slice(cut + insert.length),
          ]) {
            if (other !== text && bytesOf(other) === bytesOf(text)) expect(isCompactJws(other)).toBe(false);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it.each([
    '',
    '.',
    '..',
    'a',
    'QQ',
    'QQ.QQ',
    'QQ.QQ.',
    '.QQ.QQ',
    'QQ..QQ',
    'QQ.QQ.QQ.QQ',
    'QQ.QQ.A',
    'QR.QQ.QQ',
  ])('does not take %j', (text) => {
    expect(isCompactJws(text)).toBe(false);
  });
});
