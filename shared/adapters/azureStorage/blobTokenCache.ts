import { Readable } from 'node:stream';
import { BlobServiceClient, type BlockBlobClient, type ContainerListBlobsOptions } from '@azure/storage-blob';
import { type Clock, systemClock } from '../../clock.ts';
import { ConflictError } from '../../errors.ts';
import type { StoredCache, TokenCacheStore } from '../../tokenCacheStore.ts';
import { MAX_SEALED_BYTES } from '../../tokens/storedCache.ts';
import { readUserId } from '../../userId.ts';
import { readUpTo } from './readUpTo.ts';
import type { BlobAccess } from './storageAccess.ts';
import { BUSY_FOR_MS, codeOf, createStorageCall, hasStatus, present } from './storageCall.ts';

export type BlobTokenCacheOptions = BlobAccess & {
  /** Default `token-cache`. The first write creates the container if it does not exist. */
  containerName?: string;
  /** Measures the time limit of each operation. Default: the platform's clock. */
  clock?: Clock;
  /** Makes a client of the service, such as one of a model of it. Default: the SDK's. */
  connect?: () => BlobServiceClient;
};

const RETRIES = {
  retryOptions: { maxTries: 3, tryTimeoutInMs: 4_000, retryDelayInMs: 500, maxRetryDelayInMs: 1_000 },
};

const connectBlobs = (access: BlobAccess): BlobServiceClient =>
  'credential' in access
    ? new BlobServiceClient(access.blobServiceUri, access.credential, RETRIES)
    : BlobServiceClient.fromConnectionString(access.connectionString, RETRIES);

/**
 * Stores each user's cache as one block blob. Its name is the user id, and its ETag is the version
 * (https://learn.microsoft.com/rest/api/storageservices/specifying-conditional-headers-for-blob-service-operations).
 * The content of a blob over {@link MAX_SEALED_BYTES} is not fetched, because it cannot be a cache.
 */
export function createBlobTokenCache(options: BlobTokenCacheOptions): TokenCacheStore {
  const service = options.connect?.() ?? connectBlobs(options);
  const { clock = systemClock } = options;
  let busyUntil = Number.NEGATIVE_INFINITY;
  const call = createStorageCall('token-cache', clock, () => {
    busyUntil = clock.elapsed() + BUSY_FOR_MS;
  });
  const container = service.getContainerClient(options.containerName ?? 'token-cache');

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

  async function readPage(options: ContainerListBlobsOptions, continuationToken: string | undefined) {
    const pages = container
      .listBlobsFlat(options)
      .byPage(continuationToken === undefined ? {} : { continuationToken });
    try {
      const { value: page } = await pages.next();
      const items: readonly { name: string }[] = page?.segment.blobItems ?? [];
      return {
        names: items.map(({ name }) => name),
        continuationToken: page?.continuationToken || undefined,
      };
    } catch (error) {
      if (codeOf(error) === 'ContainerNotFound') return { names: [], continuationToken: undefined };
      throw error;
    }
  }

  return {
    isBusy: () => clock.elapsed() < busyUntil,

    read: (userId, signal) =>
      call((abortSignal) => download(container.getBlockBlobClient(userId), abortSignal), signal),

    write: (userId, sealed, ifMatch, signal) =>
      call(async (abortSignal) => {
        const blob = container.getBlockBlobClient(userId);
        try {
          return await upload(blob, sealed, ifMatch, abortSignal);
        } catch (error) {
          if (!hasStatus(error, 409, 412)) throw error;
          // If a response is lost, the SDK's retry fails its precondition although the first attempt succeeded.
          const stored = await download(blob, abortSignal);
          if (stored?.sealed === sealed) return stored.etag;
          throw new ConflictError('Another version of the token cache is stored.');
        }
      }, signal),

    remove: (userId, ifMatch, signal) =>
      call(async (abortSignal) => {
        const blob = container.getBlobClient(userId);
        const conditions = ifMatch === undefined ? {} : { ifMatch };
        try {
          await blob.delete({ deleteSnapshots: 'include', conditions, abortSignal });
        } catch (error) {
          if (hasStatus(error, 404)) return;
          if (!hasStatus(error, 412)) throw error;
          // A blob that does not exist does not match the ETag either, and is no conflict.
          if (await blob.exists({ abortSignal })) {
            throw new ConflictError('Another version of the token cache is stored.');
          }
        }
      }, signal),

    metadata: (userId, signal) =>
      call(async (abortSignal) => {
        try {
          const { lastModified, contentLength } = await container
            .getBlobClient(userId)
            .getProperties({ abortSignal });
          return {
            storedAt: present(lastModified, 'NoLastModified'),
            bytes: present(contentLength, 'NoContentLength'),
          };
        } catch (error) {
          if (hasStatus(error, 404)) return undefined;
          throw error;
        }
      }, signal),

    async *list(tid, signal) {
      const options = tid === undefined ? {} : { prefix: `${tid}/` };
      let continuationToken: string | undefined;
      do {
        const page = await call(
          (abortSignal) => readPage({ ...options, abortSignal }, continuationToken),
          signal,
        );
        for (const name of page.names) {
          const userId = readUserId(name);
          if (userId === name) yield userId;
        }
        continuationToken = page.continuationToken;
      } while (continuationToken !== undefined);
    },

    // This is the soft delete of blobs. Versioning and similar features are not visible through this API.
    keepsRemovedForDays: (signal) =>
      call(async (abortSignal) => {
        try {
          const { deleteRetentionPolicy } = await service.getProperties({ abortSignal });
          return deleteRetentionPolicy?.enabled ? deleteRetentionPolicy.days : undefined;
        } catch (error) {
          // The roles for data do not include the properties of the service.
          if (codeOf(error) === 'AuthorizationPermissionMismatch') return 'not-allowed';
          throw error;
        }
      }, signal),
  };
}

async function download(blob: BlockBlobClient, abortSignal: AbortSignal): Promise<StoredCache | undefined> {
  try {
    const {
      etag,
      contentLength = 0,
      readableStreamBody,
    } = await blob.download(0, undefined, { abortSignal });
    if (contentLength > MAX_SEALED_BYTES) {
      if (readableStreamBody instanceof Readable) readableStreamBody.destroy();
      return { sealed: '', etag: present(etag) };
    }
    // The announced length is a limit only if the SDK enforces it, so what is read is limited here, too.
    const content = await readUpTo(MAX_SEALED_BYTES, readableStreamBody ?? []);
    return { sealed: content?.toString('utf8') ?? '', etag: present(etag) };
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}
