import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../dev/azurite.ts';
import { type Entra, startEntra } from '../../../../dev/entra/startEntra.ts';
import { createTableAccounts } from '../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { createTableSharedState } from '../../../../shared/adapters/azureStorage/tableSharedState.ts';
import { SHARDS } from '../../../../shared/adapters/shards.ts';
import { createLocalApp } from '../../../../shared/testing/localApp.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../support/azuriteProxy.ts';
import { SPA_ORIGIN } from '../../../support/entraClients.ts';
import { sampleActive } from '../../../support/sampleAccount.ts';

/** A store leases no more accounts at once. */
const LEASED_TOGETHER = 4;
const DUE_USERS = 30;
const WAITING_USERS = 60;
const ONE_PARTITION_AND_RANGE = /^PartitionKey eq '[^']+' and RowKey gt '[^']+' and RowKey lt '[^']+'$/;

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

const isQuery = ({ method, url }: SeenRequest) => method === 'GET' && url.pathname.endsWith('()');
const isEntityRead = ({ method, url }: SeenRequest) =>
  method === 'GET' && /PartitionKey=.*RowKey=/.test(decodeURIComponent(url.pathname));
const keyOf = ({ url }: SeenRequest) => /RowKey='(user|due|last)/.exec(decodeURIComponent(url.pathname))?.[1];
const shardOf = ({ url }: SeenRequest): string =>
  /^PartitionKey eq '([^']+)'/.exec(url.searchParams.get('$filter') ?? '')?.[1] ?? '';
const entitiesIn = ({ answer }: SeenRequest): number =>
  (JSON.parse(answer?.body ?? '{}') as { value?: unknown[] }).value?.length ?? 0;

describe('what a sweep reads', () => {
  it('is the entries that are due and the leased accounts, by partition and range alone', async () => {
    const accounts = createTableAccounts({ connectionString: proxy.connectionString, pageSize: 7 });
    const sharedState = createTableSharedState({ connectionString: proxy.connectionString });
    const app = createLocalApp(entra, { accounts, sharedState });
    const at = (ms: number) => new Date(Date.now() + ms);
    // Without a cache they come to a quick end; what is read of the rows is the same.
    const lastActivity = at(-600_000);
    for (let n = 0; n < DUE_USERS; n += 1)
      await accounts.create(sampleActive({ lastActivity, nextCheckAt: at(-5_000) }));
    for (let n = 0; n < WAITING_USERS; n += 1) {
      await accounts.create(sampleActive({ lastActivity, nextCheckAt: at(3_600_000) }));
    }
    await sleep(1_000);
    // Another instance has just begun a run, so this one does not audit.
    await sharedState.beginPlan(0);
    proxy.seen.length = 0;

    expect(await app.sweep()).toMatchObject({
      due: DUE_USERS,
      claimed: DUE_USERS,
      failed: { 'cache-lost': DUE_USERS },
    });
    const queries = proxy.seen.filter(isQuery);
    expect(queries.length).toBeGreaterThan(SHARDS.length);
    for (const { url } of queries) {
      expect(url.searchParams.get('$filter')).toMatch(ONE_PARTITION_AND_RANGE);
    }
    const reads = proxy.seen.filter(isEntityRead);
    // The plan reads one entry of a shard, and the sweep reads all of them.
    const [planned, swept] = [true, false].map((isPlan) =>
      queries.filter(({ url }) => (url.searchParams.get('$top') === '1') === isPlan),
    );
    expect(planned).toHaveLength(SHARDS.length);
    expect(swept?.reduce((sum, query) => sum + entitiesIn(query), 0)).toBe(DUE_USERS);
    expect(reads.filter((read) => keyOf(read) === 'user')).toHaveLength(DUE_USERS);
    expect(reads.filter((read) => keyOf(read) === 'last')).toHaveLength(1);
    expect(reads).toHaveLength(DUE_USERS + 1);
    // A lease for a few accounts of a shard, whichever pages they are on, a settled account each, and the row of the last run. Nothing else writes.
    const dueIn = new Map<string, number>();
    for (const query of swept ?? []) {
      const shard = shardOf(query);
      dueIn.set(shard, (dueIn.get(shard) ?? 0) + entitiesIn(query));
    }
    let leases = 0;
    for (const due of dueIn.values()) leases += Math.ceil(due / LEASED_TOGETHER);
    expect(leases).toBeLessThan(DUE_USERS);
    const writes = proxy.seen.filter((request) => !isQuery(request) && !isEntityRead(request));
    const batches = writes.filter(({ url }) => url.pathname.endsWith('/$batch'));
    expect(batches).toHaveLength(leases + DUE_USERS);
    expect(writes.filter((write) => keyOf(write) === 'last')).toHaveLength(1);
    expect(writes).toHaveLength(leases + DUE_USERS + 1);
  });
});
