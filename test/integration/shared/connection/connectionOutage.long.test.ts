/** The connection's routes over Azurite, while storage is down, slow, busy or loses answers. */
import { HttpRequest, type HttpResponseInit, InvocationContext } from '@azure/functions';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { createBlobTokenCache } from '../../../../shared/adapters/azureStorage/blobTokenCache.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createFunctionHandlers } from '../../../../shared/serve/functionHandlers.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { createShiftedClock } from '../../../../shared/testing/testClock.ts';
import type { Problem } from '../../../../shared/wire.ts';
import { uniqueName } from '../../../support/azuriteAccounts.ts';
import { BUSY, FORBIDDEN, refusal } from '../../../support/azuriteFaults.ts';
import { type AzuriteProxy, type Fault, startAzuriteProxy } from '../../../support/azuriteProxy.ts';
import { SPA_ORIGIN } from '../../../support/entraClients.ts';
import { secretsIn } from '../../../support/logScan.ts';
import { callerFor } from '../../../support/userTokens.ts';

const METHODS = ['GET', 'PUT', 'DELETE'] as const;
/** More than one request here sends to storage, tries again included. */
const MOST_REQUESTS = 100;
/** When the first check of a tombstone is due. */
const FIRST_CHECK_MS = 11 * 60_000;
const CHANGED = refusal(412, 'UpdateConditionNotSatisfied');

let entra: Entra;
let azurite: Azurite;
let table: AzuriteProxy;
let blob: AzuriteProxy;

beforeAll(async () => {
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
  azurite = await startAzurite();
  table = await startAzuriteProxy(azurite, 'table');
  blob = await startAzuriteProxy(azurite, 'blob');
});
afterAll(async () => {
  await table?.close();
  await blob?.close();
  await azurite?.stop();
  await entra?.close();
});

let outage: { on: boolean };
beforeEach(() => {
  outage = { on: true };
});

/** Until the outage is over. */
function fail(proxy: AzuriteProxy, fault: Fault, hits: (method: string) => boolean = () => true): void {
  const mine = outage;
  for (let request = 0; request < MOST_REQUESTS; request += 1) {
    proxy.next(({ method }) => mine.on && hits(method), fault);
  }
}

/** Adele, connected, in rows and caches of her own. */
async function connected() {
  const clock = createShiftedClock();
  const accounts = createTableAccounts({
    connectionString: table.connectionString,
    tableName: uniqueName(),
    clock,
  });
  const store = createBlobTokenCache({
    connectionString: blob.connectionString,
    containerName: uniqueName(),
  });
  const app = createLocalApp(entra, { clock, accounts, tokenCache: store });
  const handler = createFunctionHandlers(app.stead).connection;
  const { assertion, userId } = await callerFor(entra, 'adele');
  await app.getProfile(assertion);
  const lines: string[] = [];
  return {
    app,
    lines,
    async send(method: (typeof METHODS)[number]): Promise<HttpResponseInit> {
      const headers = { authorization: `Bearer ${assertion}` };
      const request = new HttpRequest({ method, url: 'http://localhost/api/connection', headers });
      const logHandler = (_level: unknown, ...line: unknown[]) => void lines.push(line.join(' '));
      return handler(request, new InvocationContext({ functionName: 'connection', logHandler }));
    },
    kept: async () => ({
      state: (await accounts.read(userId))?.state,
      cache: (await store.read(userId)) !== undefined,
    }),
  };
}

function expectUnavailable({ status, headers, body }: HttpResponseInit): void {
  expect(status).toBe(503);
  expect(new Headers(headers as Record<string, string>).get('retry-after')).toBe('5');
  expect(new Headers(headers as Record<string, string>).get('www-authenticate')).toBeNull();
  expect((JSON.parse(String(body)) as Problem).code).toBe('UNAVAILABLE');
}

describe.each<[what: string, fault: Fault]>([
  ['busy', BUSY],
  ['closed to us', FORBIDDEN],
  ['silent', 'none'],
])('while the rows are %s', (_what, fault) => {
  it('every method is 503, and goes on afterwards', async () => {
    const users = await Promise.all(METHODS.map(async (method) => ({ method, adele: await connected() })));
    fail(table, fault);
    const answers = await Promise.all(users.map(({ adele, method }) => adele.send(method)));
    for (const answer of answers) expectUnavailable(answer);
    outage.on = false;
    for (const { method, adele } of users) {
      expect(await adele.kept()).toEqual({ state: 'active', cache: true });
      expect((await adele.send(method)).status).toBe(method === 'DELETE' ? 204 : 200);
      expect(secretsIn(adele.lines.join('\n'))).toEqual([]);
    }
  });
});

describe('a row that others change at every try', () => {
  it('is 503 for who disconnects, and nothing is lost by it', async () => {
    const adele = await connected();
    fail(table, CHANGED, (method) => method === 'POST');
    expectUnavailable(await adele.send('DELETE'));
    expect(await adele.kept()).toEqual({ state: 'active', cache: true });
    expect(adele.lines.at(-1)).toContain('"error":"UnavailableError<ConflictError"');
    outage.on = false;
    expect((await adele.send('DELETE')).status).toBe(204);
    expect(await adele.kept()).toEqual({ state: 'disconnected', cache: false });
  });

  it('is 503 for who connects, and nothing of what reads alone', async () => {
    const adele = await connected();
    expect((await adele.send('DELETE')).status).toBe(204);
    fail(table, CHANGED, (method) => method === 'POST');
    expectUnavailable(await adele.send('PUT'));
    expect((await adele.send('GET')).status).toBe(200);
    outage.on = false;
    expect(JSON.parse(String((await adele.send('PUT')).body))).toMatchObject({ state: 'pending' });
  });
});

describe('a disconnection', () => {
  it('whose answer storage lost is one all the same', async () => {
    const adele = await connected();
    table.next(({ method }) => method === 'POST', 'lost');
    blob.next(({ method }) => method === 'DELETE', 'lost');
    expect((await adele.send('DELETE')).status).toBe(204);
    expect(await adele.kept()).toEqual({ state: 'disconnected', cache: false });
  });

  it('that could not delete the cache is 503, and is finished by asking again', async () => {
    const adele = await connected();
    fail(blob, BUSY);
    expectUnavailable(await adele.send('DELETE'));
    outage.on = false;
    expect(await adele.kept()).toEqual({ state: 'disconnected', cache: true });
    const logged = () => adele.lines.filter((line) => line.includes('"account.ended"'));
    expect(logged()).toHaveLength(1);
    expect((await adele.send('DELETE')).status).toBe(204);
    expect(await adele.kept()).toEqual({ state: 'disconnected', cache: false });
    expect(logged()).toHaveLength(1);
  });

  it('that no request finished is finished by the worker', async () => {
    const adele = await connected();
    fail(blob, BUSY);
    expectUnavailable(await adele.send('DELETE'));
    outage.on = false;
    expect(await adele.kept()).toEqual({ state: 'disconnected', cache: true });
    adele.app.clock.aheadMs = FIRST_CHECK_MS;
    expect(await adele.app.sweep()).toMatchObject({ claimed: 1, refreshed: 0, fromCache: 0 });
    expect(await adele.kept()).toEqual({ state: 'disconnected', cache: false });
  });
});
