import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ContainerClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { createBlobTokenCache } from '../../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { ConflictError, UnavailableError } from '../../../../../shared/errors.ts';
import type { TokenCacheStore } from '../../../../../shared/tokenCacheStore.ts';
import { MAX_SEALED_BYTES } from '../../../../../shared/tokens/storedCache.ts';
import { partsOf, type UserId } from '../../../../../shared/userId.ts';
import { uniqueName } from '../../../../support/azuriteAccounts.ts';
import { BUSY, expectOutage, FORBIDDEN, until } from '../../../../support/azuriteFaults.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';
import { someUser } from '../../../../support/sampleAccount.ts';

const HUGE = 100 * 1_048_576;

const any = () => true;
const isPut = ({ method }: SeenRequest) => method === 'PUT';
const isDelete = ({ method }: SeenRequest) => method === 'DELETE';
const isList = ({ url }: SeenRequest) => url.searchParams.get('comp') === 'list';
const makesContainer = ({ url }: SeenRequest) => url.searchParams.get('restype') === 'container';

type Method = (store: TokenCacheStore, user: UserId, signal?: AbortSignal) => Promise<unknown>;
const METHODS: [string, Method][] = [
  ['read', (store, user, signal) => store.read(user, signal)],
  ['write', (store, user, signal) => store.write(user, 'sealed', undefined, signal)],
  ['remove', (store, user, signal) => store.remove(user, undefined, signal)],
  ['metadata', (store, user, signal) => store.metadata(user, signal)],
  ['list', (store, _, signal) => Array.fromAsync(store.list(undefined, signal))],
];

describe('The blob token cache', () => {
  let azurite: Azurite;
  let proxy: AzuriteProxy;
  let containerName: string;
  let store: TokenCacheStore;
  const user = someUser();
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startAzuriteProxy(azurite, 'blob');
    containerName = uniqueName();
    store = createBlobTokenCache({ connectionString: proxy.connectionString, containerName });
  });
  afterEach(() => proxy.close());

  it('keeps a cache in one blob of type application/jose, named by the user id', async () => {
    const etag = await store.write(user, 'sealed', undefined);
    const container = new ContainerClient(azurite.connectionString, containerName);
    const blob = await container.getBlobClient(user).getProperties();
    expect(blob).toMatchObject({ etag, contentType: 'application/jose', contentLength: 6 });
  });

  it('makes the container once, when it is first missed', async () => {
    expect(await store.read(user)).toBeUndefined();
    await store.remove(user);
    expect(proxy.seen.filter(makesContainer)).toHaveLength(0);
    await store.write(user, 'sealed', undefined);
    await store.write(someUser(), 'sealed', undefined);
    expect(proxy.seen.filter(makesContainer)).toHaveLength(1);
  });

  it('has nobody to list before there is a container', async () => {
    expect(await Array.fromAsync(store.list())).toEqual([]);
    expect(proxy.seen.every(isList)).toBe(true);
  });

  it('is busy once an operation has failed because the service asks for fewer requests', async () => {
    expect(store.isBusy?.()).toBe(false);
    for (let attempt = 0; attempt < 3; attempt += 1)
      proxy.next(() => true, { status: 503, headers: { 'retry-after-ms': '1' }, body: '' });
    await expect(store.read(someUser())).rejects.toThrow(UnavailableError);
    expect(store.isBusy?.()).toBe(true);
  });

  it('does not remember that the container could not be made', async () => {
    proxy.next(makesContainer, FORBIDDEN);
    await expectOutage(store.write(user, 'sealed', undefined), user, 'AuthorizationFailure');
    const users = Array.from({ length: 5 }, someUser);
    await Promise.all(users.map((one) => store.write(one, 'sealed', undefined)));
    for (const one of users) expect((await store.read(one))?.sealed).toBe('sealed');
  });

  it('tries again when the service is busy', async () => {
    proxy.next(isPut, BUSY);
    proxy.next(isPut, BUSY);
    const etag = await store.write(user, 'sealed', undefined);
    proxy.next(any, BUSY);
    expect(await store.read(user)).toEqual({ sealed: 'sealed', etag });
  });

  it.each([
    ['first', undefined],
    ['later', 'before'],
  ])('knows its own success when the answer to a %s write is lost', async (_, before) => {
    await store.write(someUser(), 'makes the container', undefined);
    const ifMatch = before === undefined ? undefined : await store.write(user, before, undefined);
    proxy.seen.length = 0;
    proxy.next(isPut, 'lost');
    const etag = await store.write(user, 'sealed', ifMatch);
    expect(proxy.seen.filter(isPut)).toHaveLength(2);
    expect(await store.read(user)).toEqual({ sealed: 'sealed', etag });
  });

  it('does not take another writer for itself when an answer is lost', async () => {
    const first = await store.write(user, 'first', undefined);
    await store.write(user, 'by somebody else', first);
    proxy.next(isPut, 'lost');
    await expect(store.write(user, 'by me', first)).rejects.toThrow(ConflictError);
  });

  it('removes a cache although the answer is lost', async () => {
    await store.write(user, 'sealed', undefined);
    proxy.next(isDelete, 'lost');
    await store.remove(user);
    expect(await store.read(user)).toBeUndefined();
  });

  it('removes the version it was told of although the answer is lost', async () => {
    const etag = await store.write(user, 'sealed', undefined);
    proxy.next(isDelete, 'lost');
    await store.remove(user, etag);
    expect(await store.read(user)).toBeUndefined();
  });

  it('reads nothing of a blob of 100 MiB, and ends the answer', async () => {
    let sent = 0;
    let stopped = false;
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-length': HUGE, etag: '"huge"' });
      response.on('close', () => {
        stopped = true;
      });
      const chunk = Buffer.alloc(65_536, 'x');
      const send = () => {
        while (!stopped && sent < HUGE) {
          sent += chunk.length;
          if (!response.write(chunk)) return void response.once('drain', send);
        }
      };
      send();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const { port } = server.address() as AddressInfo;
      const connectionString = azurite.connectionString.replace(`:${azurite.ports.blob}/`, `:${port}/`);
      const huge = createBlobTokenCache({ connectionString, containerName });
      expect(await huge.read(user)).toEqual({ sealed: '', etag: '"huge"' });
      await until(() => stopped);
      // What the two sockets hold is all that can have left.
      expect(sent).toBeLessThan(HUGE / 4);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it('lets a blob that is too large be replaced, in the version that was seen', async () => {
    await store.write(user, 'x'.repeat(MAX_SEALED_BYTES + 1), undefined);
    const { sealed, etag = '' } = (await store.read(user)) ?? {};
    expect(sealed).toBe('');
    await store.write(user, 'sealed', etag);
    expect((await store.read(user))?.sealed).toBe('sealed');
  });

  it('passes over blobs that are not named by a user id', async () => {
    await store.write(user, 'sealed', undefined);
    const container = new ContainerClient(azurite.connectionString, containerName);
    const { tid, oid } = partsOf(user);
    const upper = `${tid}/a${oid.slice(1)}`.toUpperCase();
    const foreign = [
      'readme.txt',
      tid,
      `${tid}/`,
      `${tid}_${oid}`,
      `${tid}/${oid}/old`,
      `${tid}/${oid}x`,
      upper,
    ];
    for (const name of foreign) await container.getBlockBlobClient(name).upload('x', 1);
    expect(await Array.fromAsync(store.list())).toEqual([user]);
    expect(await Array.fromAsync(store.list(tid))).toEqual([user]);
  });

  it('reads on after a page of blobs that is empty and not the last', async () => {
    await store.write(user, 'sealed', undefined);
    proxy.next(isList, {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: '<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs/><NextMarker>0</NextMarker></EnumerationResults>',
    });
    proxy.seen.length = 0;
    expect(await Array.fromAsync(store.list())).toEqual([user]);
    expect(proxy.seen.filter(isList).map(({ url }) => url.searchParams.get('marker'))).toEqual([null, '0']);
  });

  it('asks for the names of one tenant alone', async () => {
    await store.write(user, 'sealed', undefined);
    proxy.seen.length = 0;
    const { tid } = partsOf(user);
    expect(await Array.fromAsync(store.list(tid))).toEqual([user]);
    expect(proxy.seen.map(({ url }) => url.searchParams.get('prefix'))).toEqual([`${tid}/`]);
  });

  it.each(METHODS)('says that access is refused when it cannot %s, and not for whom', async (_, method) => {
    proxy.next(any, FORBIDDEN);
    await expectOutage(method(store, user), user, 'AuthorizationFailure 403');
  });

  it.each(METHODS)('says that nobody is there when it cannot %s', async (_, method) => {
    await proxy.close();
    await expectOutage(method(store, user), user, 'ECONNREFUSED');
    proxy = await startAzuriteProxy(azurite, 'blob');
  });

  it.each(METHODS)('stops a %s when its caller has stopped waiting', async (_, method) => {
    const abort = new AbortController();
    proxy.next(any, 'none');
    const operation = method(store, user, abort.signal);
    setTimeout(() => abort.abort(), 50);
    await expectOutage(operation, user, 'AbortError');
  });

  it('does not wait for ever for a service that says nothing', async () => {
    proxy.next(any, 'none');
    await expectOutage(store.read(user), user, 'AbortError');
  });
});
