import type { StoreCredential } from '../../ports.ts';

type ConnectionString = {
  /** The storage account's connection string, or `UseDevelopmentStorage=true` for Azurite. TLS, except on loopback. */
  connectionString: string;
};

/** How the blob service is reached. */
export type BlobAccess = ConnectionString | { blobServiceUri: string; credential: StoreCredential };

/** How the table service is reached. */
export type TableAccess = ConnectionString | { tableServiceUri: string; credential: StoreCredential };
