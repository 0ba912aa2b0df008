import { describe, expect, it, vi } from 'vitest';
import { graph } from '../../../shared/adapters/graph/graphApi.ts';
import { readConfig } from '../../../shared/config.ts';
import { defineFunction } from '../../../shared/requests/defineFunction.ts';
import { createHandlers } from '../../../shared/serve/handlers.ts';
import { createStead } from '../../../shared/stead.ts';
import { azureStores } from '../../../shared/stores/azure.ts';
import { memoryStores } from '../../../shared/stores/memory.ts';
import { standInSettings } from '../../../shared/testing/standInSettings.ts';
import { createTestClock } from '../../../shared/testing/testClock.ts';
import { defineApi } from '../../../shared/tokens/defineApi.ts';
import { defineTask } from '../../../shared/worker/defineTask.ts';

const GUID = '11111111-2222-4333-8444-555555555555';

describe('createStead', () => {
  it('needs stores', () => {
    const config = readConfig(standInSettings('http://localhost:1'), { hasOwnStores: true });
    expect(() => createStead(config)).toThrow('Give createStead stores');
    expect(() => createStead(config, { stores: memoryStores })).not.toThrow();
    expect(() => createStead(config, { stores: azureStores })).toThrow(
      'The settings name no storage account.',
    );
  });

  it('takes a store in adapters before that of stores, and opens none if adapters has them all', () => {
    const config = readConfig(standInSettings('http://localhost:1'), { hasOwnStores: true });
    const clock = createTestClock();
    const { accounts, ...others } = memoryStores({ clock });
    const stores = vi.fn(memoryStores);
    const { services } = createStead(config, { stores, clock, adapters: { accounts } });
    expect(services.accounts).toBe(accounts);
    expect(stores).toHaveBeenCalledOnce();
    createStead(config, { stores, adapters: { accounts, ...others } });
    expect(stores).toHaveBeenCalledOnce();
  });

  it('refuses two tasks of one name, whose states would be one', () => {
    const config = readConfig(standInSettings('http://localhost:1'), { hasOwnStores: true });
    const task = defineTask({ name: 'same', api: graph, scopes: ['User.Read'], run: async () => undefined });
    const tasks = [task, { ...task }];
    expect(() => createStead(config, { stores: memoryStores, tasks })).toThrow(
      'Two tasks have the name "same".',
    );
  });

  it('refuses two APIs of one name, which logs and permissions would mix', () => {
    const config = readConfig(standInSettings('http://localhost:1'), { hasOwnStores: true });
    const define = (resource: string) =>
      defineApi({ name: 'orders', resource, baseUrl: 'https://orders.example' });
    const taskOf = (name: string, api: ReturnType<typeof define>) =>
      defineTask({ name, api, scopes: [`${api.resource}/read`], run: async () => undefined });
    const [one, other] = [define('api://one'), define('api://other')];
    const twice = 'Two APIs have the name "orders".';
    const tasks = [taskOf('a', one), taskOf('b', other)];
    expect(() => createStead(config, { stores: memoryStores, tasks })).toThrow(twice);
    const stead = createStead(config, { stores: memoryStores, tasks: [taskOf('a', one), taskOf('b', one)] });
    const fn = defineFunction({ name: 'c', api: other, scopes: ['api://other/read'], run: async () => 1 });
    expect(() => stead.claimName(fn)).toThrow(twice);
  });

  it.each([
    [undefined, 'This one is undefined.'],
    ['a token', 'This one is a plain string.'],
    [async () => 1, 'This one is a plain function.'],
    [{}, "A function's name must begin with"],
  ])('says of what is no function or user id what it has to be (case %#)', async (fn, problem) => {
    const config = readConfig(standInSettings('http://localhost:1'), { hasOwnStores: true });
    const stead = createStead(config, { stores: memoryStores });
    const asking = stead.asUser({ log: () => undefined }, 'no token', fn as never);
    await expect(asking).rejects.toThrow(`Every function must be a result of defineFunction. ${problem}`);
    await expect(stead.wake(fn as never)).rejects.toThrow('A user id is <tid>/<oid>, both of them GUIDs.');
  });

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

  it('knows one function by each name, whoever serves it, because requests of one user share its result', async () => {
    const settings = { ENTRA_TENANT_ID: GUID, ENTRA_CLIENT_ID: GUID, ENTRA_CLIENT_SECRET: 'not used here' };
    const stead = createStead(readConfig({ ...settings, TokenStore: 'UseDevelopmentStorage=true' }), {
      stores: azureStores,
    });
    const own = () =>
      defineFunction({ name: 'own', api: graph, scopes: ['User.Read'], run: async () => undefined });
    const fn = own();
    createHandlers(stead).asUser(fn);
    expect(() => createHandlers(stead).asUser(fn)).not.toThrow();
    const refusal = /Two functions have the name "own".*define it once, outside of the handler/;
    expect(() => createHandlers(stead).asUser(own())).toThrow(refusal);
    await expect(stead.asUser({ log: () => undefined }, 'no token', own())).rejects.toThrow(refusal);
    await expect(stead.asUser({ log: () => undefined }, 'no token', fn)).rejects.not.toThrow(refusal);
  });
});
