import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Part, readUsableSettings } from '../../../../ops/doctor/usableSettings.ts';

const RIGHT = {
  ENTRA_TENANT_ID: randomUUID(),
  ENTRA_CLIENT_ID: randomUUID(),
  ENTRA_CLIENT_SECRET: 'one',
  TokenStore: 'UseDevelopmentStorage=true',
};
const PARTS: Part[] = ['tenant', 'api', 'credential', 'graph', 'storage'];

describe('settings of which a part is wrong', () => {
  it.each<[Record<string, string>, Part[]]>([
    [{}, []],
    [{ ENTRA_TENANT_ID: 'x' }, ['tenant']],
    [{ ENTRA_AUTHORITY: 'https://login.windows.net' }, ['tenant']],
    [{ ALLOWED_TENANTS: 'x' }, ['tenant']],
    [{ ENTRA_CLIENT_ID: '' }, ['api']],
    [{ ENTRA_CLIENT_SECRET: randomUUID() }, ['credential']],
    [{ ENTRA_MANAGED_IDENTITY_CLIENT_ID: 'system' }, ['credential']],
    [{ GRAPH_BASE_URL: 'graph' }, ['graph']],
    [{ TokenStore: 'x' }, ['storage']],
    [{ TokenStore__what: 'x' }, ['storage']],
    [{ TokenStore__blobServiceUri: 'https://mine.blob.core.windows.net' }, ['storage']],
    [{ TOKEN_CACHE_KEYS: 'x', LOG_HASH_KEY: 'x', RETENTION_DAYS: 'x', API_SCOPE: 'a b' }, []],
    [
      { TOKEN_CACHE_KEYS: 'x', TokenStore: '<x>', ENTRA_TENANT_ID: '<x>', ENTRA_CLIENT_SECRET: '<x>' },
      ['tenant', 'credential', 'storage'],
    ],
  ])('%j can be used for the rest', (change, wrong) => {
    const { config, faults, isUsable } = readUsableSettings({ ...RIGHT, ...change });
    expect(PARTS.filter((part) => !isUsable(part))).toEqual(wrong);
    expect(faults.length > 0).toBe(Object.keys(change).length > 0);
    if (isUsable('api')) expect(config.entra.clientId).toBe(RIGHT.ENTRA_CLIENT_ID);
    if (isUsable('credential')) expect(config.entra.credential).toEqual({ kind: 'secret', secret: 'one' });
  });
});
