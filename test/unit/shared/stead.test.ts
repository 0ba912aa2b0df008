import { describe, expect, it } from 'vitest';
import { createUserHandler } from '../../../functions/userHandler.ts';
import { graph } from '../../../shared/adapters/graph/graphApi.ts';
import { readConfig } from '../../../shared/config.ts';
import { defineFunction } from '../../../shared/requests/defineFunction.ts';
import { createStead } from '../../../shared/stead.ts';

const GUID = '11111111-2222-4333-8444-555555555555';

describe('createStead', () => {
  it('needs a credential for storage if the settings name none', () => {
    const config = readConfig(
      {
        ENTRA_TENANT_ID: GUID,
        ENTRA_CLIENT_ID: GUID,
        ENTRA_CLIENT_SECRET: 'not used here',
        TokenStore__blobServiceUri: 'https://127.0.0.1:1/account',
        TokenStore__tableServiceUri: 'https://127.0.0.1:2/account',
      },
      { hasStorageCredential: true },
    );
    expect(() => createStead(config)).toThrow('Give createStead a storageCredential.');
    const storageCredential = { getToken: () => Promise.reject(new Error('nobody asks')) };
    expect(() => createStead(config, { storageCredential })).not.toThrow();
  });

  it('knows one function by each name, whoever serves it, because requests of one user share its result', async () => {
    const settings = { ENTRA_TENANT_ID: GUID, ENTRA_CLIENT_ID: GUID, ENTRA_CLIENT_SECRET: 'not used here' };
    const stead = createStead(readConfig({ ...settings, TokenStore: 'UseDevelopmentStorage=true' }));
    const own = () =>
      defineFunction({ name: 'own', api: graph, scopes: ['User.Read'], run: async () => undefined });
    const fn = own();
    createUserHandler(stead)(fn);
    expect(() => createUserHandler(stead)(fn)).not.toThrow();
    const refusal = 'Two functions have the name "own".';
    expect(() => createUserHandler(stead)(own())).toThrow(refusal);
    await expect(stead.asUser({ log: () => undefined }, 'no token', own())).rejects.toThrow(refusal);
    await expect(stead.asUser({ log: () => undefined }, 'no token', fn)).rejects.not.toThrow(refusal);
  });
});
