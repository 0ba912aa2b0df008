/** What the worker is compared with: the least that a refresh can be, and the way of samples and tutorials. */
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { TableClient } from '@azure/data-tables';
import { ConfidentialClientApplication, DistributedCachePlugin } from '@azure/msal-node';
import { BlobServiceClient } from '@azure/storage-blob';
import { makeRefreshToken } from '../makeMsalCache.ts';

export type Comparison = {
  /** Puts into the stores what the run finds there. */
  seed(oid: string, cache: string): Promise<void>;
  /** Refreshes one user. */
  refresh(oid: string): Promise<void>;
};

type Settings = Record<string, string>;
type Stores = {
  read(oid: string): Promise<string>;
  write(oid: string, cache: string): Promise<void>;
  note(oid: string): Promise<void>;
};

const rowOf = (oid: string) => ({ partitionKey: oid.slice(0, 1), rowKey: oid, lastRefreshed: new Date() });

function storesOf({ TokenStore = '' }: Settings) {
  const container = BlobServiceClient.fromConnectionString(TokenStore).getContainerClient('compared');
  const table = TableClient.fromConnectionString(TokenStore, 'compared', { allowInsecureConnection: true });
  return {
    /** In one call. */
    async read(oid: string): Promise<string> {
      const { readableStreamBody } = await container.getBlockBlobClient(oid).download();
      return readableStreamBody === undefined ? '' : text(Readable.from(readableStreamBody));
    },
    /** As samples do it: in two calls. */
    readToBuffer: async (oid: string) => String(await container.getBlockBlobClient(oid).downloadToBuffer()),
    async write(oid: string, cache: string): Promise<void> {
      await container.getBlockBlobClient(oid).upload(cache, Buffer.byteLength(cache));
    },
    async note(oid: string): Promise<void> {
      await table.upsertEntity(rowOf(oid), 'Merge');
    },
  };
}

/** The same three calls by `fetch`, without the clients of storage. They are not signed, and no answer is parsed. */
function bareStoresOf({ TokenStore = '' }: Settings): Stores {
  const parts = new Map(TokenStore.split(';').map((part) => [part.split('=', 1)[0], part.split('=')[1]]));
  const blobOf = (oid: string) => `${parts.get('BlobEndpoint')}/compared/${oid}`;
  async function send(url: string, init: RequestInit): Promise<string> {
    const response = await fetch(url, init);
    if (!response.ok) throw new TypeError(`${init.method} was answered with ${response.status}`);
    return response.text();
  }
  return {
    read: (oid) => send(blobOf(oid), { method: 'GET' }),
    async write(oid, body) {
      await send(blobOf(oid), { method: 'PUT', body, headers: { 'x-ms-blob-type': 'BlockBlob' } });
    },
    async note(oid) {
      const { partitionKey, rowKey, ...columns } = rowOf(oid);
      const url = `${parts.get('TableEndpoint')}/compared(PartitionKey='${partitionKey}',RowKey='${rowKey}')`;
      const headers = { 'content-type': 'application/json' };
      await send(url, { method: 'PATCH', body: JSON.stringify(columns), headers });
    },
  };
}

/** One request for a token, and three to storage: the cache is read and written, and the account noted. */
export const floorOf = (settings: Settings): Comparison => floorOver(storesOf(settings), settings);

/** The floor without the clients of storage. The difference is what they cost. */
export const bareFloorOf = (settings: Settings): Comparison => floorOver(bareStoresOf(settings), settings);

function floorOver({ read, write, note }: Stores, settings: Settings): Comparison {
  return {
    seed: write,
    async refresh(oid) {
      const cache = await read(oid);
      const body = new URLSearchParams({
        grant_type: 'refresh_token',
        client_id: settings.ENTRA_CLIENT_ID ?? '',
        refresh_token: makeRefreshToken(oid),
      });
      const response = await fetch(
        `${settings.ENTRA_AUTHORITY}/${settings.ENTRA_TENANT_ID}/oauth2/v2.0/token`,
        { method: 'POST', body },
      );
      await response.json();
      await write(oid, cache);
      await note(oid);
    },
  };
}

/** A new MSAL client with a `DistributedCachePlugin` for each user. Caches are not sealed, and nobody leases an account. */
export function usualWayOf(settings: Settings): Comparison {
  const { readToBuffer, write, note } = storesOf(settings);
  const { ENTRA_AUTHORITY = '', ENTRA_TENANT_ID = '', ENTRA_CLIENT_ID = '' } = settings;
  const tenant = `${ENTRA_AUTHORITY}/${ENTRA_TENANT_ID}`;
  const { host } = new URL(ENTRA_AUTHORITY);
  const auth = {
    clientId: ENTRA_CLIENT_ID,
    clientSecret: settings.ENTRA_CLIENT_SECRET ?? '',
    authority: `https://${host}/${ENTRA_TENANT_ID}`,
    knownAuthorities: [host],
    authorityMetadata: JSON.stringify({
      issuer: `${tenant}/v2.0`,
      authorization_endpoint: `${tenant}/oauth2/v2.0/authorize`,
      token_endpoint: `${tenant}/oauth2/v2.0/token`,
      jwks_uri: `${tenant}/discovery/v2.0/keys`,
    }),
  };
  return {
    seed: write,
    async refresh(oid) {
      const stored = {
        get: readToBuffer,
        async set(key: string, cache: string) {
          await write(key, cache);
          return cache;
        },
      };
      const partition = { getKey: async () => oid, extractKey: async () => oid };
      const cachePlugin = new DistributedCachePlugin(stored, partition);
      const client = new ConfidentialClientApplication({ auth, cache: { cachePlugin } });
      const account = await client.getTokenCache().getAccountByHomeId(`${oid}.${ENTRA_TENANT_ID}`);
      if (account === null) throw new TypeError('the cache has no account');
      const scopes = ['https://graph.microsoft.com/.default'];
      await client.acquireTokenSilent({ account, scopes, forceRefresh: true });
      await note(oid);
    },
  };
}
