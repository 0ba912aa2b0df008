import { describe, expect, it } from 'vitest';
import { graph } from '../../../shared/adapters/graph/graphApi.ts';
import { CLOUDS } from '../../../shared/clouds.ts';
import { readConfig } from '../../../shared/config.ts';
import { createStead } from '../../../shared/stead.ts';
import { defineTask } from '../../../shared/worker/defineTask.ts';

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

  it('takes the scopes of Graph in its own cloud, and no other cloud’s', () => {
    const start = (ENTRA_AUTHORITY: string, scope: string) => {
      const config = readConfig({
        ENTRA_TENANT_ID: GUID,
        ENTRA_CLIENT_ID: GUID,
        ENTRA_CLIENT_SECRET: 'not used here',
        ENTRA_AUTHORITY,
        TokenStore: 'UseDevelopmentStorage=true',
      });
      const task = defineTask({
        name: 'mail',
        api: graph,
        scopes: ['User.Read', scope],
        run: async () => {},
      });
      return () => createStead(config, { tasks: [task] });
    };
    for (const { authority } of CLOUDS) {
      expect(start(authority, 'Mail.Read')).not.toThrow();
      for (const other of CLOUDS) {
        for (const origin of other.graph) {
          const scope = `${origin}/Mail.Read`;
          expect(start('http://localhost:7000', scope)).not.toThrow();
          if (other.authority === authority) expect(start(authority, scope)).not.toThrow();
          else
            expect(start(authority, scope)).toThrow(
              `Task "mail": the scope ${scope} is in the ${other.name}`,
            );
        }
      }
    }
  });
});
