import type { TableClient } from '@azure/data-tables';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { createTableAccounts } from '../../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { ConflictError } from '../../../../../shared/errors.ts';
import type { Account, AccountStore, DueRow } from '../../../../../shared/ports.ts';
import {
  dueRowKey,
  dueUpperBound,
  partsOf,
  shardOf,
  type UserId,
  userRowKey,
  userRowKeyRange,
} from '../../../../../shared/userId.ts';
import { claimOf, dueRowOf, dueRowsOf, see } from '../../../../support/accountStoreUnderTest.ts';
import { openAzuriteAccounts } from '../../../../support/azuriteAccounts.ts';
import { BUSY, expectOutage, FORBIDDEN } from '../../../../support/azuriteFaults.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';
import { sampleAccount, someUser, someUserOf, TENANT } from '../../../../support/sampleAccount.ts';

const DUE = new Date('2026-11-20T09:00:00Z');
const LATER = new Date('2026-11-20T10:00:00Z');
const LEASE = { runId: 'run-1', until: LATER };

const any = () => true;
const isBatch = ({ url }: SeenRequest) => url.pathname.endsWith('/$batch');
const isQuery = ({ url }: SeenRequest) => url.pathname.endsWith('()');
const makesTable = ({ method, url }: SeenRequest) => method === 'POST' && url.pathname.endsWith('/Tables');

describe('The account table', () => {
  let azurite: Azurite;
  let proxy: AzuriteProxy;
  let table: TableClient;
  let dueRowKeys: () => Promise<string[]>;
  let store: AccountStore;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startAzuriteProxy(azurite, 'table');
    const opened = openAzuriteAccounts(azurite);
    ({ table, dueRowKeys } = opened);
    const { connectionString } = proxy;
    store = createTableAccounts({ connectionString, tableName: opened.tableName, pageSize: 2 });
  });
  afterEach(() => proxy.close());

  const rowOf = (userId: UserId) => table.getEntity(shardOf(userId), userRowKey(userId));

  describe('rows', () => {
    it('has the columns of the design', async () => {
      const account = await store.create(sampleAccount({ state: 'needs-user' }));
      const { userId } = account;
      const { tid, oid } = partsOf(userId);
      expect(await rowOf(userId)).toMatchObject({
        partitionKey: shardOf(userId),
        rowKey: `user|${tid}_${oid}`,
        accountCacheKey: userId,
        accountIdentifier: account.homeAccountId,
        accountObjectId: oid,
        accountTenantId: tid,
        userPrincipalName: account.userPrincipalName,
        lastActivity: account.lastActivity,
        failedToAcquireToken: true,
        state: 'needs-user',
        generation: account.generation,
        dueAt: account.dueAt,
        runId: account.runId,
        attempts: 3,
        lastRefreshed: account.lastRefreshed,
        expiresOn: account.expiresOn,
        refreshTokenExpiresOn: account.refreshTokenExpiresOn,
      });
    });

    it('derives from the state whether a token could not be had', async () => {
      const account = await store.create(sampleAccount({ state: 'needs-user' }));
      await store.move(account, { ...account, state: 'active' });
      expect(await rowOf(account.userId)).toMatchObject({ failedToAcquireToken: false });
    });

    it('has nothing personal left in a tombstone', async () => {
      const account = await store.create(sampleAccount());
      await store.move(account, { ...account, state: 'disconnected' });
      const { 'odata.metadata': _, ...row } = await rowOf(account.userId);
      expect(Object.keys(row).sort()).toEqual(
        ['dueAt', 'etag', 'lastActivity', 'partitionKey', 'rowKey', 'runId', 'state', 'timestamp'].sort(),
      );
    });

    it('keeps the columns of a later version in a move', async () => {
      const account = await store.create(sampleAccount());
      const partitionKey = shardOf(account.userId);
      await table.updateEntity({ partitionKey, rowKey: userRowKey(account.userId), later: 'kept' }, 'Merge');
      const current = (await store.read(account.userId)) as Account;
      await store.move(current, { ...current, dueAt: LATER });
      expect(await rowOf(account.userId)).toMatchObject({ later: 'kept' });
    });

    it('tells how far the service is ahead of this machine, once it has answered', async () => {
      const { store: fresh } = openAzuriteAccounts(azurite);
      expect(fresh.clockAheadMs?.()).toBeUndefined();
      await fresh.read(someUser());
      // A Date has whole seconds.
      expect(Math.abs(fresh.clockAheadMs?.() ?? Number.NaN)).toBeLessThan(5_000);
    });

    it('sets a damaged account aside, where no run meets it, until it is written anew', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      const partitionKey = shardOf(account.userId);
      const rowKey = userRowKey(account.userId);
      await table.updateEntity({ partitionKey, rowKey, lastActivity: 'yesterday' }, 'Merge');
      const due = (await dueRowOf(store, account.userId)) as DueRow;
      expect(await store.claim(due, LEASE)).toBe('damaged');
      expect(await dueRowOf(store, account.userId)).toBeUndefined();
      expect(await table.getEntity(partitionKey, rowKey)).toMatchObject({ lastActivity: 'yesterday' });
      const damaged = await store.read(account.userId);
      expect(damaged).toMatchObject({ damaged: true, generation: account.generation });
      expect(await Array.fromAsync(store.list(partitionKey))).toMatchObject([{ damaged: true }]);
      if (damaged === undefined) throw new Error('the account is gone');
      const whole = await store.move(damaged, sampleAccount({ userId: account.userId, dueAt: DUE }));
      expect(whole).not.toHaveProperty('damaged');
      expect(await dueRowOf(store, account.userId)).toBeDefined();
      const rows = await Array.fromAsync(table.listEntities());
      expect(rows.map((row) => row.rowKey?.split('|')[0]).sort()).toEqual(['due', 'user']);
    });

    it('reads and claims a row whose columns make no sense', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      await table.updateEntity(
        {
          partitionKey: shardOf(account.userId),
          rowKey: userRowKey(account.userId),
          state: 'of-a-later-version',
          expiresOn: 42,
          attempts: 'many',
          failure: '{"kind":"unheard-of"',
          history:
            '[null,{"at":"never","outcome":"refreshed"},{"at":"2026-11-20T07:00:00Z","outcome":"from-cache"}]',
        },
        'Merge',
      );
      const leased = await claimOf(store, (await dueRowOf(store, account.userId)) as DueRow, LEASE);
      expect(leased?.account).toMatchObject({
        state: 'needs-user',
        lastActivity: account.lastActivity,
        expiresOn: undefined,
        attempts: 0,
        failure: undefined,
        history: [{ at: new Date('2026-11-20T07:00:00Z'), outcome: 'from-cache' }],
      });
    });
  });

  describe('moves', () => {
    it('makes the table once, when it is first missed', async () => {
      expect(await store.read(someUser())).toBeUndefined();
      expect(await dueRowsOf(store, '0')).toEqual([]);
      expect(proxy.seen.filter(makesTable)).toHaveLength(0);
      await store.create(sampleAccount());
      await store.create(sampleAccount());
      expect(proxy.seen.filter(makesTable)).toHaveLength(1);
    });

    it('does not remember that the table could not be made', async () => {
      const account = sampleAccount();
      proxy.next(makesTable, FORBIDDEN);
      await expectOutage(store.create(account), account.userId, 'AuthorizationFailure');
      await Promise.all(Array.from({ length: 5 }, () => store.create(sampleAccount())));
      expect(await dueRowKeys()).toHaveLength(5);
    });

    it('moves a user whose due row is missing', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      await table.deleteEntity(shardOf(account.userId), dueRowKey(DUE, account.userId));
      const moved = await store.move(account, { ...account, dueAt: LATER });
      expect(await store.read(account.userId)).toEqual(moved);
      expect(await dueRowKeys()).toEqual([dueRowKey(LATER, account.userId)]);
    });

    it('does not move on a stale read because the due row is missing', async () => {
      const stale = await store.create(sampleAccount({ dueAt: DUE }));
      await table.deleteEntity(shardOf(stale.userId), dueRowKey(DUE, stale.userId));
      await see(store, stale.userId, LATER);
      await table.deleteEntity(shardOf(stale.userId), dueRowKey(DUE, stale.userId));
      const current = await store.read(stale.userId);
      await expect(store.move(stale, { ...stale, dueAt: LATER })).rejects.toThrow(ConflictError);
      expect(await store.read(stale.userId)).toEqual(current);
      expect(await dueRowKeys()).toEqual([]);
    });

    it('tries again when the service is busy', async () => {
      proxy.next(isBatch, BUSY);
      proxy.next(isBatch, BUSY);
      const account = await store.create(sampleAccount());
      proxy.next(any, BUSY);
      expect(await store.read(account.userId)).toEqual(account);
    });
  });

  describe('lists', () => {
    it.each([
      ['everybody', undefined],
      ['one tenant', TENANT],
    ])('asks for the rows of %s in one partition, and for nothing else', async (_, tid) => {
      for (let n = 0; n < 3; n += 1) await store.create(sampleAccount({ userId: someUserOf('0', TENANT) }));
      proxy.seen.length = 0;
      expect(await Array.fromAsync(store.list('0', tid))).toHaveLength(3);
      expect(proxy.seen.length).toBeGreaterThan(1);
      const { from, to } = userRowKeyRange(tid);
      for (const { url } of proxy.seen) {
        expect(url.searchParams.get('$top')).toBe('2');
        expect(url.searchParams.get('$filter')).toBe(
          `PartitionKey eq '0' and RowKey ge '${from}' and RowKey lt '${to}'`,
        );
      }
    });

    it('pass over rows that are not of a user', async () => {
      const account = await store.create(sampleAccount({ userId: someUserOf('0', TENANT) }));
      for (const rowKey of ['user|', `user|${TENANT}`, `user|${TENANT}_somebody`, 'user|somebody_else']) {
        await table.createEntity({ partitionKey: '0', rowKey });
      }
      expect(await Array.fromAsync(store.list('0'))).toEqual([account]);
      expect(await Array.fromAsync(store.list('0', TENANT))).toEqual([account]);
    });
  });

  describe('what is due', () => {
    it('asks for one partition and a range of row keys, and for nothing else', async () => {
      const now = new Date('2026-11-20T09:30:00.500Z');
      const { userId } = await store.create(sampleAccount({ dueAt: DUE }));
      const others = Array.from({ length: 60 }, () => sampleAccount({ dueAt: DUE }));
      for (const other of others.filter((one) => shardOf(one.userId) === shardOf(userId)))
        await store.create(other);
      proxy.seen.length = 0;
      for await (const _ of store.due(shardOf(userId), now));
      expect(proxy.seen.length).toBeGreaterThan(0);
      expect(proxy.seen.every(isQuery)).toBe(true);
      for (const { url } of proxy.seen) {
        expect(url.searchParams.get('$top')).toBe('2');
        expect(url.searchParams.get('$filter')).toBe(
          `PartitionKey eq '${shardOf(userId)}' and RowKey ge 'due|' and RowKey lt '${dueUpperBound(now)}'`,
        );
      }
    });

    it('reads on after an empty page that is not the last', async () => {
      const account = await store.create(sampleAccount({ dueAt: DUE }));
      const shard = shardOf(account.userId);
      proxy.next(isQuery, {
        status: 200,
        headers: {
          'content-type': 'application/json;odata=minimalmetadata',
          'x-ms-continuation-NextPartitionKey': shard,
          'x-ms-continuation-NextRowKey': 'due|',
        },
        body: '{"value":[]}',
      });
      expect((await dueRowsOf(store, shard)).map(({ userId }) => userId)).toEqual([account.userId]);
    });

    it('reads a page only when the one before it is used up', async () => {
      const first = sampleAccount({ dueAt: DUE });
      await store.create(first);
      const shard = shardOf(first.userId);
      const rows = Array.from({ length: 5 }, (_, n) => `due|2026-11-20T09:00:0${n}Z|${'0'.repeat(n + 1)}`);
      for (const rowKey of rows) await table.createEntity({ partitionKey: shard, rowKey });
      proxy.seen.length = 0;
      for await (const _ of store.due(shard, LATER)) break;
      expect(proxy.seen.filter(isQuery)).toHaveLength(1);
    });
  });
});
