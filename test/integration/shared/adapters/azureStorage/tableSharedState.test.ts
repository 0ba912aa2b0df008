import { randomUUID } from 'node:crypto';
import { TableClient } from '@azure/data-tables';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { createTableSharedState } from '../../../../../shared/adapters/azureStorage/tableSharedState.ts';
import type { SharedState } from '../../../../../shared/sharedState.ts';
import type { TestClock } from '../../../../../shared/testing/testClock.ts';
import { createStoreClock, minutesFrom, NOW } from '../../../../support/accountStoreUnderTest.ts';
import { uniqueName } from '../../../../support/azuriteAccounts.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';
import { SUMMARY } from '../../../../support/sharedStateContract.ts';

const LATER = minutesFrom(60);
const EVERY_MS = 45_000;
const writesLastRun = ({ method, url }: SeenRequest) => method !== 'GET' && url.pathname.includes('last');

describe('The shared state in a table', () => {
  let azurite: Azurite;
  let proxy: AzuriteProxy;
  let table: TableClient;
  let clock: TestClock;
  let state: SharedState;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startAzuriteProxy(azurite, 'table');
    clock = createStoreClock();
    const tableName = uniqueName();
    state = createTableSharedState({ connectionString: proxy.connectionString, tableName, clock });
    table = TableClient.fromConnectionString(azurite.connectionString, tableName, {
      allowInsecureConnection: true,
    });
    await table.createTable();
  });
  afterEach(() => proxy.close());

  it('keeps cooldowns where the previous release reads them, and the last run where it does not', async () => {
    const tid = randomUUID();
    await state.cool({ tenant: tid, api: 'token', until: LATER, kind: 'tenant' });
    await state.cool({ tenant: tid, api: 'graph', until: LATER, kind: 'throttled' });
    await state.cool({ tenant: '*', api: 'graph', until: LATER, kind: undefined });
    await state.beginPlan(EVERY_MS);
    await state.runEnded(SUMMARY, { audit: { accounts: 0, connected: 0 } });
    await state.orderRetirement({ order: 'stopped', at: NOW });
    const rows = await Array.fromAsync(table.listEntities());
    expect(rows.map(({ partitionKey, rowKey, until, kind }) => [partitionKey, rowKey, until, kind])).toEqual([
      ['cooldowns', 'graph|*', LATER, undefined],
      ['cooldowns', `graph|${tid}`, LATER, 'throttled'],
      ['runs', 'last', undefined, undefined],
      ['tenants', `tenant|${tid}`, LATER, 'tenant'],
    ]);
  });

  it('passes over rows that are no cooldowns, and deletes those that would never end', async () => {
    const tid = randomUUID();
    const rows = [
      { partitionKey: 'tenants', rowKey: 'tenant|somebody', until: LATER },
      { partitionKey: 'tenants', rowKey: 'tenant|*', until: LATER },
      { partitionKey: 'tenants', rowKey: `tenant|${tid}`, until: 'soon' },
      { partitionKey: 'cooldowns', rowKey: `graph|${tid}` },
    ];
    for (const row of rows) await table.createEntity(row);
    expect(await state.cooling()).toEqual([]);
    await state.runEnded(SUMMARY);
    const left = await Array.fromAsync(table.listEntities());
    expect(left.map(({ rowKey }) => rowKey)).toEqual(['last', 'tenant|*', 'tenant|somebody']);
  });

  it('keeps the columns of a later version', async () => {
    await state.beginPlan(EVERY_MS);
    await table.updateEntity({ partitionKey: 'runs', rowKey: 'last', later: 'kept' }, 'Merge');
    clock.advance(EVERY_MS);
    expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: true });
    await state.runEnded(SUMMARY, { audit: { accounts: 0, connected: 0 } });
    await state.orderRetirement({ order: 'stopped', at: NOW });
    expect(await table.getEntity('runs', 'last')).toMatchObject({ later: 'kept' });
  });

  it.each(['soon', '', 7])('lets somebody begin whose predecessor began at %j', async (begunAt) => {
    await table.createEntity({ partitionKey: 'runs', rowKey: 'last', begunAt });
    expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: true });
    expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: false });
  });

  it.each([
    ['summary', { endedAt: NOW, summary: JSON.stringify({ ...SUMMARY, oldKey: undefined }) }],
    ['end', { endedAt: 'soon', begunAt: NOW }],
  ])('knows since when no run has ended although the %s cannot be read', async (_, row) => {
    await table.createEntity({ partitionKey: 'runs', rowKey: 'last', ...row });
    clock.advance(EVERY_MS);
    expect(await state.silentSince()).toEqual(NOW);
    expect(await table.getEntity('runs', 'last')).not.toHaveProperty('awaitedSince');
  });

  it('begins to count anew if no time can be read, and keeps the rest of the row', async () => {
    const row = { partitionKey: 'runs', rowKey: 'last', endedAt: 'soon', begunAt: '', awaitedSince: 7 };
    await table.createEntity({ ...row, later: 'kept' });
    expect(await state.silentSince()).toEqual(NOW);
    clock.advance(EVERY_MS);
    expect(await state.silentSince()).toEqual(NOW);
    expect(await table.getEntity('runs', 'last')).toMatchObject({ awaitedSince: NOW, later: 'kept' });
  });

  it.each([
    'first',
    'later',
  ])('knows since when no run has ended if the answer is lost, the %s time', async (when) => {
    if (when === 'later') await state.orderRetirement({ order: 'stopped', at: NOW });
    proxy.next(({ method }) => method !== 'GET', 'lost');
    expect(await state.silentSince()).toEqual(NOW);
    clock.advance(EVERY_MS);
    expect(await state.silentSince()).toEqual(NOW);
  });

  it.each([
    'first',
    'later',
  ])('lets nobody begin if the answer is lost, the %s time, and the next one in time', async (when) => {
    if (when === 'later') {
      await state.beginPlan(EVERY_MS);
      clock.advance(EVERY_MS);
    }
    proxy.next(({ method }) => method !== 'GET', 'lost');
    expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: false });
    clock.advance(EVERY_MS);
    expect(await state.beginPlan(EVERY_MS)).toMatchObject({ begun: true });
  });

  it('lets nobody begin if the last run was recorded in the meantime', async () => {
    await state.beginPlan(EVERY_MS);
    clock.advance(EVERY_MS);
    const recorded = Promise.withResolvers<void>();
    proxy.seen.length = 0;
    proxy.next(
      writesLastRun,
      { status: 503, headers: { 'retry-after-ms': '1' }, body: '' },
      recorded.promise,
    );
    const beginning = state.beginPlan(EVERY_MS);
    while (!proxy.seen.some(writesLastRun)) await new Promise((resolve) => setTimeout(resolve, 5));
    await state.runEnded(SUMMARY);
    recorded.resolve();
    expect(await beginning).toMatchObject({ begun: false });
  });
});
