import { describe, expect, it } from 'vitest';
import { readConfig } from '../../../shared/config.ts';
import { createStead } from '../../../shared/stead.ts';
import { azureStores } from '../../../shared/stores/azure.ts';

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
    expect(() => createStead(config, { stores: azureStores })).toThrow(
      'Give createStead a storageCredential.',
    );
    const storageCredential = { getToken: () => Promise.reject(new Error('nobody asks')) };
    expect(() => createStead(config, { stores: azureStores, storageCredential })).not.toThrow();
  });
});
