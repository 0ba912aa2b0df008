import type { BlobServiceClient } from '@azure/storage-blob';
import { storageFaults } from './storageFaults.ts';
import { ServiceRefusal } from './tableModel.ts';
import type { ProcessLife, World } from './world.ts';

export type Blob = { content: string; etag: string; storedAt: number };
/** One change of a blob, and whose it was. */
export type BlobChange = {
  by: ProcessLife | undefined;
  name: string;
  before: string | undefined;
  after: string | undefined;
};

type Conditions = { ifMatch?: string; ifNoneMatch?: string };
type Options = { abortSignal?: AbortSignal; conditions?: Conditions };

export type BlobModel = ReturnType<typeof createBlobModel>;

/** A container of Blob Storage as far as Stead uses it: contents by name, each with an ETag. */
export function createBlobModel(now: () => number, onChange: (change: BlobChange) => void) {
  const blobs = new Map<string, Blob>();
  let version = 0;

  function check(blob: Blob | undefined, { ifMatch, ifNoneMatch }: Conditions): void {
    if (ifNoneMatch === '*' && blob !== undefined) throw new ServiceRefusal('BlobAlreadyExists', 409);
    if (ifMatch !== undefined && ifMatch !== blob?.etag) throw new ServiceRefusal('ConditionNotMet', 412);
  }

  return {
    blob: (name: string) => blobs.get(name),
    names: () => [...blobs.keys()].sort(),
    put(name: string, content: string, conditions: Conditions, by: ProcessLife | undefined): string {
      const before = blobs.get(name);
      check(before, conditions);
      version += 1;
      const etag = `"${version}"`;
      blobs.set(name, { content, etag, storedAt: now() });
      onChange({ by, name, before: before?.content, after: content });
      return etag;
    },
    remove(name: string, conditions: Conditions, by: ProcessLife | undefined): void {
      const before = blobs.get(name);
      if (before === undefined && conditions.ifMatch === undefined) {
        throw new ServiceRefusal('BlobNotFound', 404);
      }
      check(before, conditions);
      blobs.delete(name);
      onChange({ by, name, before: before?.content, after: undefined });
    },
  };
}

/** The SDK's client of blobs, over the model. Each method is one request of one process. */
export function createBlobClientModel(
  world: World,
  blobs: BlobModel,
  process: ProcessLife,
  nameOf: (text: string) => string,
): BlobServiceClient {
  async function send<T>(what: string, effect: () => T, changes: boolean, options: Options = {}): Promise<T> {
    const { value } = await world.ask<{ value: T }>(process, {
      what: () => `blob: ${nameOf(what)}`,
      effect: () => ({ value: effect() }),
      changes,
      faults: storageFaults(changes),
      aborted: () => Object.assign(new Error('aborted'), { name: 'AbortError' }),
      signal: options.abortSignal,
    });
    return value;
  }

  const existing = (name: string): Blob => {
    const blob = blobs.blob(name);
    if (blob === undefined) throw new ServiceRefusal('BlobNotFound', 404);
    return blob;
  };

  const blobClient = (name: string) => ({
    upload: (content: string, _length: number, options: Options) =>
      send(
        `write ${name}`,
        () => ({ etag: blobs.put(name, content, options.conditions ?? {}, world.current() ?? process) }),
        true,
        options,
      ),
    download: (_from: number, _count: undefined, options: Options) =>
      send(
        `read ${name}`,
        () => {
          const { content, etag } = existing(name);
          const bytes = Buffer.from(content);
          return { etag, contentLength: bytes.length, readableStreamBody: [bytes] };
        },
        false,
        options,
      ),
    delete: (options: Options) =>
      send(
        `delete ${name}`,
        () => blobs.remove(name, options.conditions ?? {}, world.current() ?? process),
        true,
        options,
      ),
    exists: (options: Options) =>
      send(`exists ${name}`, () => blobs.blob(name) !== undefined, false, options),
    getProperties: (options: Options) =>
      send(
        `properties ${name}`,
        () => {
          const { content, storedAt } = existing(name);
          return { lastModified: new Date(storedAt), contentLength: Buffer.byteLength(content) };
        },
        false,
        options,
      ),
  });

  const container = {
    getBlockBlobClient: blobClient,
    getBlobClient: blobClient,
    createIfNotExists: async () => undefined,
  };
  return { getContainerClient: () => container } as unknown as BlobServiceClient;
}
