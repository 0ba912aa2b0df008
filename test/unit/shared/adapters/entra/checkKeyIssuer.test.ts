import { describe, expect, it } from 'vitest';
import { type AccessTokenRules, checkKeyIssuer } from '../../../../../shared/adapters/entra/accessToken.ts';
import { TokenInvalidError } from '../../../../../shared/errors.ts';

const TID = 'a0000000-0000-4000-8000-00000000000a';
const OTHER_TID = 'b0000000-0000-4000-8000-00000000000b';
const AUTHORITY = 'https://login.microsoftonline.com';
const RULES: AccessTokenRules = {
  clientId: 'd0000000-0000-4000-8000-00000000000d',
  scope: 'access_as_user',
  authority: AUTHORITY,
  allowedTenants: 'any',
  allowedClients: undefined,
};

describe('a signing key', () => {
  it.each<[what: string, keyIssuer: unknown]>([
    ['of any tenant', `${AUTHORITY}/{tenantid}/v2.0`],
    ['of any tenant, its template in another case', `${AUTHORITY}/{tenantId}/v2.0`],
    ['of the token’s tenant', `${AUTHORITY}/${TID}/v2.0`],
    ['of the token’s tenant in upper case', `${AUTHORITY}/${TID.toUpperCase()}/v2.0`],
    ['that names no issuer', undefined],
  ])('%s may sign', (_what, keyIssuer) => {
    expect(() => checkKeyIssuer(keyIssuer, TID, RULES)).not.toThrow();
  });

  it.each<[what: string, keyIssuer: unknown]>([
    ['of another tenant', `${AUTHORITY}/${OTHER_TID}/v2.0`],
    ['of another authority', 'https://login.microsoftonline.us/{tenantid}/v2.0'],
    ['of the v1.0 issuer', `https://sts.windows.net/${TID}/`],
    ['with something behind its issuer', `${AUTHORITY}/{tenantid}/v2.0/`],
    ['with a second template', `${AUTHORITY}/{tenantid}/v2.0{tenantid}`],
    ['of no name', ''],
    ['of several issuers', [`${AUTHORITY}/{tenantid}/v2.0`]],
    ['of null', null],
  ])('%s may not', (_what, keyIssuer) => {
    expect(() => checkKeyIssuer(keyIssuer, TID, RULES)).toThrow(TokenInvalidError);
  });
});
