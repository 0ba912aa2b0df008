/** What is left behind in the table, in great numbers: entries of nobody, and cooldowns that are over. */
import { randomUUID } from 'node:crypto';
import { TableClient, type TransactionAction } from '@azure/data-tables';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { dueRowKey, userRowKey } from '../../../../shared/adapters/azureStorage/rowKeys.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createTableSharedState } from '../../../../shared/adapters/azureStorage/tableSharedState.ts';
import { shardOf } from '../../../../shared/adapters/shards.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../support/azuriteProxy.ts';
import { SPA_ORIGIN } from '../../../support/entraClients.ts';
import { sampleActive, someUserOf } from '../../../support/sampleAccount.ts';

const MANY = 500;
const AT_ONCE = 100;
/** Each row is one request, through a proxy. */
const PATIENCE_MS = 120_000;
const HOUR_MS = 3_600_000;

let azurite: Azurite;
let entra: Entra;
let proxy: AzuriteProxy;
beforeAll(async () => {
  azurite = await startAzurite();
  entra = await startEntra({ port: 0, spaOrigins: [SPA_ORIGIN] });
  proxy = await startAzuriteProxy(azurite, 'table');
});
afterAll(async () => {
  await proxy.close();
  await entra.close();
  await azurite.stop();
});

const deletionsIn = ({ url, body }: SeenRequest): number =>
  url.pathname.endsWith('/$batch') ? (body.match(/^DELETE /gm) ?? []).length : 0;
const isRemoval = (request: SeenRequest) => deletionsIn(request) > 1;
const rowsIn = ({ answer, url }: SeenRequest): number =>
  url.pathname.endsWith('()')
    ? ((JSON.parse(answer?.body ?? '{}') as { value?: unknown[] }).value?.length ?? 0)
    : 0;

describe('hundreds of entries of nobody, and as many cooldowns that are over', () => {
  it(
    'are removed by hundreds after the last user is leased, and are gone in the next run',
    async () => {
      const storage = { connectionString: proxy.connectionString };
      const accounts = createTableAccounts(storage);
      const app = createLocalApp(entra, { accounts, sharedState: createTableSharedState(storage) });
      const now = Date.now();
      const user = someUserOf('7');
      await accounts.create(
        sampleActive({
          userId: user,
          lastActivity: new Date(now - HOUR_MS),
          nextCheckAt: new Date(now - 5_000),
        }),
      );
      const longAgo = new Date(now - HOUR_MS);
      const table = TableClient.fromConnectionString(azurite.connectionString, 'accountActivity', {
        allowInsecureConnection: true,
      });
      const putAll = async (entities: { partitionKey: string; rowKey: string; until?: Date }[]) => {
        for (let from = 0; from < entities.length; from += AT_ONCE) {
          const batch = entities.slice(from, from + AT_ONCE);
          await table.submitTransaction(batch.map((entity): TransactionAction => ['create', entity]));
        }
      };
      // All of them come before the user, in the user's own shard.
      await putAll(
        Array.from({ length: MANY }, () => ({
          partitionKey: '7',
          rowKey: dueRowKey(longAgo, someUserOf('7')),
        })),
      );
      await putAll(
        Array.from({ length: MANY }, () => ({
          partitionKey: 'tenants',
          rowKey: `tenant|${randomUUID()}`,
          until: longAgo,
        })),
      );

      proxy.seen.length = 0;
      expect(await app.sweep({ runForMs: PATIENCE_MS }, AbortSignal.timeout(PATIENCE_MS))).toMatchObject({
        due: MANY + 1,
        claimed: 1,
        brokenOff: 0,
      });
      const removals = proxy.seen.filter(isRemoval);
      expect(removals.map(deletionsIn)).toEqual(Array((2 * MANY) / AT_ONCE).fill(AT_ONCE));
      expect(proxy.seen.filter(({ method }) => method === 'DELETE')).toEqual([]);
      const leased = proxy.seen.findIndex(({ body }) => body.includes(encodeURIComponent(userRowKey(user))));
      expect(leased).toBeGreaterThan(0);
      expect(leased).toBeLessThan(proxy.seen.findIndex(isRemoval));

      proxy.seen.length = 0;
      await app.sweep({ runForMs: PATIENCE_MS }, AbortSignal.timeout(PATIENCE_MS));
      expect(proxy.seen.filter(isRemoval)).toEqual([]);
      expect(proxy.seen.reduce((sum, request) => sum + rowsIn(request), 0)).toBe(0);
      expect(shardOf(user)).toBe('7');
    },
    PATIENCE_MS,
  );
});
