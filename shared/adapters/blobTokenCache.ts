import { type BlockBlobClient, ContainerClient } from '@azure/storage-blob';
import { ConflictError } from '../errors.ts';
import type { StoredCache, TokenCacheStore } from '../ports.ts';
import { codeOf, hasStatus, present, storageCall } from './storageCall.ts';

export type BlobTokenCacheOptions = {
  /** Of the storage account, or `UseDevelopmentStorage=true`. */
  connectionString: string;
  /** Made at the first write if it is not there. Default `token-cache`. */
  containerName?: string;
};

/**
 * A user's cache is one block blob named by the user id, guarded by its ETag
 * (https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations).
 */
export function createBlobTokenCache(options: BlobTokenCacheOptions): TokenCacheStore {
  const container = new ContainerClient(options.connectionString, options.containerName ?? 'token-cache', {
    retryOptions: { maxTries: 3, tryTimeoutInMs: 4_000, retryDelayInMs: 500, maxRetryDelayInMs: 1_000 },
  });

  async function upload(
    blob: BlockBlobClient,
    sealed: string,
    ifMatch: string | undefined,
    abortSignal: AbortSignal,
  ): Promise<string> {
    const send = () =>
      blob.upload(sealed, Buffer.byteLength(sealed), {
        conditions: ifMatch === undefined ? { ifNoneMatch: '*' } : { ifMatch },
        blobHTTPHeaders: { blobContentType: 'application/jose' },
        abortSignal,
      });
    try {
      return present((await send()).etag);
    } catch (error) {
      if (codeOf(error) !== 'ContainerNotFound') throw error;
      await container.createIfNotExists({ abortSignal });
      return present((await send()).etag);
    }
  }

  return {
    read: (userId, signal) =>
      storageCall(
        'token-cache',
        (abortSignal) => download(container.getBlockBlobClient(userId), abortSignal),
        signal,
      ),

    write: (userId, sealed, ifMatch, signal) =>
      storageCall(
        'token-cache',
        async (abortSignal) => {
          const blob = container.getBlockBlobClient(userId);
          try {
            return await upload(blob, sealed, ifMatch, abortSignal);
          } catch (error) {
            if (!hasStatus(error, 409, 412)) throw error;
            // The SDK repeats a write whose answer was lost, and is then refused by its own success.
            const stored = await download(blob, abortSignal);
            if (stored?.sealed === sealed) return stored.etag;
            throw new ConflictError('Another version of the token cache is stored.');
          }
        },
        signal,
      ),

    remove: (userId, signal) =>
      storageCall(
        'token-cache',
        async (abortSignal) => {
          try {
            await container.getBlobClient(userId).delete({ deleteSnapshots: 'include', abortSignal });
          } catch (error) {
            if (!hasStatus(error, 404)) throw error;
          }
        },
        signal,
      ),
  };
}

async function download(blob: BlockBlobClient, abortSignal: AbortSignal): Promise<StoredCache | undefined> {
  try {
    const { etag, readableStreamBody = [] } = await blob.download(0, undefined, { abortSignal });
    const chunks: Buffer[] = [];
    for await (const chunk of readableStreamBody) chunks.push(Buffer.from(chunk));
    return { sealed: Buffer.concat(chunks).toString('utf8'), etag: present(etag) };
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}
