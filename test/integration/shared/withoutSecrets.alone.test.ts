/** The application as `infra/` deploys it: one managed identity for Entra and for storage, and no secret. */

import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { type Azurite, startAzurite } from '../../../dev/azurite.ts';
import { createCertificate } from '../../../dev/certificate.ts';
import { registerCredential } from '../../../dev/credentials.ts';
import { API_CLIENT_ID, MANAGED_IDENTITIES, TENANT_ID } from '../../../dev/entra/directory.ts';
import { type Entra, startEntra } from '../../../dev/entra/startEntra.ts';
import { profile } from '../../../functions/profile/profile.ts';
import { readConfig } from '../../../shared/config.ts';
import type { LogEvent } from '../../../shared/log.ts';
import { createStead } from '../../../shared/stead.ts';
import { azureStores } from '../../../shared/stores/azure.ts';
import { createShiftedClock } from '../../../shared/testing/testClock.ts';
import { type AzuriteProxy, startAzuriteProxy } from '../../support/azuriteProxy.ts';
import { journal, SPA_ORIGIN, signIn } from '../../support/entraClients.ts';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../support/identityEndpoint.ts';
import { trustCertificate } from '../../support/trustCertificate.ts';

const [{ clientId }] = MANAGED_IDENTITIES;
/** To MSAL, such a token has expired when it is issued. */
const EXPIRED_AT_ONCE = 299;

let azurite: Azurite;
let blobs: AzuriteProxy;
let tables: AzuriteProxy;
let entra: Entra;
let endpoint: IdentityEndpoint;
let ofEntra: Record<string, string>;
beforeAll(async () => {
  const certificate = createCertificate(new Date());
  trustCertificate(certificate);
  azurite = await startAzurite({ certificate });
  blobs = await startAzuriteProxy(azurite, 'blob');
  tables = await startAzuriteProxy(azurite, 'table');
  entra = await startEntra({
    port: 0,
    spaOrigins: [SPA_ORIGIN],
    lifetimes: { graphAccessToken: EXPIRED_AT_ONCE },
  });
  endpoint = await startIdentityEndpoint();
  const {
    IDENTITY_ENDPOINT: url = '',
    IDENTITY_HEADER: header = '',
    ...more
  } = await registerCredential(entra.origin, 'managed-identity');
  endpoint.others = { url, header };
  ofEntra = more;
  for (const [name, value] of Object.entries(endpoint.variables)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await endpoint.close();
  await entra.close();
  await tables.close();
  await blobs.close();
  await azurite.stop();
});

it.each([
  'storage',
  'Entra',
])('one identity opens storage and proves the API to Entra, whichever is first: %s', async (first) => {
  endpoint.asked.length = 0;
  const events: LogEvent[] = [];
  const operation = { log: (event: LogEvent) => void events.push(event) };
  const clock = createShiftedClock();
  const config = readConfig({
    ENTRA_TENANT_ID: TENANT_ID,
    ENTRA_CLIENT_ID: API_CLIENT_ID,
    ENTRA_AUTHORITY: entra.origin,
    GRAPH_BASE_URL: entra.origin,
    ...ofEntra,
    TokenStore__blobServiceUri: blobs.serviceUri,
    TokenStore__tableServiceUri: tables.serviceUri,
    TokenStore__queueServiceUri: `https://127.0.0.1:${azurite.ports.queue}/devstoreaccount1`,
    TokenStore__credential: 'managedidentity',
    TokenStore__clientId: clientId,
  });
  const stead = createStead(config, { clock, log: operation.log, stores: azureStores });
  if (first === 'storage') expect(await stead.health()).toBe(true);
  const { accessToken } = await signIn(entra, first === 'storage' ? 'adele' : 'bruno');
  await stead.asUser(operation, accessToken, profile);
  clock.aheadMs = 120_000;
  expect(await stead.worker.run(operation)).toMatchObject({
    claimed: 1,
    refreshed: 1,
    brokenOff: 0,
    stoppedBy: 'done',
  });

  const resources = endpoint.asked.map(({ resource }) => resource).sort();
  expect(resources).toEqual(['api://AzureADTokenExchange', 'https://storage.azure.com']);
  expect(new Set(endpoint.asked.map((one) => one.clientId))).toEqual(new Set([clientId]));
  for (const { authorization } of [...blobs.seen, ...tables.seen])
    expect(authorization).toMatch(/^Bearer eyJ/);
  const grants = (await journal(entra)).filter(({ client, grant }) => client === API_CLIENT_ID && grant);
  expect(new Set(grants.map(({ status }) => status))).toEqual(new Set([200]));
});
