/** A copy of what is stored, taken and put back with the vendors' packages alone, as a failover or a restore does. */
import { TableClient, type TableEntity } from '@azure/data-tables';
import { ContainerClient } from '@azure/storage-blob';

export type StorageCopy = { rows: TableEntity[]; blobs: Map<string, Buffer> };

const tableOf = (connectionString: string) =>
  TableClient.fromConnectionString(connectionString, 'accountActivity', { allowInsecureConnection: true });
const containerOf = (connectionString: string) => new ContainerClient(connectionString, 'token-cache');

export async function copyStorage(connectionString: string): Promise<StorageCopy> {
  const rows: TableEntity[] = [];
  for await (const { etag: _, timestamp: __, ...row } of tableOf(connectionString).listEntities()) {
    const { partitionKey = '', rowKey = '', ...columns } = row;
    rows.push({ partitionKey, rowKey, ...columns });
  }
  const blobs = new Map<string, Buffer>();
  const container = containerOf(connectionString);
  for await (const { name } of container.listBlobsFlat()) {
    blobs.set(name, await container.getBlobClient(name).downloadToBuffer());
  }
  return { rows, blobs };
}

/** Puts a copy into an empty storage account. */
export async function putStorage(connectionString: string, { rows, blobs }: StorageCopy): Promise<void> {
  const table = tableOf(connectionString);
  await table.createTable();
  for (const row of rows) await table.createEntity(row);
  const container = containerOf(connectionString);
  await container.create();
  for (const [name, content] of blobs) {
    await container.getBlockBlobClient(name).upload(content, content.length);
  }
}
