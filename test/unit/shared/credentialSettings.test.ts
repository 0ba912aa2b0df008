import { describe, expect, it } from 'vitest';
import { selfSignedCertificate } from '../../../dev/selfSignedCertificate.ts';
import { readConfig } from '../../../shared/config.ts';
import type { SettingName } from '../../../shared/settingsReader.ts';
import { AZURE, type Environment, faultsOf, OTHER_TENANT, read } from './someSettings.ts';

describe('the credential', () => {
  const NONE: Environment = { ...AZURE, ENTRA_CLIENT_SECRET: '' };
  const { certificate, pem } = selfSignedCertificate();

  it('may be a certificate, in one line too', () => {
    const { credential } = read({ ENTRA_CLIENT_CERTIFICATE: pem.replaceAll('\n', '\\n') }, NONE).entra;
    const thumbprintSha256 = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
    expect(credential).toMatchObject({ kind: 'certificate', certificate: { thumbprintSha256 } });
  });

  it.each([
    [OTHER_TENANT.toUpperCase(), OTHER_TENANT],
    ['System', 'system'],
  ])('may be a managed identity: %s', (given, identity) => {
    const { credential } = read({ ENTRA_MANAGED_IDENTITY_CLIENT_ID: given }, NONE).entra;
    expect(credential).toEqual({ kind: 'managed-identity', identity });
  });

  it('must be given: one fault names all three settings', () => {
    const [fault, ...others] = faultsOf({}, NONE);
    expect(others).toEqual([]);
    expect(fault?.setting).toBe('ENTRA_CLIENT_SECRET');
    for (const text of [fault?.problem, fault?.remedy]) {
      expect(text).toMatch(
        /ENTRA_CLIENT_CERTIFICATE and ENTRA_MANAGED|ENTRA_CLIENT_CERTIFICATE, ENTRA_MANAGED/,
      );
    }
  });

  it.each<[given: Environment, setting: SettingName]>([
    [{ ENTRA_CLIENT_CERTIFICATE: pem }, 'ENTRA_CLIENT_CERTIFICATE'],
    [{ ENTRA_MANAGED_IDENTITY_CLIENT_ID: OTHER_TENANT }, 'ENTRA_MANAGED_IDENTITY_CLIENT_ID'],
    [
      { ENTRA_CLIENT_CERTIFICATE: pem, ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' },
      'ENTRA_CLIENT_CERTIFICATE',
    ],
  ])('must be one alone: one fault names two of them (%#)', (given, setting) => {
    expect(faultsOf(given, AZURE)).toEqual([
      {
        setting,
        problem: 'is given beside ENTRA_CLIENT_SECRET',
        remedy:
          'Give exactly one of ENTRA_CLIENT_SECRET, ENTRA_CLIENT_CERTIFICATE, ENTRA_MANAGED_IDENTITY_CLIENT_ID.',
      },
    ]);
  });

  it.each<[SettingName, string, RegExp]>([
    ['ENTRA_CLIENT_CERTIFICATE', 'canary', /is not PEM/],
    ['ENTRA_CLIENT_CERTIFICATE', '@Microsoft.KeyVault(VaultName=canary;SecretName=x)', /did not resolve/],
    ['ENTRA_CLIENT_CERTIFICATE', `${certificate}`, /has no private key/],
    ['ENTRA_MANAGED_IDENTITY_CLIENT_ID', 'canary', /neither a GUID nor system/],
    ['ENTRA_MANAGED_IDENTITY_CLIENT_ID', '<canary>', /placeholder/],
  ])('%s is refused if it is wrong: %s', (setting, value, problem) => {
    const faults = faultsOf({ [setting]: value }, NONE);
    expect(faults[0]).toMatchObject({ setting, problem: expect.stringMatching(problem) });
    expect(JSON.stringify(faults)).not.toMatch(/canary|-----/);
  });

  it('that is a certificate must be valid when the process starts', () => {
    const expired = selfSignedCertificate({ from: new Date(0), to: new Date('2026-01-31T00:00:00Z') }).pem;
    const environment = { ...NONE, ENTRA_CLIENT_CERTIFICATE: expired };
    expect(() => readConfig(environment)).toThrow(
      /ENTRA_CLIENT_CERTIFICATE: expired on 2026-01-31T00:00:00.000Z\./,
    );
    expect(readConfig(environment, { now: new Date('2026-01-30T00:00:00Z') }).entra.credential.kind).toBe(
      'certificate',
    );
  });
});
