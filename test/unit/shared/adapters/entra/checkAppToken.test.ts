import { describe, expect, it } from 'vitest';
import { checkAppToken } from '../../../../../shared/adapters/entra/accessToken.ts';
import { ForbiddenError, TokenInvalidError } from '../../../../../shared/errors.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const OTHER_TID = 'b0000000-0000-4000-8000-00000000000b';
const OID = 'c0000000-0000-4000-8000-00000000000c';
const API = 'd0000000-0000-4000-8000-00000000000d';
const CLIENT = 'e0000000-0000-4000-8000-00000000000e';
const AUTHORITY = 'https://login.microsoftonline.com';

type Claims = Record<string, unknown>;
const v2 = (different: Claims = {}): Claims => ({
  ver: '2.0',
  iss: `${AUTHORITY}/${TID}/v2.0`,
  aud: API,
  tid: TID,
  oid: OID,
  sub: OID,
  azp: CLIENT,
  idtyp: 'app',
  roles: ['Worker.Run'],
  ...different,
});
const v1 = (different: Claims = {}): Claims => ({
  ver: '1.0',
  iss: `https://sts.windows.net/${TID}/`,
  aud: `api://${API}`,
  tid: TID,
  oid: OID,
  sub: OID,
  appid: CLIENT,
  idtyp: 'app',
  roles: ['Worker.Run'],
  ...different,
});
const check = (claims: Claims) =>
  checkAppToken(claims, { clientId: API, authority: AUTHORITY, tenantId: TID });
const ofTenant = (tid: string) => ({ tid, iss: `${AUTHORITY}/${tid}/v2.0` });

describe('checkAppToken accepts', () => {
  it.each<[what: string, claims: Claims]>([
    ['a v2.0 token', v2()],
    ['a v1.0 token for the App ID URI', v1()],
    ['a v1.0 token for the client id', v1({ aud: API })],
    ['the role among others', v2({ roles: ['Other', 'Worker.Run'] })],
    ['ids in upper case', v2({ ...ofTenant(TID.toUpperCase()), azp: CLIENT.toUpperCase() })],
  ])('%s', (_, claims) => {
    expect(check(claims)).toEqual({ tid: TID, oid: OID, clientId: CLIENT });
  });
});

describe('checkAppToken finds invalid', () => {
  it.each<[what: string, claims: Claims]>([
    ["a user's token", v2({ idtyp: undefined, roles: undefined, scp: 'access_as_user' })],
    ["a user's token with the role", v2({ idtyp: undefined, scp: 'access_as_user' })],
    ["a user's token that says so", v2({ idtyp: 'user', scp: 'access_as_user' })],
    ['the role as a scope', v2({ idtyp: undefined, roles: undefined, scp: 'Worker.Run' })],
    ['a scope beside idtyp', v2({ scp: 'access_as_user' })],
    ['an empty scope', v2({ scp: '' })],
    ['a token that does not say that it is of an application', v2({ idtyp: undefined })],
    ['another type', v2({ idtyp: 'device' })],
    ['another audience', v2({ aud: CLIENT })],
    ['the App ID URI in a v2.0 token', v2({ aud: `api://${API}` })],
    ['a list of audiences', v2({ aud: [API] })],
    ['another issuer', v2({ iss: `https://evil.example/${TID}/v2.0` })],
    ['the issuer of another tenant', v2({ iss: `${AUTHORITY}/${OTHER_TID}/v2.0` })],
    ['no version', v2({ ver: undefined })],
    ['no object id', v2({ oid: undefined })],
    ['no tenant', v2({ tid: undefined })],
    ['no client', v2({ azp: undefined })],
    ['a client that is no id', v2({ azp: 'some' })],
    ["a v1.0 token's client by the claim of v2.0", v1({ appid: undefined, azp: CLIENT })],
  ])('%s', (_, claims) => {
    expect(() => check(claims)).toThrow(TokenInvalidError);
  });
});

describe('checkAppToken forbids', () => {
  const forbidden = (claims: Claims): string => {
    try {
      check(claims);
    } catch (error) {
      if (error instanceof ForbiddenError) return error.what;
      throw error;
    }
    return 'nothing';
  };

  it('another tenant, even with the role: its own administrators may assign it', () => {
    expect(forbidden(v2(ofTenant(OTHER_TID)))).toBe('tenant');
  });

  it.each<[what: string, claims: Claims]>([
    ['no roles', v2({ roles: undefined })],
    ['an empty list', v2({ roles: [] })],
    ['another role', v2({ roles: ['Other'] })],
    ['another case', v2({ roles: ['worker.run'] })],
    ['a part of it', v2({ roles: ['Worker.Run.Not', 'Worker'] })],
    ['a text in place of a list', v2({ roles: 'Worker.Run' })],
    ['no roles in a v1.0 token', v1({ roles: undefined })],
  ])('%s', (_, claims) => {
    expect(forbidden(claims)).toBe('role');
  });
});
