import { TableClient, type TransactionAction } from '@azure/data-tables';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import {
  createStorageCall,
  type StorageCall,
} from '../../../../../shared/adapters/azureStorage/storageCall.ts';
import { removeRows } from '../../../../../shared/adapters/azureStorage/tableRemoval.ts';
import { uniqueName } from '../../../../support/azuriteAccounts.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';

const isBatch = ({ url }: SeenRequest) => url.pathname.endsWith('/$batch');
const isDelete = ({ method }: SeenRequest) => method === 'DELETE';
const conditionsIn = ({ body }: SeenRequest) =>
  [...body.matchAll(/^If-Match: (.+?)\r?$/gim)].map(([, etag]) => etag);

describe('rows of a table', () => {
  let azurite: Azurite;
  let proxy: AzuriteProxy;
  let table: TableClient;
  let options: { connectionString: string; tableName: string; call: StorageCall };
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startAzuriteProxy(azurite, 'table');
    options = {
      connectionString: proxy.connectionString,
      tableName: uniqueName(),
      call: createStorageCall('accounts'),
    };
    table = TableClient.fromConnectionString(azurite.connectionString, options.tableName, {
      allowInsecureConnection: true,
    });
    await table.createTable();
  });
  afterEach(() => proxy.close());

  async function put(count: number) {
    const keys = Array.from({ length: count }, (_, n) => `row ${String(n).padStart(5, '0')}`);
    for (let from = 0; from < count; from += 100) {
      const actions = keys
        .slice(from, from + 100)
        .map((rowKey): TransactionAction => ['create', { partitionKey: 'p', rowKey }]);
      await table.submitTransaction(actions);
    }
    return rows();
  }
  async function rows() {
    const found: { rowKey: string; etag: string }[] = [];
    for await (const { rowKey = '', etag } of table.listEntities()) found.push({ rowKey, etag });
    return found;
  }

  it('are removed a hundred at once, each in the version that was read', async () => {
    const read = await put(250);
    await removeRows(options, 'p', read, undefined);
    expect(await rows()).toEqual([]);
    expect(proxy.seen.every(isBatch)).toBe(true);
    expect(proxy.seen.map((request) => conditionsIn(request).length)).toEqual([100, 100, 50]);
    expect(proxy.seen.flatMap(conditionsIn)).toEqual(read.map(({ etag }) => etag));
  });

  it('stay where they changed since, and no others do', async () => {
    const read = await put(120);
    await table.updateEntity({ partitionKey: 'p', rowKey: 'row 00042', changed: true }, 'Replace');
    await table.deleteEntity('p', 'row 00110');
    await removeRows(options, 'p', read, undefined);
    expect((await rows()).map(({ rowKey }) => rowKey)).toEqual(['row 00042']);
    expect(proxy.seen.filter(isBatch)).toHaveLength(2);
    expect(proxy.seen.filter(isDelete)).toHaveLength(120);
  });

  it('are removed although an answer is lost', async () => {
    const read = await put(5);
    proxy.next(isBatch, 'lost');
    await removeRows(options, 'p', read, undefined);
    expect(await rows()).toEqual([]);
  });

  it('need not be there, nor need the table', async () => {
    await removeRows(options, 'p', [], undefined);
    expect(proxy.seen).toEqual([]);
    const read = await put(2);
    await table.deleteTable();
    await removeRows(options, 'p', read, undefined);
  });
});
