import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_CLIENT_ID, SPA_CLIENT_ID, TENANT_ID } from '../../../dev/entra/directory.ts';
import { ROOT } from '../../../dev/platform.ts';
import { readAzureSettings } from '../../../dev/startForAzure.ts';
import { ConfigError } from '../../../shared/errors.ts';

const FILLED_IN = {
  ENTRA_TENANT_ID: TENANT_ID,
  ENTRA_CLIENT_ID: API_CLIENT_ID,
  ENTRA_CLIENT_SECRET: 'a secret of the API',
  SPA_CLIENT_ID,
};

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'stead-settings-'));
  copyFileSync(join(ROOT, 'local.settings.sample.json'), join(root, 'local.settings.json'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function faultsWith(environment: Record<string, string>): Promise<string[]> {
  const error: unknown = await readAzureSettings(root, environment).catch((thrown) => thrown);
  if (!(error instanceof ConfigError))
    throw new Error('It is not refused as it should be.', { cause: error });
  return error.faults.map(({ setting, problem }) => `${setting} ${problem}`);
}

describe('readAzureSettings', () => {
  it('takes the sample when the tenant is filled in', async () => {
    const settings = await readAzureSettings(root, FILLED_IN);
    expect(settings.spaClientId).toBe(SPA_CLIENT_ID);
    expect(settings.config.entra.tenantId).toBe(TENANT_ID);
    expect(settings.missingKeys).toEqual(['TOKEN_CACHE_KEYS', 'LOG_HASH_KEY']);
  });

  it('names everything that has to be filled in at once when the sample is untouched', async () => {
    expect(await faultsWith({})).toEqual([
      'ENTRA_TENANT_ID still has a placeholder in <> in it',
      'ENTRA_CLIENT_ID still has a placeholder in <> in it',
      'ENTRA_CLIENT_SECRET still has a placeholder in <> in it',
      'SPA_CLIENT_ID is not a GUID',
    ]);
  });

  it.each([
    ['my-page', 'is not a GUID'],
    [`api://<${SPA_CLIENT_ID}>`, 'is not a GUID'],
    ['@Microsoft.KeyVault(SecretUri=https://vault.example/secrets/spa)', 'is not a GUID'],
    [' ', 'is missing'],
  ])('refuses %j as the id of the page', async (value, problem) => {
    expect(await faultsWith({ ...FILLED_IN, SPA_CLIENT_ID: value })).toEqual([`SPA_CLIENT_ID ${problem}`]);
  });
});
