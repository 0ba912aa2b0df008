/** What the doctor says of storage, over Azurite with https, with a key and with tokens. */
import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { createCertificate } from '../../../../dev/certificate.ts';
import { freePorts } from '../../../../dev/freePorts.ts';
import { clockCheck } from '../../../../ops/doctor/clockCheck.ts';
import { storageCheck } from '../../../../ops/doctor/storageCheck.ts';
import { workerCheck } from '../../../../ops/doctor/workerCheck.ts';
import { createBlobTokenCache } from '../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createTableSharedState } from '../../../../shared/adapters/azureStorage/tableSharedState.ts';
import { systemClock } from '../../../../shared/clock.ts';
import type { StoreCredential } from '../../../../shared/ports.ts';
import { refusal } from '../../../support/azuriteFaults.ts';
import { type AzuriteProxy, startAzuriteProxy } from '../../../support/azuriteProxy.ts';
import { tokenFor } from '../../../support/identityEndpoint.ts';
import { SUMMARY } from '../../../support/sharedStateContract.ts';
import { trustCertificate } from '../../../support/trustCertificate.ts';
import { type Examining, examined } from './registeredStage.ts';

let azurite: Azurite;
let blobs: AzuriteProxy;
let tables: AzuriteProxy;
beforeAll(async () => {
  const certificate = createCertificate(new Date());
  trustCertificate(certificate);
  azurite = await startAzurite({ certificate });
});
beforeEach(async () => {
  blobs = await startAzuriteProxy(azurite, 'blob');
  tables = await startAzuriteProxy(azurite, 'table');
});
afterEach(async () => {
  await blobs.close();
  await tables.close();
});
afterAll(() => azurite.stop());

const entra = {
  ENTRA_TENANT_ID: randomUUID(),
  ENTRA_CLIENT_ID: randomUUID(),
  ENTRA_CLIENT_SECRET: 'one',
  ENTRA_AUTHORITY: 'http://127.0.0.1:1',
};
const withKey = () => ({ ...entra, TokenStore: azurite.connectionString });
const withoutKey = () => ({
  ...entra,
  TokenStore__blobServiceUri: blobs.serviceUri,
  TokenStore__tableServiceUri: tables.serviceUri,
});
const signedIn = (audience = 'https://storage.azure.com'): StoreCredential => ({
  getToken: async () => ({ token: tokenFor(audience), expiresOnTimestamp: Date.now() + 3_600_000 }),
});
const asOperator: Examining = { ownSignIn: signedIn() };
const isWrite = ({ method }: { method: string }): boolean =>
  method === 'PUT' || method === 'POST' || method === 'PATCH';
const isRead = ({ method }: { method: string }): boolean => method === 'GET' || method === 'HEAD';

describe('storage', () => {
  it('can be read and written with a key, and nothing of it stays that a list could show', async () => {
    expect(await examined(storageCheck, withKey())).toEqual([
      { state: 'ok', says: 'Blobs and tables can be read and written with these settings.' },
    ]);
    const { connectionString } = azurite;
    expect(await Array.fromAsync(createBlobTokenCache({ connectionString }).list())).toEqual([]);
    expect(await Array.fromAsync(createTableAccounts({ connectionString }).list())).toEqual([]);
    expect(await createTableSharedState({ connectionString }).cooling()).toEqual([]);
  });

  it('can be read and written by the operator, which says nothing of the app', async () => {
    expect(await examined(storageCheck, withoutKey(), asOperator)).toEqual([
      { state: 'ok', says: expect.stringMatching(/as you, who are signed in to the Azure CLI\.$/) },
      expect.objectContaining({ state: 'skipped', command: expect.stringContaining('--api-url') }),
    ]);
    const written = blobs.seen.filter(isWrite).map(({ url }) => url.pathname);
    expect(written.at(-1)).toMatch(/\/token-cache\/doctor(?:%2F|\/)[\da-f-]{36}$/);
    expect(blobs.seen.some(({ method, url }) => method === 'DELETE' && url.pathname === written.at(-1))).toBe(
      true,
    );
  });

  it.each([
    [
      'the role is missing',
      'AuthorizationPermissionMismatch',
      /Storage Blob Data Contributor/,
      /az role assignment create/,
    ],
    ['the firewall refuses', 'AuthorizationFailure', /firewall/, /network-rule list/],
    ['keys are not allowed', 'KeyBasedAuthenticationNotPermitted', /accepts no keys/, /az login/],
  ])('is wrong if %s, already for reading or only for writing', async (_what, code, remedy, command) => {
    for (const hits of [isRead, isWrite]) {
      // The SDK of tables creates a missing table first.
      await examined(storageCheck, withKey());
      blobs.next(hits, refusal(403, code));
      tables.next(hits, refusal(403, code));
      const lines = await examined(storageCheck, withoutKey(), asOperator);
      expect(lines).toEqual(
        ['Blobs', 'Tables'].map((what) => ({
          state: 'wrong',
          says: `${what} cannot be read and written (${code}).`,
          remedy: expect.stringMatching(remedy),
          command: expect.stringMatching(command),
        })),
      );
    }
  });

  it('is wrong if it does not believe the token', async () => {
    const lines = await examined(storageCheck, withoutKey(), {
      ownSignIn: signedIn('https://graph.microsoft.com'),
    });
    expect(lines.map(({ state, says }) => [state, says])).toEqual([
      ['wrong', 'Blobs cannot be read and written (AuthenticationFailed).'],
      ['wrong', 'Tables cannot be read and written (AuthenticationFailed).'],
    ]);
  });

  it('is wrong if it does not believe the key', async () => {
    const TokenStore = azurite.connectionString.replace(
      /AccountKey=[^;]+/,
      `AccountKey=${Buffer.alloc(64).toString('base64')}`,
    );
    const lines = await examined(storageCheck, { ...entra, TokenStore });
    // No sign-in mends a key.
    const command = 'az storage account show-connection-string --name <storage account>';
    expect(lines).toEqual([
      expect.objectContaining({ state: 'wrong', command }),
      expect.objectContaining({ state: 'wrong', command }),
    ]);
  });

  it('is wrong if it accepts no keys and is given one', async () => {
    const TokenStore = azurite.connectionString
      .replace(/BlobEndpoint=[^;]+/, `BlobEndpoint=${blobs.serviceUri}`)
      .replace(/TableEndpoint=[^;]+/, `TableEndpoint=${tables.serviceUri}`);
    blobs.next(isRead, refusal(403, 'KeyBasedAuthenticationNotPermitted'));
    tables.next(isRead, refusal(403, 'KeyBasedAuthenticationNotPermitted'));
    const lines = await examined(storageCheck, { ...entra, TokenStore });
    expect(lines.map(({ state, command }) => [state, command])).toEqual(
      ['Blobs', 'Tables'].map(() => [
        'wrong',
        'az storage account show --name <storage account> --query "[primaryEndpoints.blob, primaryEndpoints.table]"',
      ]),
    );
  });

  it('is not wrong if a proxy refuses in its place', async () => {
    for (const proxy of [blobs, tables]) {
      proxy.next(isRead, {
        status: 403,
        headers: { 'content-type': 'text/html' },
        body: '<html>Blocked</html>',
      });
    }
    expect(await examined(storageCheck, withoutKey(), asOperator)).toEqual(
      ['Blobs', 'Tables'].map((what) => ({
        state: 'unreachable',
        says: expect.stringContaining(`${what} cannot be read and written (`),
        remedy: expect.any(String),
        command: 'npm run doctor',
      })),
    );
  });

  it('cannot be reached, and is not wrong, if nothing answers', async () => {
    const [port] = await freePorts(1);
    const TokenStore = azurite.connectionString.replaceAll(/127\.0\.0\.1:\d+/g, `127.0.0.1:${port}`);
    const lines = await examined(storageCheck, { ...entra, TokenStore });
    expect(lines.map(({ state, says }) => [state, says])).toEqual([
      ['unreachable', 'Blobs cannot be read and written (ECONNREFUSED).'],
      ['unreachable', 'Tables cannot be read and written (ECONNREFUSED).'],
    ]);
  });

  it('is not judged without a sign-in, and not with an identity that this machine does not have', async () => {
    expect(await examined(storageCheck, withoutKey())).toEqual([
      { state: 'skipped', says: 'There is no token for storage (az_missing).', remedy: 'Install it.' },
    ]);
    const identity = { ...withoutKey(), TokenStore__credential: 'managedidentity' };
    expect(await examined(storageCheck, identity)).toEqual([
      expect.objectContaining({ state: 'skipped', says: expect.stringMatching(/managed identity/) }),
    ]);
    expect(await examined(workerCheck, identity)).toEqual([expect.objectContaining({ state: 'skipped' })]);
  });

  it('warns if soft delete keeps erased caches, and says if that cannot be seen', async () => {
    const isProperties = ({ url }: { url: URL }) => url.searchParams.get('restype') === 'service';
    const properties =
      '<StorageServiceProperties><DeleteRetentionPolicy><Enabled>true</Enabled><Days>7</Days></DeleteRetentionPolicy></StorageServiceProperties>';
    blobs.next(isProperties, {
      status: 200,
      headers: { 'content-type': 'application/xml' },
      body: properties,
    });
    expect((await examined(storageCheck, withoutKey(), asOperator)).at(-1)).toMatchObject({
      state: 'warn',
      says: 'Soft delete is on, so storage keeps every erased cache for 7 days.',
      command: expect.stringContaining('--enable-delete-retention false'),
    });
    blobs.next(isProperties, refusal(403, 'AuthorizationPermissionMismatch'));
    expect((await examined(storageCheck, withoutKey(), asOperator)).at(-1)).toMatchObject({
      state: 'skipped',
      says: expect.stringContaining('role Reader'),
    });
  });
});

describe('clock', () => {
  it('is compared with that of storage', async () => {
    const settings = { ...withKey(), ENTRA_TENANT_ID: '' };
    expect(await examined(clockCheck, settings)).toEqual([
      { state: 'ok', says: 'This machine agrees with storage.' },
    ]);
    tables.next(isRead, {
      ...refusal(404, 'ResourceNotFound', { date: new Date(Date.now() + 600_000).toUTCString() }),
    });
    expect(await examined(clockCheck, { ...withoutKey(), ENTRA_TENANT_ID: '' }, asOperator)).toEqual([
      expect.objectContaining({
        state: 'wrong',
        says: expect.stringMatching(/ s behind that of storage\.$/),
      }),
    ]);
  });
});

describe('worker', () => {
  const later = (ms: number) => ({ clock: { ...systemClock, now: () => new Date(Date.now() + ms) } });
  it('tells how long ago its last run ended, and whether it is silent or stopped', async () => {
    expect(await examined(workerCheck, withKey())).toEqual([
      expect.objectContaining({ state: 'warn', says: 'No run of the worker has ended yet.' }),
    ]);
    const state = createTableSharedState({ connectionString: azurite.connectionString });
    await state.runEnded(SUMMARY);
    expect(await examined(workerCheck, withKey())).toEqual([
      { state: 'ok', says: expect.stringMatching(/^The last run of the worker ended \d+ s ago\.$/) },
    ]);
    expect(await examined(workerCheck, withKey(), later(7 * 60_000))).toEqual([
      expect.objectContaining({ state: 'warn', says: 'The last run of the worker ended 7 min ago.' }),
    ]);
    await state.orderRetirement({ order: 'stopped', at: new Date() });
    expect((await examined(workerCheck, withKey()))[1]).toMatchObject({
      state: 'warn',
      command: 'npm run stead -- accounts retire',
    });
  });
});
