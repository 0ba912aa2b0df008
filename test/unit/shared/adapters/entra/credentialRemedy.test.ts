import { describe, expect, it } from 'vitest';
import type { ClientCredential } from '../../../../../shared/adapters/entra/clientCredential.ts';
import { credentialRemedy } from '../../../../../shared/adapters/entra/credentialRemedy.ts';
import { FAILURES } from '../../../../../shared/tokens/failures.ts';

const TENANT = 'a0000000-0000-4000-8000-00000000000a';
const IDENTITY = 'e0000000-0000-4000-8000-00000000000e';
const SECRET: ClientCredential = { kind: 'secret', secret: 'canary' };
const CERTIFICATE: ClientCredential = {
  kind: 'certificate',
  certificate: { thumbprintSha256: 'ab12', privateKey: 'canary', chain: 'canary' },
};
const FEDERATED: ClientCredential = { kind: 'managed-identity', identity: IDENTITY };
const PUBLIC = 'https://login.microsoftonline.com';

const remedyOf = (credential: ClientCredential, code: string, authority = PUBLIC) =>
  credentialRemedy({ tenantId: TENANT, authority, credential }, code);

describe('the remedy of a refused credential', () => {
  it.each<[ClientCredential, string, RegExp]>([
    [SECRET, 'AADSTS7000222', /has expired.+Renew ENTRA_CLIENT_SECRET/],
    [SECRET, 'AADSTS7000215', /the value of a secret.+not its id/],
    [SECRET, 'invalid_client', /Renew ENTRA_CLIENT_SECRET/],
    [CERTIFICATE, 'AADSTS700027', /thumbprint ab12.+Add it to the registration/],
    [CERTIFICATE, 'AADSTS700024', /has expired, or the clock/],
    [CERTIFICATE, 'AADSTS700023', /ENTRA_AUTHORITY/],
    [
      CERTIFICATE,
      'invalid_client',
      /ENTRA_CLIENT_CERTIFICATE.+ab12.+in the app registration and has not expired/,
    ],
    [FEDERATED, 'AADSTS700211', new RegExp(`The issuer .+${PUBLIC}/${TENANT}/v2.0`)],
    [FEDERATED, 'AADSTS700213', /The subject .+principal \(object\) id .+not its client id/],
    [FEDERATED, 'AADSTS700212', /The audience .+api:\/\/AzureADTokenExchange\./],
    [FEDERATED, 'AADSTS700024', /clock/],
    [FEDERATED, 'AADSTS700236', /another tenant than the app registration.+ENTRA_TENANT_ID/],
    [FEDERATED, 'AADSTS70021', /within minutes/],
    [FEDERATED, 'managed_identity_refused', new RegExp(`${IDENTITY}.+ENTRA_MANAGED_IDENTITY_CLIENT_ID`)],
    [FEDERATED, 'managed_identity_absent', /no managed identity/],
    [FEDERATED, 'invalid_client', /issuer .+AzureADTokenExchange.+principal/],
  ])('of $kind names what is wrong: %s, %s', (credential, code, text) => {
    expect(remedyOf(credential, code)).toMatch(text);
    expect(remedyOf(credential, code)).toContain(code);
  });

  it('names the right credential, and no value of it, for every code of the table', () => {
    const rows = FAILURES.filter(({ kind }) => kind === 'misconfigured').flatMap(
      ({ numbers = [], errors = [] }) => [...numbers.map((number) => `AADSTS${number}`), ...errors],
    );
    const codes = [...rows, 'managed_identity_refused'].filter(
      (code) => !/^AADSTS50013/.test(code) && code !== 'AADSTS500131',
    );
    for (const code of codes) {
      for (const [credential, names] of [
        [SECRET, /ENTRA_CLIENT_SECRET/],
        [CERTIFICATE, /certificate/],
        [FEDERATED, /identity|federated credential/],
      ] as const) {
        const remedy = remedyOf(credential, code);
        expect(remedy).toMatch(names);
        expect(remedy).toMatch(/docs\/runbook\.md/);
        expect(remedy).not.toMatch(/canary/);
        if (credential !== SECRET) expect(remedy).not.toMatch(/ENTRA_CLIENT_SECRET/);
      }
    }
  });

  it.each([
    ['AADSTS90002', /has no tenant .+Correct ENTRA_TENANT_ID, or ENTRA_AUTHORITY/],
    ['AADSTS700016', /ENTRA_TENANT_ID.+ENTRA_CLIENT_ID.+service principal/],
    ['AADSTS7000229', /ENTRA_TENANT_ID.+ENTRA_CLIENT_ID.+service principal/],
    ['unauthorized_client', /ENTRA_TENANT_ID.+ENTRA_CLIENT_ID.+service principal/],
  ])('leaves every credential alone if the tenant or the application is unknown: %s', (code, text) => {
    for (const credential of [SECRET, CERTIFICATE, FEDERATED]) {
      const remedy = remedyOf(credential, code);
      expect(remedy).toMatch(text);
      expect(remedy).toContain(code);
      expect(remedy).not.toMatch(/Renew|ENTRA_CLIENT_SECRET|certificate|federated credential/i);
    }
  });

  it('names the audience of the cloud', () => {
    const of = (authority: string) => remedyOf(FEDERATED, 'AADSTS700212', authority);
    expect(of('https://login.microsoftonline.us')).toContain('api://AzureADTokenExchangeUSGov');
    expect(of('https://login.partner.microsoftonline.cn')).toContain('api://AzureADTokenExchangeChina');
    expect(remedyOf(FEDERATED, 'AADSTS7002206')).toBe(
      remedyOf(FEDERATED, 'AADSTS700212')?.replace('AADSTS700212', 'AADSTS7002206'),
    );
  });

  it.each(['AADSTS50013', 'AADSTS500131'])('is none for a refusal of the user’s token (%s)', (code) => {
    expect(remedyOf(SECRET, code)).toBeUndefined();
  });
});
