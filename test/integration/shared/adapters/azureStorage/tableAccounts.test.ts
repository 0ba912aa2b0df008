import type { TableClient } from '@azure/data-tables';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Azurite, startAzurite } from '../../../../../dev/azurite.ts';
import { dueAt, type Stored } from '../../../../../shared/account/account.ts';
import { ended, leased } from '../../../../../shared/account/transitions.ts';
import type { AccountStore } from '../../../../../shared/accountStore.ts';
import {
  dueRowKey,
  dueRowKeyRange,
  userRowKey,
  userRowKeyRange,
} from '../../../../../shared/adapters/azureStorage/rowKeys.ts';
import { createTableAccounts } from '../../../../../shared/adapters/azureStorage/tableAccounts.ts';
import { SHARDS, shardOf } from '../../../../../shared/adapters/shards.ts';
import { ConflictError } from '../../../../../shared/errors.ts';
import type { TestClock } from '../../../../../shared/testing/testClock.ts';
import { partsOf, type UserId } from '../../../../../shared/userId.ts';
import {
  type AccountStoreUnderTest,
  auditAll,
  claimAll,
  entriesOf,
  LEASE_MS,
  minutesFrom,
  NOW,
  see,
} from '../../../../support/accountStoreUnderTest.ts';
import { openAzuriteAccounts } from '../../../../support/azuriteAccounts.ts';
import { BUSY, expectOutage, FORBIDDEN, until } from '../../../../support/azuriteFaults.ts';
import { type AzuriteProxy, type SeenRequest, startAzuriteProxy } from '../../../../support/azuriteProxy.ts';
import {
  LEASE,
  sampleActive,
  sampleNeedsUser,
  sampleTombstone,
  someUser,
  someUserOf,
  TENANT,
} from '../../../../support/sampleAccount.ts';

const LATER = minutesFrom(60);
const EARLIER = minutesFrom(-60);

const any = () => true;
const isBatch = ({ url }: SeenRequest) => url.pathname.endsWith('/$batch');
const isQuery = ({ url }: SeenRequest) => url.pathname.endsWith('()');
const makesTable = ({ method, url }: SeenRequest) => method === 'POST' && url.pathname.endsWith('/Tables');

describe('The account table', () => {
  let azurite: Azurite;
  let proxy: AzuriteProxy;
  let table: TableClient;
  let index: AccountStoreUnderTest['index'];
  let clock: TestClock;
  let store: AccountStore;
  beforeAll(async () => {
    azurite = await startAzurite();
  });
  afterAll(() => azurite.stop());
  beforeEach(async () => {
    proxy = await startAzuriteProxy(azurite, 'table');
    const opened = openAzuriteAccounts(azurite);
    ({ table, index, clock } = opened);
    const { connectionString } = proxy;
    store = createTableAccounts({ connectionString, tableName: opened.tableName, pageSize: 2, clock });
  });
  afterEach(() => proxy.close());

  const keysOf = (userId: UserId) => ({ partitionKey: shardOf(userId), rowKey: userRowKey(userId) });
  const rowOf = (userId: UserId) => table.getEntity(shardOf(userId), userRowKey(userId));
  const edit = (userId: UserId, columns: object) =>
    table.updateEntity({ ...keysOf(userId), ...columns }, 'Merge');
  const kindsOfRows = async () =>
    (await Array.fromAsync(table.listEntities())).map((row) => row.rowKey?.split('|')[0]).sort();

  describe('rows', () => {
    it('has the columns of the design', async () => {
      const sample = sampleNeedsUser({ lease: LEASE });
      const { userId } = await store.create(sample);
      const { tid, oid } = partsOf(userId);
      expect(await rowOf(userId)).toMatchObject({
        partitionKey: shardOf(userId),
        rowKey: `user|${tid}_${oid}`,
        accountCacheKey: userId,
        accountIdentifier: sample.homeAccountId,
        accountObjectId: oid,
        accountTenantId: tid,
        userPrincipalName: sample.userPrincipalName,
        lastActivity: sample.lastActivity,
        failedToAcquireToken: true,
        state: 'needs-user',
        generation: sample.generation,
        dueAt: LEASE.until,
        runId: LEASE.runId,
        nextCheckAt: sample.nextCheckAt,
        attempts: 0,
        lastRefreshed: sample.lastRefreshed,
        expiresOn: sample.expiresOn,
        refreshTokenExpiresOn: sample.refreshTokenExpiresOn,
      });
    });

    it('says in a column of its own whether a token could not be obtained', async () => {
      const account = await store.create(sampleNeedsUser());
      await store.update(account, sampleActive({ userId: account.userId }));
      expect(await rowOf(account.userId)).toMatchObject({ failedToAcquireToken: false });
    });

    it('has nothing of the person left in a tombstone', async () => {
      const account = await store.create(sampleActive());
      await edit(account.userId, { later: 'personal' });
      const current = (await store.read(account.userId)) as Stored;
      await store.update(current, ended(account.userId, 'disconnected', NOW));
      const { 'odata.metadata': _, ...row } = await rowOf(account.userId);
      expect(Object.keys(row).sort()).toEqual(
        ['dueAt', 'etag', 'lastActivity', 'partitionKey', 'rowKey', 'runId', 'state', 'timestamp'].sort(),
      );
    });

    it('keeps the columns of a later version through changes, leases and repairs', async () => {
      const sample = sampleActive({ nextCheckAt: EARLIER });
      const { userId } = await store.create(sample);
      await edit(userId, { later: 'kept' });
      const [first] = (await claimAll(store)).claimed;
      expect(await rowOf(userId)).toMatchObject({ later: 'kept', nextCheckAt: EARLIER });
      if (first) await store.update(first.account, { ...sample, nextCheckAt: LATER });
      expect(await rowOf(userId)).toMatchObject({ later: 'kept', nextCheckAt: '' });
      await index.drop(userId, LATER);
      expect((await auditAll(store)).findings).toEqual([{ userId, found: 'repaired' }]);
      expect(await rowOf(userId)).toMatchObject({ later: 'kept', history: JSON.stringify(sample.history) });
    });

    it('tells how far the service is ahead of this machine, once it has answered', async () => {
      const { store: fresh } = openAzuriteAccounts(azurite);
      expect(fresh.clockAheadMs?.()).toBeUndefined();
      await fresh.read(someUser());
      // A Date has whole seconds.
      expect(Math.abs(fresh.clockAheadMs?.() ?? Number.NaN)).toBeLessThan(5_000);
    });

    it('reads and leases a row whose columns make no sense', async () => {
      const { userId, lastActivity, ...sample } = sampleActive({ nextCheckAt: EARLIER });
      await store.create({ userId, lastActivity, ...sample });
      await edit(userId, {
        state: 'of-a-later-version',
        expiresOn: 42,
        attempts: 'many',
        failure: '{"kind":"unheard-of"',
        history:
          '[null,{"at":"never","outcome":"refreshed"},{"at":"2026-11-20T07:00:00Z","outcome":"from-cache"}]',
      });
      const [first] = (await claimAll(store)).claimed;
      expect(first?.account).toMatchObject({
        state: 'needs-user',
        lastActivity,
        failure: { kind: 'needs-user', code: 'unknown_state', at: lastActivity },
        history: [{ at: new Date('2026-11-20T07:00:00Z'), outcome: 'from-cache' }],
      });
      expect(first?.account).not.toHaveProperty('expiresOn');
    });

    it.each(['', 'soon', 7])('finds an account again whose next check is at %j', async (at) => {
      const { userId } = await store.create(sampleActive({ nextCheckAt: LATER }));
      await edit(userId, { dueAt: at });
      expect((await auditAll(store)).findings).toEqual([{ userId, found: 'repaired' }]);
      const { claimed } = await claimAll(store);
      expect(claimed).toMatchObject([{ account: { userId }, dueSince: new Date(0) }]);
      expect(await rowOf(userId)).toMatchObject({ dueAt: new Date(NOW.getTime() + LEASE_MS) });
      clock.advance(2 * LEASE_MS + 3_600_000);
      expect((await claimAll(store, { runId: 'run-2' })).claimed).toMatchObject([{ account: { userId } }]);
      expect(await index.entries()).toHaveLength(1);
    });
  });

  describe('a damaged account', () => {
    async function damaged(sample = sampleActive({ nextCheckAt: EARLIER })) {
      const { userId } = await store.create(sample);
      await edit(userId, { lastActivity: 'yesterday' });
      return userId;
    }

    it('is set aside, where no run meets it, and stays as it is', async () => {
      const userId = await damaged();
      const before = await rowOf(userId);
      const { claimed, findings } = await claimAll(store);
      expect(claimed).toEqual([]);
      expect(findings).toEqual([{ userId, found: 'damaged' }]);
      expect(await claimAll(store)).toEqual({ claimed: [], findings: [] });
      expect(await index.entries()).toEqual([]);
      expect(await kindsOfRows()).toEqual(['damaged', 'user']);
      const { etag: _, timestamp: __, ...kept } = before;
      expect(await rowOf(userId)).toMatchObject(kept);
      expect(await store.read(userId)).toMatchObject({ state: 'damaged', was: 'connected' });
      expect(await Array.fromAsync(store.list())).toMatchObject([{ state: 'damaged', userId }]);
    });

    it('is counted by an audit, which restores nothing', async () => {
      await damaged();
      await store.create(sampleActive({ nextCheckAt: LATER }));
      await claimAll(store);
      expect(await auditAll(store)).toMatchObject({ connected: 1, damaged: 1, findings: [] });
    });

    it('remembers that the user had disconnected', async () => {
      const sample = sampleTombstone({ state: 'disconnected', nextCheckAt: EARLIER });
      const { userId } = await store.create(sample);
      await edit(userId, { lastActivity: '' });
      expect(await store.read(userId)).toMatchObject({ state: 'damaged', was: 'disconnected' });
    });

    it.each([
      'before',
      'after',
    ])('is whole again once it is written anew, %s a run has met it', async (when) => {
      const userId = await damaged();
      if (when === 'after') await claimAll(store);
      const account = (await store.read(userId)) as Stored;
      const whole = await store.update(account, sampleActive({ userId, nextCheckAt: LATER }));
      expect(await store.read(userId)).toEqual(whole);
      expect(await index.entries()).toEqual(entriesOf([whole]));
      expect(await kindsOfRows()).toEqual(['due', 'user']);
    });

    it.each(['before', 'after'])('leaves nothing when it is erased %s a run has met it', async (when) => {
      const userId = await damaged();
      if (when === 'after') await claimAll(store);
      await store.erase((await store.read(userId)) as Stored);
      expect(await kindsOfRows()).toEqual([]);
    });

    it('is not set aside if the user has come back in the meantime', async () => {
      const userId = await damaged();
      const account = (await store.read(userId)) as Stored;
      const cameBack = Promise.withResolvers<void>();
      proxy.seen.length = 0;
      proxy.next(isBatch, BUSY, cameBack.promise);
      const claiming = claimAll(store);
      await until(() => proxy.seen.some(isBatch));
      const { store: direct } = openSame();
      const whole = await direct.update(account, sampleActive({ userId, nextCheckAt: LATER }));
      cameBack.resolve();
      expect(await claiming).toMatchObject({ claimed: [], findings: [{ userId, found: 'taken' }] });
      expect(await store.read(userId)).toEqual(whole);
      expect(await kindsOfRows()).toEqual(['due', 'user']);
    });
  });

  /** The same table, not through the proxy. */
  function openSame() {
    const { connectionString } = azurite;
    return { store: createTableAccounts({ connectionString, tableName: table.tableName, clock }) };
  }

  describe('changes', () => {
    it('makes the table once, when it is first missed', async () => {
      expect(await store.read(someUser())).toBeUndefined();
      expect(await claimAll(store)).toEqual({ claimed: [], findings: [] });
      expect(await auditAll(store)).toMatchObject({ connected: 0, findings: [] });
      expect(proxy.seen.filter(makesTable)).toHaveLength(0);
      await store.create(sampleActive());
      await store.create(sampleActive());
      expect(proxy.seen.filter(makesTable)).toHaveLength(1);
    });

    it('does not remember that the table could not be made', async () => {
      const account = sampleActive();
      proxy.next(makesTable, FORBIDDEN);
      await expectOutage(store.create(account), account.userId, 'AuthorizationFailure');
      await Promise.all(Array.from({ length: 5 }, () => store.create(sampleActive())));
      expect(await index.entries()).toHaveLength(5);
    });

    it('does not write on a stale read because the entry is missing', async () => {
      const sample = sampleActive();
      const stale = await store.create(sample);
      await see(store, stale.userId, LATER);
      await index.drop(stale.userId, dueAt(stale));
      const current = await store.read(stale.userId);
      const to = { ...sample, nextCheckAt: LATER };
      await expect(store.update(stale, to)).rejects.toThrow(ConflictError);
      expect(await store.read(stale.userId)).toEqual(current);
      expect(await index.entries()).toEqual([]);
    });

    it('tries again when the service is busy', async () => {
      proxy.next(isBatch, BUSY);
      proxy.next(isBatch, BUSY);
      const account = await store.create(sampleActive());
      proxy.next(any, BUSY);
      expect(await store.read(account.userId)).toEqual(account);
    });
  });

  describe('lists', () => {
    it.each([
      ['everybody', undefined],
      ['one tenant', TENANT],
    ])('ask for the rows of %s in each partition, and for nothing else', async (_, tid) => {
      for (let n = 0; n < 3; n += 1) await store.create(sampleActive({ userId: someUserOf('0', TENANT) }));
      proxy.seen.length = 0;
      expect(await Array.fromAsync(store.list({ tid }))).toHaveLength(3);
      const { after, before } = userRowKeyRange(tid);
      const filters = proxy.seen.map(({ url }) => url.searchParams.get('$filter'));
      expect(new Set(filters)).toEqual(
        new Set(
          SHARDS.map(
            (shard) => `PartitionKey eq '${shard}' and RowKey gt '${after}' and RowKey lt '${before}'`,
          ),
        ),
      );
      expect(filters).toHaveLength(SHARDS.length + 1);
      for (const { url } of proxy.seen) expect(url.searchParams.get('$top')).toBe('2');
    });

    it('pass over rows that are not of a user', async () => {
      const account = await store.create(sampleActive({ userId: someUserOf('0', TENANT) }));
      for (const rowKey of ['user|', `user|${TENANT}`, `user|${TENANT}_somebody`, 'user|somebody_else']) {
        await table.createEntity({ partitionKey: '0', rowKey });
      }
      expect(await Array.fromAsync(store.list())).toEqual([account]);
      expect(await Array.fromAsync(store.list({ tid: TENANT }))).toEqual([account]);
      expect(await auditAll(store, 1)).toMatchObject({ connected: 1, findings: [] });
    });
  });

  describe('an audit', () => {
    it('asks for a page of one partition without what it does not need, and for each entry', async () => {
      const accounts: Stored[] = [];
      for (let n = 0; n < 3; n += 1) {
        accounts.push(await store.create(sampleActive({ userId: someUserOf('0'), nextCheckAt: LATER })));
      }
      proxy.seen.length = 0;
      const first = await store.audit({ atMost: 2 });
      expect(first).toMatchObject({ connected: 2, damaged: 0 });
      const queries = proxy.seen.filter(isQuery);
      expect(queries).toHaveLength(1);
      expect(queries[0]?.url.searchParams.get('$top')).toBe('2');
      expect(queries[0]?.url.searchParams.get('$filter')).toMatch(
        /^PartitionKey eq '0' and RowKey gt 'user\|' and RowKey lt 'user}'$/,
      );
      expect(queries[0]?.answer?.body).not.toContain('history');
      const reads = proxy.seen.filter((request) => !isQuery(request)).map(({ url }) => url.pathname);
      const paths = reads.map((path) => decodeURIComponent(path));
      expect(paths).toHaveLength(2);
      for (const path of paths) expect(path).toContain("RowKey='due|");

      proxy.seen.length = 0;
      const second = await store.audit({ from: first.next, atMost: 2 });
      expect(second.connected).toBe(1);
      const last = accounts.map(({ userId }) => userRowKey(userId)).sort()[1];
      expect(proxy.seen.filter(isQuery)[0]?.url.searchParams.get('$filter')).toContain(`RowKey gt '${last}'`);
    });

    it('goes on over pages that are larger than one query may be', async () => {
      await store.create(sampleActive());
      proxy.seen.length = 0;
      expect((await store.audit({ atMost: 5_000 })).next).toBeDefined();
      expect(proxy.seen.filter(isQuery)[0]?.url.searchParams.get('$top')).toBe('1000');
    });

    it('does not repair an account that somebody has changed since the page was read', async () => {
      const sample = sampleActive({ userId: someUserOf('0'), nextCheckAt: LATER });
      const account = await store.create(sample);
      const moved = Promise.withResolvers<void>();
      const isEntryRead = ({ method, url }: SeenRequest) =>
        method === 'GET' && decodeURIComponent(url.pathname).includes("RowKey='due|");
      proxy.next(isEntryRead, BUSY, moved.promise);
      const auditing = auditAll(store);
      await until(() => proxy.seen.some(isEntryRead));
      const current = await openSame().store.update(account, { ...sample, nextCheckAt: minutesFrom(90) });
      moved.resolve();
      expect((await auditing).findings).toEqual([]);
      expect(await store.read(sample.userId)).toEqual(current);
      expect(await index.entries()).toEqual(entriesOf([current]));
    });

    it('does not bring back the entry of an account that was erased since the page was read', async () => {
      const account = await store.create(sampleActive({ userId: someUserOf('0'), nextCheckAt: LATER }));
      const erased = Promise.withResolvers<void>();
      const isEntryRead = ({ method, url }: SeenRequest) =>
        method === 'GET' && decodeURIComponent(url.pathname).includes("RowKey='due|");
      proxy.next(isEntryRead, BUSY, erased.promise);
      const auditing = auditAll(store);
      await until(() => proxy.seen.some(isEntryRead));
      await openSame().store.erase(account);
      erased.resolve();
      expect((await auditing).findings).toEqual([]);
      expect(await index.entries()).toEqual([]);
    });
  });

  describe('what is due', () => {
    const drain = (shard: string) => claimAll(store, { shards: [shard] });

    it('asks for one partition and a range of row keys, and for nothing else', async () => {
      const shard = shardOf(someUser());
      for (let n = 0; n < 3; n += 1) await store.create(sampleActive({ userId: someUserOf(shard) }));
      clock.advance(500);
      proxy.seen.length = 0;
      await drain(shard);
      const queries = proxy.seen.filter(isQuery);
      expect(queries.length).toBeGreaterThan(1);
      for (const { url } of queries) {
        expect(url.searchParams.get('$top')).toBe('2');
        expect(url.searchParams.get('$filter')).toBe(
          `PartitionKey eq '${shard}' and RowKey gt 'due|' and RowKey lt '${dueRowKeyRange(NOW).before}'`,
        );
      }
    });

    it('reads on after an empty page that is not the last', async () => {
      const account = await store.create(sampleActive({ nextCheckAt: EARLIER }));
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
      expect((await drain(shard)).claimed).toMatchObject([{ account: { userId: account.userId } }]);
    });

    it('reads a page only when the one before it is used up', async () => {
      const shard = shardOf(someUser());
      for (let n = 0; n < 7; n += 1) {
        await store.create(sampleActive({ userId: someUserOf(shard), nextCheckAt: EARLIER }));
      }
      proxy.seen.length = 0;
      for await (const _ of store.claimDue({ shard, runId: 'run-1', leaseMs: LEASE_MS })) break;
      // Two pages of two are one group of leases.
      expect(proxy.seen.filter(isQuery)).toHaveLength(2);
      proxy.seen.length = 0;
      expect(await store.dueSince(shard)).toEqual(EARLIER);
      expect(proxy.seen.map(({ url }) => url.searchParams.get('$top'))).toEqual(['1']);
    });

    it('counts what is due with one request', async () => {
      const shard = shardOf(someUser());
      for (let n = 0; n < 5; n += 1) {
        await store.create(sampleActive({ userId: someUserOf(shard), nextCheckAt: EARLIER }));
      }
      proxy.seen.length = 0;
      expect(await store.dueIn?.(shard, 4)).toEqual({ dueSince: EARLIER, count: 4 });
      expect(proxy.seen.map(({ url }) => url.searchParams.get('$top'))).toEqual(['4']);
    });

    it('is busy once the service has asked for fewer requests, although a retry went well', async () => {
      expect(store.isBusy?.()).toBe(false);
      proxy.next(() => true, { status: 503, headers: { 'retry-after-ms': '1' }, body: '' });
      expect(await store.read(someUser())).toBeUndefined();
      expect(store.isBusy?.()).toBe(true);
    });

    it('passes over rows that are not of an entry', async () => {
      const { userId } = await store.create(sampleActive({ nextCheckAt: EARLIER }));
      const shard = shardOf(userId);
      for (const rowKey of ['due|', 'due|2026', `due|2026-11-20T07:00:00Z|${'x'.repeat(73)}`]) {
        await table.createEntity({ partitionKey: shard, rowKey });
      }
      expect(await store.dueSince(shard)).toEqual(EARLIER);
      const { claimed, findings } = await drain(shard);
      expect(claimed).toMatchObject([{ account: { userId } }]);
      expect(findings).toEqual([]);
    });

    it('does not let an entry without a readable time hide the others, and deletes it', async () => {
      const { userId } = await store.create(sampleActive({ nextCheckAt: EARLIER }));
      const shard = shardOf(userId);
      const rowKey = dueRowKey(EARLIER, userId).replace('2026-', '0-');
      await table.createEntity({ partitionKey: shard, rowKey });
      expect(await store.dueSince(shard)).toEqual(NOW);
      const { claimed, findings } = await drain(shard);
      expect(findings).toEqual([{ userId, found: 'taken' }]);
      expect(claimed).toMatchObject([{ account: { userId }, dueSince: EARLIER }]);
      expect(await kindsOfRows()).toEqual(['due', 'user']);
    });

    it('leases what the previous release has leased and abandoned, and finds its time again', async () => {
      const sample = sampleActive({ nextCheckAt: EARLIER });
      const account = await store.create(sample);
      const held = await store.update(account, leased(sample, 'new', minutesFrom(-30)));
      // The previous release takes over: it writes neither another time of the check nor deletes the one that is there.
      const { userId } = held;
      await edit(userId, { runId: 'previous', dueAt: minutesFrom(-10) });
      await index.drop(userId, minutesFrom(-30));
      await index.put(userId, minutesFrom(-10));
      const { claimed, findings } = await claimAll(store, { runId: 'newer' });
      expect(findings).toEqual([]);
      expect(claimed).toMatchObject([
        { account: { userId, nextCheckAt: EARLIER, lease: { runId: 'newer' } }, abandonedBy: 'previous' },
      ]);
    });
  });
});
