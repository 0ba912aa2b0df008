/** The application with a managed identity, over Azurite with https and tokens. */

import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { createCertificate } from '../../../../../dev/certificate.ts';
import { API_CLIENT_ID, API_CLIENT_SECRET, TENANT_ID } from '../../../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../../../dev/entra/startEntra.ts';
import { profile } from '../../../../../functions/profile/profile.ts';
import { readConfig } from '../../../../../shared/config.ts';
import type { LogEvent } from '../../../../../shared/log.ts';
import { createStead } from '../../../../../shared/stead.ts';
import { azureStores } from '../../../../../shared/stores/azure.ts';
import { createShiftedClock } from '../../../../../shared/testing/testClock.ts';
import {
  type Answer,
  type AzuriteProxy,
  type SeenRequest,
  startAzuriteProxy,
} from '../../../../support/azuriteProxy.ts';
import { SPA_ORIGIN, signIn } from '../../../../support/entraClients.ts';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../../../support/identityEndpoint.ts';
import { secretsIn } from '../../../../support/logScan.ts';
import { someUser } from '../../../../support/sampleAccount.ts';
import { trustCertificate } from '../../../../support/trustCertificate.ts';

const MINUTE_MS = 60_000;
const ROLES = /Storage Blob Data Contributor and Storage Table Data Contributor.+ten minutes/;

let azurite: Azurite;
let blobs: AzuriteProxy;
let tables: AzuriteProxy;
let entra: Entra;
let endpoint: IdentityEndpoint;
beforeAll(async () => {
  const certificate = createCertificate(new Date());
  trustCertificate(certificate);
  azurite = await startAzurite({ certificate });
  blobs = await startAzuriteProxy(azurite, 'blob');
  tables = await startAzuriteProxy(azurite, 'table');
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
  endpoint = await startIdentityEndpoint();
  for (const [name, value] of Object.entries(endpoint.variables)) vi.stubEnv(name, value);
});
beforeEach(() => {
  endpoint.reset();
  for (const { seen } of [blobs, tables]) seen.length = 0;
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await endpoint.close();
  await entra.close();
  await tables.close();
  await blobs.close();
  await azurite.stop();
});

function createApp(settings: Record<string, string> = {}) {
  const events: LogEvent[] = [];
  const log = (event: LogEvent) => void events.push(event);
  const clientId = randomUUID();
  const config = readConfig({
    ENTRA_TENANT_ID: TENANT_ID,
    ENTRA_CLIENT_ID: API_CLIENT_ID,
    ENTRA_CLIENT_SECRET: API_CLIENT_SECRET,
    ENTRA_AUTHORITY: entra.origin,
    GRAPH_BASE_URL: entra.origin,
    TokenStore__blobServiceUri: blobs.serviceUri,
    TokenStore__tableServiceUri: tables.serviceUri,
    TokenStore__credential: 'managedidentity',
    TokenStore__clientId: clientId,
    ...settings,
  });
  const clock = createShiftedClock();
  return {
    stead: createStead(config, { clock, log, stores: azureStores }),
    operation: { log },
    events,
    clock,
    clientId,
  };
}

const seenBy = (): SeenRequest[] => [...blobs.seen, ...tables.seen];

async function whyUnreachable({ stead, events }: ReturnType<typeof createApp>) {
  expect(await stead.health()).toBe(false);
  expect(events).toEqual([expect.objectContaining({ event: 'storage.unreachable', setting: 'TokenStore' })]);
  expect(secretsIn(JSON.stringify(events))).toEqual([]);
  expect(JSON.stringify(events)).not.toMatch(/127\.0\.0\.1|devstoreaccount1|not for logs/);
  const [event] = events;
  if (event?.event !== 'storage.unreachable') throw new Error('it was not logged');
  return event;
}

describe('storage without keys', () => {
  it('is reached with tokens alone, by visits, sweeps and disconnections, for one request to the endpoint', async () => {
    const { stead, operation, clock, clientId } = createApp();
    expect(await stead.health()).toBe(true);
    const tokens = await Promise.all(
      ['adele', 'bruno', 'chiara'].map(async (user) => (await signIn(entra, user)).accessToken),
    );
    await Promise.all(tokens.map((token) => stead.asUser(operation, token, profile)));
    clock.aheadMs = 2 * MINUTE_MS;
    expect(await stead.worker.run(operation)).toMatchObject({
      due: 3,
      claimed: 3,
      brokenOff: 0,
      shardsFailed: 0,
      stoppedBy: 'done',
    });
    const [token = ''] = tokens;
    await stead.connection.disconnect(operation, token);
    expect(await stead.connection.status(operation, token)).toMatchObject({
      connection: { state: 'disconnected' },
    });

    expect(blobs.seen.map(({ method }) => method)).toEqual(expect.arrayContaining(['GET', 'PUT', 'DELETE']));
    expect(tables.seen.length).toBeGreaterThan(blobs.seen.length);
    for (const { authorization, url } of seenBy()) {
      expect(authorization).toMatch(/^Bearer eyJ/);
      expect(url.search).not.toMatch(/\bsig=/);
    }
    expect(endpoint.asked).toEqual([{ clientId, resource: 'https://storage.azure.com' }]);
    expect(endpoint.requests).toBe(1);
  });

  it('tells of the soft delete of blobs, and says if it may not look', async () => {
    const { stead } = createApp();
    expect(await stead.operators.keepsRemovedForDays()).toBeUndefined();
    blobs.next(() => true, refusal('blob', 'AuthorizationPermissionMismatch'));
    expect(await stead.operators.keepsRemovedForDays()).toBe('not-allowed');
  });
});

describe('storage that refuses', () => {
  it.each([
    'AuthorizationPermissionMismatch',
    'AuthorizationFailure',
    'KeyBasedAuthenticationNotPermitted',
    'AuthenticationFailed',
    'SomethingNew',
  ])('is a refusal for whoever asks for readiness, and no outage: %s', async (code) => {
    for (const [service, proxy] of [
      ['blob', blobs],
      ['table', tables],
    ] as const) {
      proxy.next(() => true, refusal(service, code));
      const { stead, operation } = createApp();
      const { readiness } = await stead.readiness(operation);
      expect(readiness).toMatchObject({ storage: 'refused', storageCode: code });
    }
  });

  it('is no refusal of storage if a proxy answers in its place', async () => {
    for (const proxy of [blobs, tables]) {
      proxy.next(() => true, {
        status: 403,
        headers: { 'content-type': 'text/html' },
        body: '<html>no</html>',
      });
      const { stead, operation } = createApp();
      const { readiness } = await stead.readiness(operation);
      expect(readiness).toMatchObject({ storage: 'unreachable' });
      expect(readiness.storageCode).toBeUndefined();
    }
  });

  it.each([
    ['AuthorizationPermissionMismatch', ROLES],
    ['AuthorizationFailure', /firewall/],
    ['KeyBasedAuthenticationNotPermitted', /Replace TokenStore by TokenStore__blobServiceUri/],
    ['AuthenticationFailed', /az login --tenant/],
    ['SomethingNew', /Start Azurite, or check TokenStore/],
  ])('is reported with what to do, from both services: %s', async (code, remedy) => {
    for (const [service, proxy] of [
      ['blob', blobs],
      ['table', tables],
    ] as const) {
      proxy.next(() => true, refusal(service, code));
      const event = await whyUnreachable(createApp());
      expect(event.error).toBe(`UnavailableError<StorageError:${code}:403`);
      expect(event.remedy).toMatch(remedy);
    }
  });

  it('a key is reported so, where a connection string is used', async () => {
    const uris = Object.fromEntries(
      ['blobServiceUri', 'tableServiceUri', 'credential', 'clientId'].map((name) => [
        `TokenStore__${name}`,
        '',
      ]),
    );
    const app = createApp({ ...uris, TokenStore: tables.connectionString });
    tables.next(() => true, refusal('table', 'KeyBasedAuthenticationNotPermitted'));
    expect((await whyUnreachable(app)).remedy).toMatch(/accepts no keys/);
    expect(seenBy().at(0)?.authorization).toMatch(/^SharedKey/);
  });

  it('does not believe a token for another audience, and that is reported', async () => {
    endpoint.audience = 'https://graph.microsoft.com';
    const app = createApp();
    const event = await whyUnreachable(app);
    expect(event.error).toBe('UnavailableError<StorageError:AuthenticationFailed:403');
    expect(event.remedy).toMatch(/must belong to the tenant/);
    const { accounts, tokenCache } = app.stead.services;
    for (const read of [accounts.read(someUser()), tokenCache.read(someUser())]) {
      await expect(read).rejects.toMatchObject({
        name: 'UnavailableError',
        remedy: expect.stringMatching(/tenant/),
      });
    }
    expect(seenBy().map(({ answer }) => answer?.status)).toEqual([403, 403, 403]);
    expect(endpoint.requests).toBe(1);
  });

  it('a token that the service answers with 401 is reported, too', async () => {
    tables.next(() => true, {
      ...refusal('table', 'InvalidAuthenticationInfo', 401),
      headers: {
        'content-type': 'application/json',
        'www-authenticate': `Bearer authorization_uri=https://login.microsoftonline.com/${TENANT_ID}/oauth2/authorize resource_id=https://storage.azure.com`,
      },
    });
    tables.next(() => true, refusal('table', 'InvalidAuthenticationInfo', 401));
    const event = await whyUnreachable(createApp());
    expect(event.error).toBe('UnavailableError<StorageError:InvalidAuthenticationInfo:401');
    expect(event.remedy).toMatch(/az login --tenant/);
  });
});

describe('an identity without a token', () => {
  it.each([
    ['that the app does not have', /does not have the identity that TokenStore__clientId names/, 'refused'],
    ['whose endpoint fails', /gave no token.*leave out TokenStore__credential/, 'http_500'],
  ])('%s leaves storage out of reach', async (_what, remedy, code) => {
    const app = createApp(code === 'refused' ? { TokenStore__clientId: endpoint.unknown } : {});
    if (code === 'http_500') {
      endpoint.next(
        ...Array.from({ length: 3 }, () => ({ status: 500, body: '{"message":"not for logs"}' })),
      );
    }
    const event = await whyUnreachable(app);
    expect(event.error).toBe(`UnavailableError<StorageError:identity_${code}`);
    expect(event.remedy).toMatch(remedy);
    expect(seenBy()).toEqual([]);
    const again = await app.stead.readiness(app.operation);
    expect(again.readiness).toMatchObject(
      code === 'refused' ? { storage: 'refused', storageCode: 'identity_refused' } : { storage: 'ready' },
    );
  });
});

function refusal(service: 'blob' | 'table', code: string, status = 403): Answer {
  return service === 'blob'
    ? {
        status,
        headers: { 'content-type': 'application/xml', 'x-ms-error-code': code },
        body: `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>not for logs</Message></Error>`,
      }
    : {
        status,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: 'not for logs' } } }),
      };
}
